import json
import shlex
from dataclasses import replace

import pytest

from canary.edge.model import require
from canary.edge.request import parse_advance, parse_operator_call
from canary.rules.judging.absolute import CeilingEvidence
from canary.rules.judging.harm import Harm
from canary.rules.releases.release import Advance
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.report import REPLACEMENT, TASKS, states_entered, summary, usage_of
from canary.rules.rollouts.rollout import StepState, Tally
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from canary_machine.definition import load, states_of, task_names
from demo.controller import function_name
from tests.builders import NOON, a_rollout, a_target

TALLY = Tally(canary_requests=900, canary_bad=12, base_requests=1800, base_bad=2, metrics_requested=300, looks=45, drains=4)
HARM = Harm().plus(nc=900, ec=12, nb=1800, eb=2)


PARK = {"ParkRollout", "Parked", "AdvanceRollout", "BakeOn"}
BETWEEN = {"parked_looks": 12, "advances": 3}


def an_ended(phase, *, target=None, tally=TALLY, **changes):
    return a_rollout(target=target, phase=phase, tally=tally, harm=HARM, step=StepState(index=2), reason="why", **changes)


@pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.ROLLED_BACK])
@pytest.mark.parametrize("target", [a_target(), a_target(stage=None)], ids=["stage", "weights"])
def test_names_only_states_that_the_machine_has(phase, target):
    entered = states_entered(an_ended(phase, target=target))
    assert {*entered} <= {name for name, _ in states_of(load())}


def test_knows_which_states_call_a_function():
    assert {*task_names(load())} - {"ShiftTraffic"} == TASKS


def test_a_promotion_enters_every_state_of_the_good_way():
    watched = an_ended(Phase.PROMOTED, watch=PromotionWatch(0.0, 900.0, looks=2))
    entered = {*states_entered(watched), "ShiftTraffic"}
    recovery = {
        "CanaryRejected",
        "MakeSafe",
        "WhichEnding",
        "SafetySettle",
        "RolledBack",
        "Reverted",
        "NeedsOperator",
        "Refused",
        "Unchanged",
    }
    assert entered == {name for name, _ in states_of(load())} - recovery - PARK - {"VersionActivation", *REPLACEMENT[:2]}


def test_a_rollout_in_several_executions_enters_every_state_of_its_parking():
    entered = {*states_entered(an_ended(Phase.PROMOTED, tally=replace(TALLY, advances=3)))}
    assert entered >= PARK
    assert {*states_entered(an_ended(Phase.PARKED))} & PARK == {"ParkRollout", "Parked"}


def test_looks_in_between_and_advances_cost_calls():
    plain, parked = (usage_of(an_ended(Phase.PROMOTED, tally=replace(TALLY, **more))) for more in ({}, BETWEEN))
    assert parked.lambda_calls - plain.lambda_calls == 12 + 3 * 2
    assert parked.transitions - plain.transitions == 3 * (10 - 1)  # the looks that follow need no bake


def test_waits_for_an_older_rollout_cost_two_calls_each():
    plain, waited = (usage_of(an_ended(Phase.PROMOTED, tally=replace(TALLY, replacements=count))) for count in (0, 3))
    assert waited.lambda_calls - plain.lambda_calls == 3 * 2
    assert waited.transitions - plain.transitions == 3 * 4


def test_waits_for_a_version_cost_a_check_each():
    plain, waited = (usage_of(an_ended(Phase.PROMOTED, tally=replace(TALLY, waits=waits))) for waits in (0, 4))
    assert waited.lambda_calls - plain.lambda_calls == 4
    assert waited.transitions - plain.transitions == 4 * 3


def test_a_promotion_by_weights_has_no_flip():
    entered = states_entered(an_ended(Phase.PROMOTED, target=a_target(stage=None)))
    assert {*states_entered(an_ended(Phase.PROMOTED))} - {*entered} == {"FlipStage", "FlipSettle"}


def test_counts_looks_drains_and_shifts():
    usage = usage_of(an_ended(Phase.PROMOTED))
    assert usage.transitions == 10 + 3 * 45 + 3 * 4 + 3 + 7 + 2
    assert usage.lambda_calls == 3 + 45 + 4 + 3 + 4
    assert usage.metrics_requested == 300
    assert usage.lambda_gb_seconds > 0


