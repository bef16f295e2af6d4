"""`canary drill` on the embedded AWS, with guard and sweeper at work."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canary.rules.rollouts.phases import Phase
from canary.rules.targets.target import Metrics
from canary_cli.drilling.exercises import EXERCISES
from canary_cli.drilling.releases import PROMOTING, VARIABLE
from canary_cli.drilling.scores import Result, Score, ScoreSheet, lines_of_sheet
from canary_cli.exits import ExitCode
from demo.controller import register_target
from tests.cli.drilling.conftest import DRILL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.cli.drilling.conftest import Stand

    Canary = Callable[..., Told]
    Waiting = Callable[[Callable[[int], None]], None]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("waiting")]

PAGE = (Path(__file__).parents[3] / "docs" / "drill.md").read_text(encoding="utf-8")
NAMES = [exercise.name for exercise in EXERCISES]
WITH_WEIGHT = 12
"""Waits of five seconds until the canary of an exercise has its weight, and more has not happened yet."""
LATER = {**dict.fromkeys(NAMES, 60), "abort": 30, "killed execution": 30}
"""Waits of five seconds after which an exercise still runs, and more has happened."""


class KilledError(BaseException):
    """The drill's process is gone: nothing of the command runs any more."""


def results_of(told: Told) -> dict[str, str]:
    return {score["exercise"]: score["result"] for score in told.json["scores"]}


def test_all_five_exercises_pass_and_base_is_as_it_was_before(ground: Stand, canary: Canary):
    before = ground.rig.stage["variables"], ground.rig.stage["deploymentId"], ground.rig.aliases()
    told = canary(*DRILL, "--json")

    assert (told.code, told.err) == (ExitCode.DONE, "")
    assert results_of(told) == dict.fromkeys(NAMES, "passed")
    assert (told.json["is_complete"], told.json["left"]) == (True, [])
    after = ground.rig.stage["variables"], ground.rig.stage["deploymentId"], ground.rig.aliases()
    assert after == before
    assert ground.rig.is_at_rest()
    measured = {score["exercise"]: score["seconds"] for score in told.json["scores"]}
    assert measured["abort"]["safe_after"] <= 5
    assert measured["killed execution"]["safe_after"] <= 60
    assert 0 <= measured["needs operator"]["safe_after_refusals"] <= 90  # the sweeper comes each minute
    for score in told.json["scores"]:
        assert score["rollouts"]
        assert all(ground.rig.records.find(one).rollout.is_drill for one in score["rollouts"])
    sheet = ScoreSheet(
        **{
            **{key: value for key, value in told.json.items() if key != "exit_code"},
            "scores": tuple(Score(**{**one, "result": Result(one["result"])}) for one in told.json["scores"]),
        }
    )
    printed = "".join(f"{line}\n" for line in lines_of_sheet(sheet))
    [shown] = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert shown == printed, f"docs/drill.md shows another score sheet:\n{printed}"
    past = canary("history", "orders", "--json").json
    assert (past["drills"], past["rollouts"], past["change_failure_rate"]) == (6, 0, None)
    assert "drills               6, not counted above" in canary("history", "orders").out


