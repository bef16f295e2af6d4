"""How the command proves who calls, and that a verb never depends on it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

import canary_cli.operating
from canary.rules.rollouts.proofs import HEADER, CallerProof
from canary_cli.connection import Connection, Place
from canary_cli.operating import call_function, lines_of_caller
from canary_cli.who.proving import sign
from embedded_aws.faults.calls import Fault, Mode
from tests.proofs import CALLER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

HOST = "sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("token", [None, "to+ken/with=signs"])
def test_the_signature_is_that_of_botocore(token: str | None):
    request = AWSRequest("GET", f"https://{HOST}/?Action=GetCallerIdentity&Version=2011-06-15", {HEADER: "digest"})
    SigV4QueryAuth(Credentials("AKIA", "secret", token), "sts", "eu-west-1", expires=60).add_auth(request)
    [asked] = [{name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}]
    unsigned = CallerProof("r" * 32, asked["X-Amz-Credential"], asked["X-Amz-Date"], 60, "", token or "")

    assert asked["X-Amz-SignedHeaders"] == "host;x-canary-call"
    assert sign(unsigned, "digest", "secret", HOST) == asked["X-Amz-Signature"]


@pytest.mark.parametrize("verb", ["pause", "resume", "abort"])
def test_each_verb_is_proven_and_the_line_for_cloudshell_is_not(ground: Ground, canary: Canary, verb: str):
    walk = ground.walk().shift()
    told = canary(verb, "orders", "--reason", "OPS-1", "--on-behalf-of", "bob")
    walk.look() if verb != "abort" else None
    line = next(line for line in told.out.splitlines() if line.startswith("  aws "))

    assert told.code == 0, told.err
    assert "not proven" not in told.out
    assert '"on_behalf_of": "bob"' in line
    assert "proof" not in line
    if verb != "resume":
        assert [(one.verb, one.caller.arn, one.caller.claimed) for one in walk.record.actions] == [(verb, CALLER, "bob")]


@pytest.mark.parametrize("mode", [Mode.REFUSED, Mode.UNSENT])
def test_a_verb_works_although_sts_does_not_answer_the_command(ground: Ground, canary: Canary, mode: Mode):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault(None, "sts", "GetCallerIdentity", mode))
    told = canary("abort", "orders")

    assert told.code == 0
    assert "orders: who called is recorded as claimed, not proven: AWS " in told.out
    assert (ground.percent, walk.record.actions[0].caller.arn) == (None, None)


def test_a_verb_works_without_credentials_that_could_sign(ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch):
    walk = ground.walk().shift()

    def none(_: Connection) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(Connection, "credentials", property(none))
    told = canary("abort", "orders", "--json")

    assert told.code == 0
    assert told.events[-1]["unproven"] == "Unable to locate credentials"
    assert walk.record.actions[0].caller.arn is None


@pytest.mark.parametrize(
    "reason",
    [
        "proof: STS refuses the proof",
        "proof: unknown field; its fields are verb, target, reason",
        "target: no such target. proof.signature: not a signature; sign again",
    ],
)
def test_a_call_whose_proof_is_refused_is_made_again_without_it(monkeypatch: pytest.MonkeyPatch, reason: str):
    """As by a controller that is one version older, or a clock that is wrong."""
    called: list[dict[str, Any]] = []

    def invoke(_connection: object, _function: str, payload: dict[str, Any]) -> dict[str, Any]:
        called.append(dict(payload))
        return {"target": "orders", **({"answer": "REFUSED", "reason": reason} if "proof" in payload else {"answer": "WAIT"})}

    monkeypatch.setattr(canary_cli.operating, "_invoke", invoke)
    monkeypatch.setattr(canary_cli.operating, "with_proof", lambda payload, **_: {**payload, "proof": {}})
    connection: Any = SimpleNamespace(client=lambda _: None, credentials=None, region="eu-west-1")
    answer = call_function(connection, "canary-OperateRollout", {"verb": "abort"})

    assert called == [{"verb": "abort", "proof": {}}, {"verb": "abort"}]
    assert answer == {"target": "orders", "answer": "WAIT", "unproven": reason}
    assert [*lines_of_caller(answer)] == [f"orders: who called is recorded as claimed, not proven: {reason}"]


def test_a_refusal_for_another_reason_is_not_called_again(monkeypatch: pytest.MonkeyPatch):
    called: list[str] = []

    def invoke(*_: object) -> dict[str, Any]:
        called.append("call")
        return {"answer": "REFUSED", "reason": "the rollout is over; waterproof: yes"}

    monkeypatch.setattr(canary_cli.operating, "_invoke", invoke)
    monkeypatch.setattr(canary_cli.operating, "with_proof", lambda payload, **_: payload)
    connection: Any = SimpleNamespace(client=lambda _: None, credentials=None, region="eu-west-1")

    assert "unproven" not in call_function(connection, "canary-OperateRollout", {"verb": "pause"})
    assert called == ["call"]


def test_a_session_without_credentials_says_so(monkeypatch: pytest.MonkeyPatch):
    connection = Connection(Place(region="eu-west-1"))
    monkeypatch.setattr(connection, "_session", SimpleNamespace(get_credentials=lambda: None))
    with pytest.raises(NoCredentialsError):
        _ = connection.credentials
