"""The arms compared over the present step, with intervals."""

from dataclasses import replace

from canary.aws.record_items import LookItem
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary_cli.arms.comparing import step_differences
from tests.builders import NOON, a_rollout
from tests.rules.looks.test_folding import ERRORS

START = int(NOON)
BAKING = a_rollout(phase=Phase.SHIFTING, step=StepState(index=0, baking_since=NOON + 30))


def a_look(*minutes):
    numbers = {"minutes": [*minutes], "log_e": 0.0, "log_e_assisted": 0.0, "log_e_by_metric": {}, "step": 0}
    return LookItem("run-1", f"{NOON + 600:.3f}", "CONTINUE", "", numbers)


def a_minute(index, *counts, use="full", metric="errors"):
    return [START + 60 * index, use, {metric: [*counts]}, None]


def test_rest_on_the_minutes_of_the_step_in_which_the_weight_stood_still():
    before, shift = a_minute(0, 60, 60, 540, 0), a_minute(1, 60, 60, 540, 0, use="not_evidence")
    own = [a_minute(index, 60, 6, 540, 27) for index in range(2, 9)]
    found = step_differences(BAKING, [a_look(before, shift, *own)], ERRORS)
    assert abs(found["errors"].estimate - 0.05) < 1e-9
    assert found["errors"].low < 0.05 < found["errors"].high


def test_cover_the_whole_step_after_a_pause_which_moved_the_begin_of_the_bake():
    own = [a_minute(index, 60, 6, 540, 27) for index in range(2, 9)]
    looks = [a_look(a_minute(0, 60, 60, 540, 0), *own)]
    whole = step_differences(replace(BAKING, shifts=(NOON + 30,)), looks, ERRORS)
    resumed = replace(BAKING, shifts=(NOON + 30,), step=StepState(index=0, baking_since=NOON + 30 + 300))
    assert step_differences(resumed, looks, ERRORS) == whole == step_differences(BAKING, looks, ERRORS)


def test_are_none_before_the_bake_and_without_a_minute_to_compare():
    look = a_look(a_minute(2, 0, 0, 540, 27))
    assert step_differences(replace(BAKING, step=StepState()), [look], ERRORS) == {}
    assert step_differences(BAKING, [look], ERRORS) == {}


def test_are_wider_where_bad_requests_come_in_bursts():
    bursty = replace(
        ERRORS,
        history=replace(ERRORS.history, bases={"errors": replace(ERRORS.history.bases["errors"], phi=4.0)}),
    )
    looks = [a_look(*[a_minute(index, 60, 6, 540, 27) for index in range(2, 9)])]
    calm, wide, unknown = (step_differences(BAKING, looks, one)["errors"] for one in (ERRORS, bursty, None))
    assert wide.high - wide.low > calm.high - calm.low
    assert unknown.high - unknown.low <= calm.high - calm.low