def test_whoever_is_on_call_is_paged_once_and_told_that_it_is_a_drill(ground: Stand, canary: Canary):
    connect = ground.aws.client
    queue = connect("sqs").create_queue(QueueName="pages")["QueueUrl"]
    arn = connect("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["canary"], "detail-type": ["Operator Needed"]}
    connect("events").put_rule(Name="pages", EventPattern=json.dumps(pattern))
    connect("events").put_targets(Rule="pages", Targets=[{"Id": "queue", "Arn": arn}])
    told = canary(*DRILL, "--only", "needs operator", "--json")

    [message] = connect("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    detail = json.loads(message["Body"])["detail"]
    assert (told.code, detail["rollout"]) == (ExitCode.DONE, told.json["scores"][0]["rollouts"][0])
    assert detail["labels"] == {"kind": "drill", "exercise": "needs-operator"}


def test_the_judge_sees_the_bad_metric_and_says_so(ground: Stand, canary: Canary):
    told = canary(*DRILL, "--only", "bad metric", "--json")

    (score,) = told.json["scores"]
    rollout = ground.rig.records.find(score["rollouts"][0]).rollout
    assert rollout.phase is Phase.ROLLED_BACK
    assert "canary is worse than base in business_CheckoutFailed" in rollout.reason
    assert told.code == ExitCode.DONE


@pytest.mark.parametrize("ground", [{"per_minute": 0}], indirect=True)
def test_a_stage_without_a_single_request_shows_all_but_a_promotion(canary: Canary):
    told = canary(*DRILL, "--json")

    assert told.code == ExitCode.DONE
    assert results_of(told) == {**dict.fromkeys(NAMES, "passed"), "promotion": "not shown"}, told.out
    assert told.json["scores"][0]["happened"].startswith("the canary had no requests")


@pytest.mark.parametrize("ground", [{"per_minute": 4}], indirect=True)
def test_four_requests_a_minute_are_enough_for_a_promotion(canary: Canary):
    told = canary(*DRILL, "--only", "promotion", "--json")

    assert results_of(told) == {"promotion": "passed"}, told.out


@pytest.mark.parametrize("ground", [{"metrics": Metrics()}], indirect=True)
def test_without_a_business_metric_the_counts_of_the_access_log_go_bad(canary: Canary):
    told = canary(*DRILL, "--only", "bad metric")

    assert (told.code, "of errors: the canary is worse than base in errors" in told.out) == (ExitCode.DONE, True), told.out


@pytest.mark.parametrize("ground", [{"role_arn": None, "metrics": Metrics(), "access_log_group": None}], indirect=True)
def test_what_a_target_cannot_show_is_not_shown_and_says_why(canary: Canary):
    told = canary(*DRILL, "--only", "needs operator", "--only", "bad metric", "--json")

    assert told.code == ExitCode.DONE
    assert results_of(told) == {"needs operator": "not shown", "bad metric": "not shown"}
    assert [score["happened"] for score in told.json["scores"]] == [
        "the target has no role_arn, and only the session of a role can be refused calls",
        "the target is judged on AWS's own metrics alone, which only AWS writes; add an access log or a business metric",
    ]


def test_an_exercise_that_does_not_go_as_expected_fails_and_the_next_one_begins_at_rest(
    ground: Stand, canary: Canary, waiting: Waiting
):
    def forbid(number: int) -> None:
        if number == 1:  # the target's owner changes their mind while the first release is checked
            register_target(ground.aws.client, replace(ground.rig.target, drill=False))

    waiting(forbid)
    told = canary(*DRILL, "--only", "abort", "--only", "killed execution", "--json")

    assert told.code == ExitCode.FAILED
    assert results_of(told)["killed execution"] == "failed"
    assert "does not allow drills" in told.json["scores"][1]["happened"]
    assert ground.rig.is_at_rest()


@pytest.mark.parametrize(("exercise", "at"), [(name, at) for name in NAMES for at in (WITH_WEIGHT, LATER[name])])
def test_a_drill_that_is_killed_leaves_the_stage_to_the_controller(
    ground: Stand, canary: Canary, waiting: Waiting, exercise: str, at: int
):
    def kill(number: int) -> None:
        if number == at:
            raise KilledError

    waiting(kill)
    with pytest.raises(KilledError):
        canary(*DRILL, "--only", exercise)
    ground.rig.settle(2 * 3600)

    assert ground.rig.is_at_rest()
    assert "canarySettings" not in ground.rig.stage
    left = set(ground.rig.stage["variables"]) - {"lambdaAlias"}
    assert left <= ({VARIABLE} if exercise == "promotion" else set())
    ground.rig.publish()
    assert ground.rig.run(policy=PROMOTING).ending == "Promoted"  # nothing is refused any more


@pytest.mark.parametrize("number_of_signal", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_says_what_it_leaves(
    ground: Stand, canary: Canary, waiting: Waiting, number_of_signal: signal.Signals
):
    def interrupt(number: int) -> None:
        if number == WITH_WEIGHT:
            signal.raise_signal(number_of_signal)

    waiting(interrupt)
    told = canary(*DRILL, "--only", "needs operator", "--only", "bad metric", "--json")

    assert (told.code, told.json["is_complete"]) == (ExitCode.DETACHED, False)
    assert results_of(told) == {"needs operator": "not shown", "bad metric": "not shown"}
    (left,) = told.json["left"]
    assert left.startswith("rollout orders-")
    assert left.endswith("which the controller ends by itself: canary watch orders")
    ground.rig.settle(3600)
    assert ground.rig.is_at_rest()
