"""The proof of a call, and what an input claims of who started it."""

import pytest

from canary.edge.proofs import LONGEST_CLAIM, PARENT, started_by
from canary.edge.request import parse_authorizer_call, parse_operator_call, parse_request
from canary.rules.rollouts.actions import StartedBy
from canary.rules.rollouts.proofs import CallerProof

PROOF = {
    "request_id": "0123456789abcdef",
    "credential": "AKIA/20260131/eu-west-1/sts/aws4_request",
    "signed_at": "20260131T120000Z",
    "expires_seconds": 60,
    "signature": "f" * 64,
}
CALL = {"verb": "abort", "target": "orders"}
TOKEN = "IQoJb3JpZ2luX2VjE" + "Az+/=" * 2000


def test_a_proof_is_read_with_and_without_a_session_token():
    call, problems = parse_operator_call({**CALL, "proof": PROOF})
    assert not problems
    assert call.proof == CallerProof(*PROOF.values())

    call, problems = parse_authorizer_call({"verb": "promote", "target": "orders", "proof": {**PROOF, "security_token": TOKEN}})
    assert not problems
    assert call.proof.security_token == TOKEN


@pytest.mark.parametrize("parse", [parse_operator_call, parse_authorizer_call])
def test_a_call_needs_no_proof(parse):
    verb = "promote" if parse is parse_authorizer_call else "abort"
    call, _ = parse({"verb": verb, "target": "orders", "on_behalf_of": " alice\n(on call) "})

    assert (call.proof, call.on_behalf_of) == (None, "alice (on call)")


@pytest.mark.parametrize("part", PROOF)
def test_each_part_is_needed(part):
    _, problems = parse_operator_call({**CALL, "proof": {key: value for key, value in PROOF.items() if key != part}})

    assert [problem.field for problem in problems] == [f"proof.{part}"]


@pytest.mark.parametrize(
    ("part", "value"), [("signature", "S3CRET"), ("security_token", "S3CRET\n"), ("signature", ["S3CRET"])]
)
def test_a_refusal_repeats_no_secret(part, value):
    _, (problem,) = parse_operator_call({**CALL, "proof": {**PROOF, part: value}})

    assert "S3CRET" not in str(problem)
    assert str(problem).startswith(f"proof.{part}: not a s")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, StartedBy("arn:x")),
        ({"on_behalf_of": " alice\n"}, StartedBy("arn:x", claimed="alice")),
        ({"on_behalf_of": 5, PARENT: None}, StartedBy("arn:x")),
        ({PARENT: "arn:parent", "scheduled_at": "2026-01-31T12:00:00Z"}, StartedBy("arn:x", "arn:parent", is_scheduled=True)),
        ({"on_behalf_of": "x" * 999}, StartedBy("arn:x", claimed=f"{'x' * (LONGEST_CLAIM - 1)}…")),
        ("orders", StartedBy("arn:x")),
        (None, StartedBy("arn:x")),
    ],
)
def test_what_an_input_claims_of_who_started_it(given, wanted):
    assert started_by(given, "arn:x") == wanted


def test_a_start_takes_a_claim():
    request, problems = parse_request({"target": "orders", "on_behalf_of": "alice", PARENT: "arn:parent"})

    assert request is not None, problems
