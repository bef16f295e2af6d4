"""`canary start`, `advance`, `abort` and `watch`: what they say, and each exit code."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import canary_cli.operating
import canary_cli.returning
import canary_cli.signalling
import canary_cli.steering
import canary_cli.watching
from canary.aws.errors import RecordsRefusedError
from canary.rules.targets.floor import Floor
from canary.rules.targets.policy import Progression
from canary_cli.app import app
from canary_cli.connection import Connection, Place
from canary_cli.controllers import Controller
from canary_cli.exits import CommandError, ExitCode
from canary_cli.following import Follower
from demo.controller import TARGET_PREFIX, register_target
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from canary_cli.following import News
    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
CHAPTER = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## See and steer\n")[2]
SHELL = re.findall(r"^```sh\n(.*?)^```$", PAGE + CHAPTER, re.DOTALL | re.MULTILINE)
EXAMPLES = [
    *dict.fromkeys(
        [
            *(str(command.epilog).removeprefix("Example: ") for command in app.registered_commands),
            *(line for line in "".join(SHELL).splitlines() if line.startswith("canary ")),
        ]
    )
]
"""The README's first ten minutes are run by tests/docs/test_commands.py."""
ELSEWHERE = ("canary dashboard", "canary drill", "canary try")
"""One runs until it is stopped (`test_showing.py`), one needs a target of its own (`drilling`), one an AWS (`tests/laptop`)."""
CALLER = "arn:aws:iam::123456789012:user/embedded"
NEW = ("--function", "orders-read=2", "--function", "orders-write=2")
SMALL = '[{"weight_percent": 25, "bake_seconds": 60}]'


@pytest.fixture(autouse=True)
def at_rest(ground: Ground) -> Iterator[None]:
    """No execution outlives its test."""
    yield
    client = ground.aws.client("stepfunctions")
    running = client.list_executions(stateMachineArn=ground.rig.controller.machine_arn, statusFilter="RUNNING")["executions"]
    for one in running:
        client.stop_execution(executionArn=one["executionArn"])


def test_a_start_below_the_floor_is_refused_and_an_authorizer_may_begin_it_with_a_reason(ground: Ground, canary: Canary):
    register_target(ground.aws.client, replace(ground.rig.target, floor=Floor(min_steps=2)))
    asked = ("start", "orders", *NEW, "--set", f"steps={SMALL}")
    refused, unreasoned = canary(*asked), canary(*asked, "--below-floor", "--json")
    allowed = canary(*asked, "--below-floor", "--reason", "OPS-7")
    needless = canary("start", "orders", "--below-floor", "--reason", "OPS-7")

    assert (refused.code, unreasoned.code, allowed.code, needless.code) == (3, 3, 0, 3)
    assert "floor.min_steps: policy quick (changed) has 1 step, and at least 2 are required" in refused.out
    assert "a start below the floor needs a reason" in unreasoned.error["message"]
    assert "aws lambda invoke --region eu-west-1 --function-name canary-AuthorizeRollout" in allowed.out
    assert "keeps the floor of orders, so no authorizer is needed" in needless.err
    assert ground.rig.records.find(ground.rig.records.read_lock("orders").rollout_id).rollout.below_floor.reason == "OPS-7"


