"""The command under the managed policies of people: deployed as the controller's stack has them, and enforced."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import canary_cli.explaining
import canary_cli.rehearsing
import canary_cli.steering
import canary_cli.watching
from canary.rules.targets.floor import Floor
from canary_cli.app import run
from demo import guest
from demo.controller import register_target
from embedded_aws.embedded import EmbeddedAws
from tests.infra.deployed import by_templates
from tests.infra.templates import listed
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

DUTIES = ("reader", "starter", "operator", "authorizer", "driller")
DRILLERS = DUTIES[:3] + DUTIES[4:]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}],
    }
)
SPARE = {
    *("lambda:InvokeFunction", "s3:GetObject", "dynamodb:GetItem", "states:GetExecutionHistory", "states:ListExecutions"),
    "logs:StopQuery",
}
"""What the console and the AWS CLI show a reader, and the command does not ask for; and the end of a query that is too slow,
which tests/cli/test_logs.py asks for."""

BELOW_FLOOR = [
    *("start", "orders", "--below-floor", "--retry", "--reason", "OPS-7"),
    *("--set", 'steps=[{"weight_percent": 25, "bake_seconds": 60}]'),
]


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with pytest.MonkeyPatch.context() as patched, EmbeddedAws(guest=guest.CONTROLLER) as aws:
        patched.setattr(Rig, "deployer", staticmethod(by_templates))
        rig = Rig(aws, history=False, per_minute=45)
        rig.publish()
        rig.settle(300)
        for duties in ((duty,) for duty in DUTIES):
            create_person(rig, *duties)
        for duty in DUTIES[1:]:
            create_person(rig, "reader", duty)
        create_person(rig)
        create_person(rig, *DRILLERS)
        create_person(rig, *DRILLERS[:-1])
        yield rig


def abort(rig: Rig) -> None:
    """End what is in progress, if anything is."""
    payload = json.dumps({"verb": "abort", "target": "orders"})
    rig.aws.client("lambda").invoke(FunctionName="canary-OperateRollout", Payload=payload)
    rig.settle(600)


def name_of(*duties: str) -> str:
    return "-".join(("person", *duties))


def create_person(rig: Rig, *duties: str) -> None:
    iam = rig.aws.client("iam")
    iam.create_role(RoleName=name_of(*duties), AssumeRolePolicyDocument=TRUST)
    for duty in duties:
        arn = f"arn:aws:iam::123456789012:policy/canary-{duty}-{rig.aws.region}"
        iam.attach_role_policy(RoleName=name_of(*duties), PolicyArn=arn)


@pytest.fixture
def person(rig: Rig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command as someone with these duties and nothing else."""
    waited = [0.0]

    def wait(_seconds: float) -> None:
        rig.settle(30)
        waited[0] += 30

    monkeypatch.setattr(canary_cli.watching, "sleep", wait)
    monkeypatch.setattr(canary_cli.watching, "monotonic", lambda: waited[0])  # a timeout is not this machine's speed
    monkeypatch.setattr(canary_cli.steering, "sleep", lambda _seconds: rig.settle(1))
    monkeypatch.setattr(canary_cli.explaining, "sleep", rig.settle)
    monkeypatch.setattr(canary_cli.rehearsing, "sleep", rig.settle)

    def call(duties: tuple[str, ...], *arguments: str) -> tuple[int, str, str]:
        role = f"arn:aws:iam::123456789012:role/{name_of(*duties)}"
        given = rig.aws.client("sts").assume_role(RoleArn=role, RoleSessionName="person")["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])
        monkeypatch.setenv("AWS_DEFAULT_REGION", rig.aws.region)
        monkeypatch.setenv("AWS_ENDPOINT_URL", rig.aws.endpoint_url)
        rig.aws.permissions.denied.clear()
        capsys.readouterr()
        code = run([*arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def rollout(rig: Rig) -> Iterator[str]:
    """The id of a rollout in its first step."""
    arn = rig.start(retry=True, reason="the test goes on")
    rig.settle(240)
    yield arn.rpartition(":")[2]
    abort(rig)
    assert rig.is_at_rest()


def test_a_reader_sees_everything_and_is_denied_nothing(rig: Rig, rollout: str, person: Any):
    for verb in (
        ["--version"],
        ["status"],
        ["status", "orders"],
        ["doctor", "orders"],
        ["plan", "orders"],
        ["backtest", "orders", "--policy", "fast"],
        ["watch", "orders", "--timeout", "1s"],
        ["explain", "orders", "--minutes"],
        ["explain", f"{rig.controller.machine_arn.replace(':stateMachine:', ':execution:')}:{rollout}"],
        ["history", "orders"],
        ["history", "orders", "--at", "2026-01-31T12:00Z"],
        ["start", "orders", "--dry-run"],
        ["logs", "orders", "--since", "10m"],
    ):
        code, out, err = person(("reader",), *verb)
        assert (code, err) == ({"watch": 6, "start": 3, "doctor": 3, "plan": 3}.get(verb[0], 0), ""), (verb, out, err)
        assert "unread" not in out
        assert "not known" not in out
        assert not rig.aws.permissions.denied
    code, out, _ = person(("reader",), "start", "orders", "--dry-run")
    assert f"refused   target: rollout {rollout} is running on orders" in out
    abort(rig)
    again = ("--retry", "--reason", "the test goes on")
    assert person(("reader",), "start", "orders", "--dry-run", *again)[0] == 0  # at rest the target itself is read
    code, out, err = person(("reader",), "explain", rollout)
    assert (code, err) == (0, ""), out

    permissions, role = rig.aws.permissions, f"arn:aws:iam::123456789012:role/{name_of('reader')}"
    allowed = {action for one in permissions.iam.role(role).statements for action in listed(one.elements["Action"])}
    used = {grant.action for grant in permissions.used if grant.role == role}
    assert allowed - used == SPARE


def test_a_reader_foresees_a_start_on_a_target_at_rest(rig: Rig, person: Any):
    code, out, err = person(("reader",), "start", "orders", "--dry-run", "--retry", "--reason", "the test goes on")

    assert (code, err) == (0, ""), out
    assert "step 1    25 % needs " in out
    assert "open  " not in out  # everything that a start checks was read
    assert not rig.aws.permissions.denied


@pytest.mark.parametrize(
    ("duty", "verbs"),
    [
        ("operator", [["pause", "orders"], ["resume", "orders"], ["note", "ROLLOUT", "x"], ["abort", "orders"]]),
        ("authorizer", [["promote", "orders", "--yes"]]),
    ],
)
def test_each_duty_does_its_verbs(rig: Rig, rollout: str, person: Any, duty: str, verbs: list[list[str]]):
    for verb in verbs:
        code, out, err = person(("reader", duty), *(rollout if word == "ROLLOUT" else word for word in verb))
        assert (code, err) == (0, ""), (verb, out, err)
        assert not rig.aws.permissions.denied


def test_an_operator_aborts_without_the_right_to_read(rollout: str, person: Any):
    code, out, _ = person(("operator",), "abort", "orders")

    assert code == 0
    assert "account not known" in out
    assert f"rollout {rollout} is rolling_back" in out


def test_a_starter_starts(rig: Rig, person: Any):
    code, out, err = person(("reader", "starter"), "start", "orders", "--retry", "--reason", "the test goes on")

    assert (code, err) == (0, ""), out
    assert not rig.aws.permissions.denied
    abort(rig)


def test_a_job_starts_and_writes_its_summary_as_reader_and_starter(rig: Rig, person: Any, tmp_path: Path):
    summary = tmp_path / "summary.md"
    again = ("--retry", "--reason", "the test goes on")
    code, out, err = person(("reader", "starter"), "ci", "orders", *again, "--no-wait", "--summary", str(summary))

    denied = [*rig.aws.permissions.denied]
    abort(rig)

    assert (code, denied) == (0, []), out + err
    assert summary.read_text(encoding="utf-8").startswith("# In progress: ")


def test_only_an_authorizer_starts_below_a_floor_and_the_record_says_who(rig: Rig, person: Any):
    register_target(rig.aws.client, replace(rig.target, floor=Floor(min_steps=2)))
    without = [word for word in BELOW_FLOOR if word != "--below-floor"]
    code, out, _ = person(("reader", "starter"), *without)
    assert (code, "at least 2 are required" in out) == (3, True)
    assert rig.records.read_lock("orders").rollout_id is None
    for duty in ("starter", "operator"):
        assert person(("reader", duty), *BELOW_FLOOR)[0] == 7
        assert rig.records.read_lock("orders").rollout_id is None

    code, out, err = person(("reader", "authorizer"), *BELOW_FLOOR)
    assert (code, err) == (0, ""), out
    assert not rig.aws.permissions.denied
    rollout = rig.records.find(rig.records.read_lock("orders").rollout_id).rollout
    (allowed,) = rollout.actions
    assert (allowed.verb, allowed.reason, rollout.below_floor.reason) == ("start_below_floor", "OPS-7", "OPS-7")
    assert allowed.caller.arn == f"arn:aws:sts::123456789012:assumed-role/{name_of('reader', 'authorizer')}/person"
    abort(rig)
    register_target(rig.aws.client, rig.target)


DRILL = ("drill", "orders", "--stage", "prod", "--confirm", "prod")


@pytest.fixture
def drillable(rig: Rig) -> Iterator[None]:
    """The target allows drills, and its hour was quiet enough."""
    register_target(rig.aws.client, replace(rig.target, drill=True))
    yield
    register_target(rig.aws.client, rig.target)


@pytest.mark.usefixtures("drillable")
def test_a_drill_needs_four_policies_and_what_is_denied_in_it_is_denied_by_its_sessions(rig: Rig, person: Any):
    code, out, err = person(DRILLERS, *DRILL)

    assert code == 0, out + err
    assert out.startswith("drill of orders, stage prod of API ")
    assert "5 passed, 0 failed, 0 not shown" in out
    denied = [*rig.aws.permissions.denied]
    assert {denial.action for denial in denied} == {"apigateway:PATCH"}
    assert {denial.reason for denial in denied} == {"with an explicit deny in a session policy"}


@pytest.mark.usefixtures("drillable")
def test_a_drill_without_its_own_policy_names_it_and_leaves_the_rollout_to_the_controller(rig: Rig, person: Any):
    code, _, err = person(DRILLERS[:-1], *DRILL, "--only", "killed execution")

    assert (code, f"ask for the managed policy canary-driller-{rig.aws.region}" in err) == (7, True), err
    rig.settle(3600)
    assert rig.is_at_rest()


@pytest.mark.parametrize(
    ("duties", "verb", "missing"),
    [
        ((), ["status"], "reader"),
        (("starter",), ["start", "orders"], "reader"),
        (("reader",), ["start", "orders"], "starter"),
        (("reader", "operator"), ["advance", "orders"], "starter"),
        (("reader", "starter"), ["abort", "orders"], "operator"),
        (("reader", "authorizer"), ["pause", "orders"], "operator"),
        (("reader",), ["note", "x", "x"], "operator"),
        (("reader", "operator"), ["promote", "orders", "--yes"], "authorizer"),
        (("reader", "starter"), BELOW_FLOOR, "authorizer"),
        (("reader", "operator"), BELOW_FLOOR, "authorizer"),
    ],
)
def test_a_denial_names_the_managed_policy_to_ask_for(
    rig: Rig, person: Any, duties: tuple[str, ...], verb: list[str], missing: str
):
    code, _, err = person(duties, *verb)

    assert code == 7
    assert f"ask for the managed policy canary-{missing}-{rig.aws.region}, which the controller's stack has" in err