def test_a_rollback_counts_three_passes():
    before, after = (usage_of(an_ended(phase)) for phase in (Phase.PROMOTED, Phase.ROLLED_BACK))
    assert after.transitions - before.transitions == (1 + 6 + 2 + 1) - (7 + 2)
    assert after.lambda_calls - before.lambda_calls == 3 - 4


def test_says_the_same_at_every_ending():
    said = summary(an_ended(Phase.ROLLED_BACK, ended_at=NOON + 1234.6), "rolled_back", NOON + 9999)
    assert said.pop("price").startswith("$0.0")
    assert said == {
        "target": "orders",
        "rollout": "run-1",
        "outcome": "rolled_back",
        "reason": "why",
        "requests_harmed": 11,
        "harm_beyond_chance": True,
        "steps": 3,
        "duration_seconds": 1235,
        "notes": [],
    }


def test_says_what_the_caller_labelled_the_rollout_with():
    said = summary(replace(an_ended(Phase.PROMOTED), labels={"commit": "9f3c1e0"}), "promoted", NOON)
    assert said["labels"] == {"commit": "9f3c1e0"}


def test_a_revert_says_which_rollout_it_takes_back():
    revert = a_rollout(phase=Phase.PROMOTED, tally=Tally(drains=5), reverts="run-0", reason="why")
    said = summary(revert, "promoted", NOON)
    assert (said["operation"], said["reverts"], said["steps"]) == ("revert", "run-0", 0)
    assert not {"ShiftTraffic", "EvaluateCanary"} & {*states_entered(revert)}
    assert "operation" not in summary(an_ended(Phase.PROMOTED), "promoted", NOON)


def test_says_that_chance_explains_what_was_harmed():
    chance = Harm().plus(nc=900, ec=3, nb=1800, eb=2)
    said = summary(replace(an_ended(Phase.PROMOTED), harm=chance), "promoted", NOON)
    assert (said["requests_harmed"], said["harm_beyond_chance"]) == (2, False)


def test_a_parked_rollout_says_its_weight_until_when_and_what_to_do():
    said = summary(an_ended(Phase.PARKED, parked_since=NOON, parked_until=NOON + 90_000), Phase.PARKED, NOON)
    assert (said["weight_percent"], said["parked_until"]) == (50.0, "2026-02-01T13:00:00Z")
    advance, abort = shlex.split(said["next_step"]), shlex.split(said["abort"])
    assert advance[:5] == ["aws", "stepfunctions", "start-execution", "--region", "eu-west-1"]
    assert advance[6] == "arn:aws:states:eu-west-1:123456789012:stateMachine:canary-rollout"
    assert require(parse_advance(json.loads(advance[-1]))) == Advance("orders")
    assert abort[:7] == ["aws", "lambda", "invoke", "--region", "eu-west-1", "--function-name", function_name("OperateRollout")]
    assert require(parse_operator_call(json.loads(abort[abort.index("--payload") + 1]))).target == "orders"


@pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.ROLLED_BACK])
def test_a_rollout_that_is_over_has_no_next_step(phase):
    assert not {"weight_percent", "parked_until", "next_step", "abort"} & {*summary(an_ended(phase), phase, NOON)}


def test_a_rollout_that_has_not_ended_has_lasted_until_now():
    assert summary(an_ended(Phase.ROLLING_BACK), "rolled_back", NOON + 60)["duration_seconds"] == 60


def test_a_watch_is_part_of_the_output():
    watch = PromotionWatch(NOON, NOON + 900, metrics={"errors": CeilingEvidence(0.001, 0.011, 1.0, 1.0, 15, 7, 420, 3)})
    told = summary(an_ended(Phase.WATCHING, watch=watch), "watching", NOON)["watch"]
    assert told == {
        "since": "2026-01-31T12:00:00Z",
        "until": "2026-01-31T12:15:00Z",
        "metrics": {"errors": {"minutes": 7, "requests": 420, "bad": 3, "usual": 0.001, "ceiling": 0.011}},
    }
    over = replace(watch, end=WatchEnd.CONDEMNED, ended_at=NOON + 300, reason="why", reverted_by="r", unseen=("no data",))
    told = summary(an_ended(Phase.PROMOTED, watch=over), "promoted", NOON)["watch"]
    assert (told["end"], told["ended_at"], told["reason"]) == ("condemned", "2026-01-31T12:05:00Z", "why")
    assert (told["reverted_by"], told["could_not_see"]) == ("r", ["no data"])