def test_a_repeated_start_below_the_floor_names_the_same_execution(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    """As the command's own retry makes it, after an answer that was lost."""
    register_target(ground.aws.client, replace(ground.rig.target, floor=Floor(min_steps=2)))
    monkeypatch.setattr(Connection, "client", lambda _, service: ground.aws.client(service))
    policy = {"steps": [{"weight_percent": 25, "bake_seconds": 60}]}
    asked = (Connection(Place()), "hotfix-8", {"target": "orders", "reason": "OPS-8", "policy": policy})
    first, second = (canary_cli.operating.start_below_floor(*asked) for _ in range(2))

    assert first == second
    assert first.endswith(":execution:canary-rollout:hotfix-8")
    with pytest.raises(CommandError, match="the name hotfix-8 was used for another start") as refused:
        canary_cli.operating.start_below_floor(*asked[:2], {**asked[2], "reason": "OPS-9"})
    assert refused.value.exit_code is ExitCode.REFUSED


def test_a_repeated_call_whose_execution_has_ended_still_names_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(canary_cli.operating, "call_function", lambda *_: {"answer": "UNCHANGED", "rollout": "hotfix-9"})
    place = "arn:aws:states:eu-west-1:123456789012"
    connection = Connection(Place())
    monkeypatch.setattr(Connection, "controller", Controller(f"{place}:stateMachine:canary-rollout", "", ""))

    named = canary_cli.operating.start_below_floor(connection, "hotfix-9", {"target": "orders", "reason": "OPS-9"})

    assert named == f"{place}:execution:canary-rollout:hotfix-9"


def test_a_good_release_is_watched_to_its_promotion(ground: Ground, canary: Canary):
    told = canary("start", "orders", *NEW, "--set", f"steps={SMALL}", "--reason", "OPS-1", "--watch", "--timeout", "1h")

    assert told.code == 0, told.err
    assert "account 123456789012, Region eu-west-1, target orders" in told.out
    assert f"live      orders-read 1, orders-write 1; deployment {ground.old_deployment}" in told.out
    assert "change    orders-read 1 -> 2" in told.out
    assert "change    policy quick (changed): 25 % for 1 min, then promotion" in told.out
    assert "aws stepfunctions start-execution --region eu-west-1 --state-machine-arn arn:" in told.out
    assert "steps 25 %" in told.out
    assert "the canary has traffic" in told.out
    assert "step 1 of 1 at 25 %: canary " in told.out
    assert ": PROMOTE: " in told.out
    assert "the canary gets all traffic and base drains" in told.out
    assert told.out.splitlines()[-1].startswith("orders: rollout orders-2026")

    again = canary("watch", "orders", "--json")
    assert [event["event"] for event in again.events] == ["look", "ending"]
    assert (again.events[0]["verdict"], again.events[1]["exit_code"], again.code) == ("PROMOTE", 0, 0)
    unchanged = canary("start", "orders", *NEW)
    assert unchanged.code == 0
    assert "unchanged: the release is what base already runs" in unchanged.out


@pytest.mark.slow
def test_a_bad_release_is_watched_to_its_rollback(ground: Ground, canary: Canary):
    ground.rig.publish(FAILING_SHARE=0.9)
    arn = ground.rig.start()
    ground.rig.settle(60)
    told = canary("watch", "orders", "--json", "--timeout", "30m")
    *_, last = told.events

    assert told.code == 4
    assert (last["event"], last["outcome"], last["exit_code"]) == ("ending", "rolled_back", 4)
    assert last["rollout_id"] == arn.rpartition(":")[2]
    assert last["reason"] in {event["reason"] for event in told.events if event.get("verdict") == "ROLL_BACK"}
    assert {event["rollout_id"] for event in told.events} == {last["rollout_id"]}


def test_a_second_start_is_refused_and_says_who_holds_the_target(canary: Canary):
    first = canary("start", "orders", "--json")
    second = canary("start", "orders")

    assert (first.code, second.code) == (0, 3)
    assert first.json["changes"][0] == "orders-read 1 -> the newest published version"
    assert f"rollout {first.json['rollout_id']} is running on orders" in second.out


def test_what_the_input_cannot_mean_is_told_before_anything_is_started(canary: Canary):
    told = canary("start", "orders", "--set", "alpha=7", "--set", "detect.errors=x", "--json")

    assert (told.code, told.out, told.error["code"]) == (2, "", "BadInput")
    assert "policy.alpha" in told.error["message"]
    assert "policy.detect.errors" in told.error["message"]


def test_at_the_timeout_the_rollout_goes_on(ground: Ground, canary: Canary):
    told = canary("start", "orders", "--watch", "--timeout", "90s")

    assert told.code == 6
    assert "still running after 90 s; watch again: canary watch orders --rollout orders-2026" in told.out
    assert ground.percent == 25.0


class Credentials:
    """The credentials of the command's own polls, which may be expired."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.are_expired = False
        poll = Follower.poll

        def checked(follower: Follower, connection: Connection) -> News:
            if self.are_expired:
                refused = RecordsRefusedError("AWS refused `aws dynamodb batch-get-item`: ExpiredTokenException: expired")
                raise refused from refusal("ExpiredTokenException")
            return poll(follower, connection)

        monkeypatch.setattr(Follower, "poll", checked)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Credentials:
    return Credentials(monkeypatch)


def test_a_watch_survives_credentials_that_expire(canary: Canary, credentials: Credentials, monkeypatch: pytest.MonkeyPatch):
    canary("start", "orders")
    wait, waits = canary_cli.watching.sleep, []

    def expire(seconds: float) -> None:
        waits.append(seconds)
        wait(seconds)
        credentials.are_expired = len(waits) in {1, 2}

    monkeypatch.setattr(canary_cli.watching, "sleep", expire)
    told = canary("watch", "orders", "--timeout", "3m", "--json")
    kinds = [event["event"] for event in told.events]

    assert told.code == 6
    assert kinds.count("trouble") == 1
    assert kinds.index("trouble") < kinds.index("look")
    assert kinds[-1] == "timeout"


def test_a_watch_that_cannot_tell_at_its_timeout_says_how_to_resume(
    canary: Canary, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
):
    canary("start", "orders")
    wait = canary_cli.watching.sleep

    def expire(seconds: float) -> None:
        wait(seconds)
        credentials.are_expired = True

    monkeypatch.setattr(canary_cli.watching, "sleep", expire)
    told = canary("watch", "orders", "--timeout", "1m", "--region", "eu-west-1")

    assert told.code == 7
    assert "cannot tell now, and tries again" in told.out
    assert "then watch again: canary watch orders --rollout orders-2026" in told.err
    assert "--region eu-west-1" in told.err


def test_a_watch_that_cannot_begin_ends_at_once(canary: Canary, credentials: Credentials):
    started = canary("start", "orders", "--json").events[0]["rollout_id"]
    credentials.are_expired = True
    told = canary("watch", "orders", "--rollout", started, "--json")

    assert (told.code, told.error["code"]) == (7, "Credentials")
    assert f"canary watch orders --rollout {started}" in told.error["fix"]


def test_a_crash_has_its_own_exit_code_and_no_answer(canary: Canary, monkeypatch: pytest.MonkeyPatch):
    def crash(*_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(Follower, "poll", crash)
    canary_told = canary("start", "orders", "--json")
    assert (canary_told.code, canary_told.error["code"]) == (1, "Crash")
    told = canary("start", "orders", "--watch")

    assert told.code == 1
    assert "LookupError: a bug" in told.err
    assert "Traceback" in told.err


def interrupted(_seconds: float) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_watch_leaves_the_rollout_running(ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch):
    canary("start", "orders")
    ground.rig.settle(60)
    monkeypatch.setattr(canary_cli.watching, "sleep", interrupted)
    told = canary("watch", "orders")

    assert told.code == 130
    assert "detached; the rollout goes on; watch again:\n  canary watch orders --rollout orders-2026" in told.out
    assert ground.percent == 25.0


def test_an_interrupted_watch_aborts_if_it_is_told_to(ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch):
    canary("start", "orders")
    ground.rig.settle(60)
    monkeypatch.setattr(canary_cli.watching, "sleep", interrupted)
    told = canary("watch", "orders", "--on-cancel", "abort")

    assert told.code == 4
    assert "is rolling_back: base gets all traffic" in told.out
    assert ground.percent is None


def test_an_execution_that_still_checks_its_release_is_stopped(ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(canary_cli.watching, "sleep", interrupted)
    told = canary("start", "orders", "--watch", "--on-cancel", "abort", "--json")
    *_, last = told.events

    assert told.code == 4
    assert told.events[1]["event"] == "checking"
    assert last["answer"] == "STOPPED"
    assert ground.rig.records.read_lock("orders").rollout_id is None


@pytest.mark.slow
def test_a_parked_rollout_has_ended_for_its_watcher_and_is_advanced(ground: Ground, canary: Canary):
    policy = replace(ground.rig.target.policy, progression=Progression.SCHEDULED, min_requests=1)
    register_target(ground.aws.client, replace(ground.rig.target, policy=policy))
    told = canary("start", "orders", *NEW, "--watch", "--timeout", "20m")
    assert told.code == 0, told.err
    assert "parked" in told.out.splitlines()[-1]

    advanced = canary("advance", "orders", "--reason", "OPS-2")
    assert advanced.code == 0
    assert "takes step 2 of 2 at 50 %" in advanced.out
    assert ground.rig.records.find(ground.rig.records.read_lock("orders").rollout_id).rollout.step.index == 1


def test_an_advance_without_a_parked_rollout_changes_nothing(canary: Canary):
    told = canary("advance", "orders")

    assert told.code == 0
    assert "change    nothing: no rollout is parked" in told.out
    assert "no rollout is parked on orders" in told.out


def test_a_rollout_that_needs_an_operator_ends_the_watch(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED))
    aborted = canary("abort", "orders", "--json")
    told = canary("watch", "orders")

    assert (aborted.code, aborted.json["answer"], aborted.json["rollout"]) == (5, "REFUSED", walk.rollout_id)
    assert told.code == 5
    assert "needs operator" in told.out


def test_an_abort_takes_the_canary_away_and_says_so(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    told = canary("abort", "orders", "--reason", "it's worse")

    assert told.code == 0
    assert f"change    rollout {walk.rollout_id} is shifting: base gets all traffic, the canary is removed" in told.out
    assert "is rolling_back: base gets all traffic; the target is at rest in 61 s or more" in told.out
    assert ground.percent is None
    assert walk.record.reason == f"aborted by {CALLER}: it's worse"


def test_a_wrong_timeout_is_told_before_anything_is_started(ground: Ground, canary: Canary):
    assert canary("start", "orders", "--watch", "--timeout", "soon").code == 2
    assert canary("advance", "orders", "--watch", "--timeout", "soon").code == 2
    listed = ground.aws.client("stepfunctions").list_executions(
        stateMachineArn=ground.rig.controller.machine_arn, statusFilter="RUNNING"
    )
    assert listed["executions"] == []


def test_a_start_whose_check_cannot_be_followed_says_how_to_watch_it(canary: Canary, credentials: Credentials):
    credentials.are_expired = True
    told = canary("start", "orders")

    assert told.code == 7
    assert "then watch again: canary watch orders --rollout orders-2026" in told.err


def test_an_abort_beyond_the_commit_point_is_refused(ground: Ground, canary: Canary):
    walk = ground.walk().move_base()
    told = canary("abort", "orders")

    assert told.code == 3
    assert f"nothing: rollout {walk.rollout_id} is moving_base, past its commit point" in told.out
    assert "orders: refused: the rollout is past its commit point" in told.out
    assert "canary rollback orders" in told.out


def test_an_abort_does_not_depend_on_what_can_be_read(ground: Ground, canary: Canary):
    ground.walk().shift()
    ground.aws.client("ssm").put_parameter(Name=f"{TARGET_PREFIX}orders", Type="String", Value="{", Overwrite=True)
    ground.aws.faults.add(Fault(None, "ssm", "GetParameter", Mode.REFUSED))
    told = canary("abort", "orders")

    assert told.code == 0
    assert "account not known" in told.out
    assert ground.percent is None


def test_there_may_be_nothing_to_abort_and_nothing_to_watch(canary: Canary):
    aborted = canary("abort", "orders")
    assert aborted.code == 0
    assert "there is nothing to abort" in aborted.out
    assert canary("watch").out == "no rollout is in progress\n"


def test_an_abort_of_an_unknown_target_is_refused(canary: Canary):
    told = canary("abort", "odrers")

    assert told.code == 3
    assert "registered targets: orders" in told.out


def test_a_rollout_that_never_was_cannot_be_watched(canary: Canary):
    told = canary("watch", "orders", "--rollout", "nope")

    assert told.code == 2
    assert "no rollout nope is recorded" in told.err


def test_on_a_terminal_the_status_is_drawn_again(ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch):
    ground.walk().shift()
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    told = canary("watch", "orders", "--timeout", "60s")

    assert told.code == 6
    assert told.out.count("is shifting, step 1 of 2") >= 2
    assert "\x1b[" in told.out


@pytest.mark.parametrize("example", [one for one in EXAMPLES if not one.startswith(ELSEWHERE)])
def test_each_example_of_the_help_and_the_readme_runs(example: str, ground: Ground, canary: Canary):
    known = {"orders-read=7": "orders-read=2", "a1b2c3d4e5": ground.rig.target.stage.rest_api_id}
    for written, ours in known.items():
        example = example.replace(written, ours)
    words = shlex.split(example)[1:]
    told = canary(*[word for word in words if word != "--watch"])

    assert told.code in {0, 3, 4}, told.err  # the release may be refused, and was rolled back last
    assert told.err == ""


def test_the_readme_shows_every_exit_code():
    assert len(EXAMPLES) > len(app.registered_commands)
    assert {int(code) for code in re.findall(r"^\| (\d+) \| ", PAGE, re.MULTILINE)} == {code.value for code in ExitCode}


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["start", "orders", "--reason", "it's time"],
        ["abort", "orders", "--reason", "it's worse"],
        ["rollback", "orders", "--reason", "it's bad"],
        ["revert", "orders", "--to", "r1", "--reason", "it's bad", "--yes"],
        ["pause", "orders", "--reason", "it's late"],
        ["resume", "orders", "--reason", "it's early"],
        ["promote", "orders", "--reason", "it's urgent", "--tolerate-alarm", "it's known", "--yes"],
    ],
)
def test_the_line_for_cloudshell_does_the_same(
    ground: Ground, canary: Canary, arguments: list[str], monkeypatch: pytest.MonkeyPatch
):
    answers: list[str] = []
    for module in (canary_cli.steering,):
        monkeypatch.setattr(module, "start_execution", lambda *_: answers.append("start") or "arn:x")
        monkeypatch.setattr(module, "abort_target", lambda *_: answers.append("abort") or {"answer": "NOTHING_TO_ABORT"})
    monkeypatch.setattr(canary_cli.steering, "await_check", lambda *_: 0)
    for module in (canary_cli.signalling, canary_cli.returning):
        monkeypatch.setattr(module, "call_function", lambda *_: {"answer": "UNCHANGED", "reason": "it is a test"})
    line = next(line for line in canary(*arguments).out.splitlines() if line.startswith("  aws "))
    words = shlex.split(line.strip().removeprefix("aws").strip())
    if "--cli-binary-format" in words:  # an option of version 2 alone, which takes base64 without it
        at = words.index("--cli-binary-format")
        assert words[at : at + 2] == ["--cli-binary-format", "raw-in-base64-out"]
        del words[at : at + 2]
    done = subprocess.run(
        [sys.executable, "-m", "awscli", "--endpoint-url", ground.aws.endpoint_url, *words[1:]],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    nothing = f"NOTHING_TO_{arguments[0].upper()}".replace("ROLLBACK", "ROLL_BACK")
    assert ("executionArn" if arguments[0] == "start" else nothing) in done.stdout
