from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.rollouts.drift_checks import (
    find_drift_in_bake,
    find_drift_since_check,
    find_edits_of_promoted,
    find_harmless_drift,
)
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.targets.live import LiveAlias
from canary.rules.targets.shifters import ShifterKind
from tests.builders import NEW, OLD, OVERRIDES, a_canary, a_live, a_rollout, a_stage, a_target, aliases, an_intent

BAKING = a_rollout(phase=Phase.SHIFTING, step=StepState(index=0))
BY_WEIGHTS = replace(BAKING, target=a_target(stage=None), intent=an_intent(stage=None))


def in_bake(stage=None, *, live=OLD, canary=NEW, percent=10):
    return a_live(stage=stage or a_stage(a_canary(percent)), live=aliases(live), canary=aliases(canary))


def split(percent=10, **moved):
    split_aliases = {name: LiveAlias(OLD[name], {NEW[name]: Decimal(percent) / 100}) for name in OLD}
    return a_live(shifter=ShifterKind.ALIAS, live=aliases(split_aliases, **moved))


@pytest.mark.parametrize("live", [a_live(), a_live(canary=aliases(NEW))])
def test_nothing_has_changed_since_the_check(live):
    assert find_drift_since_check(a_rollout(), live) == ()


def test_nothing_has_changed_since_the_check_of_aliases_alone():
    assert find_drift_since_check(a_rollout(target=a_target(stage=None)), a_live(shifter=ShifterKind.ALIAS)) == ()


@pytest.mark.parametrize(
    ("live", "change"),
    [
        (
            a_live(live=aliases(OLD, orders_read="3")),
            "the live alias of orders-read was moved from version 1 to 3",
        ),
        (
            a_live(live=aliases(OLD, orders_write=LiveAlias("5", {"6": Decimal("0.1")}))),
            "the live alias of orders-write was moved from version 5 to 5 and 6 at 0.1",
        ),
        (a_live(stage=a_stage(deployment_id="dep-3")), "the stage's deployment was changed from dep-old to dep-3"),
        (
            a_live(stage=a_stage(variables=OVERRIDES)),
            'the stage\'s variable lambdaAlias is "canary", which this rollout did not set (it was "live")',
        ),
        (a_live(stage=a_stage(a_canary())), "the stage now has a canary of deployment dep-new"),
    ],
)
def test_reports_what_was_changed_since_the_check(live, change):
    assert find_drift_since_check(a_rollout(), live) == (change,)


def test_reports_a_few_edited_overrides_by_name_and_counts_the_rest():
    many = a_canary(overrides={**OVERRIDES, **{f"v{number:02}": "x" for number in range(13)}})
    told = find_drift_in_bake(BAKING, in_bake(a_stage(many)))
    assert len(told) == 11
    assert told[-1] == "someone else changed 3 more of the canary's overrides"


def test_reports_every_change_since_the_check():
    live = a_live(stage=a_stage(a_canary(), deployment_id="dep-3", variables={}), live=aliases(NEW))
    assert len(find_drift_since_check(a_rollout(), live)) == 5


def test_a_bake_is_as_the_rollout_left_it():
    assert find_drift_in_bake(BAKING, in_bake()) == ()


def test_a_canary_with_all_traffic_is_as_the_rollout_left_it():
    taking_all = replace(BAKING, phase=Phase.TAKING_ALL)
    assert find_drift_in_bake(taking_all, in_bake(percent=100)) == ()
    assert find_drift_in_bake(taking_all, in_bake(percent=10))


@pytest.mark.parametrize(
    ("live", "change"),
    [
        (in_bake(a_stage()), "the stage's canary was removed by someone else"),
        (
            in_bake(a_stage(a_canary(deployment_id="dep-old", overrides={}))),
            "the stage's canary was removed by someone else",
        ),
        (
            in_bake(a_stage(a_canary(deployment_id="dep-old"))),
            "the canary's deployment was changed from dep-new to dep-old by someone else (it has 10 %)",
        ),
        (
            in_bake(a_stage(a_canary(overrides={**OVERRIDES, "extra": "x"}))),
            'the canary\'s override extra was changed from absent to "x" by someone else',
        ),
        (
            in_bake(a_stage(a_canary(overrides={"lambdaAlias": "live"}))),
            'the canary\'s override lambdaAlias was changed from "canary" to "live" by someone else',
        ),
        (in_bake(percent=50), "the canary's weight was changed from 10 % to 50 % by someone else"),
        (in_bake(live={**OLD, "orders-read": "2"}), "the live alias of orders-read was moved from version 1 to 2"),
        (in_bake(canary={**NEW, "orders-read": "1"}), "the canary alias of orders-read was moved from version 2 to 1"),
        (
            in_bake(canary={**NEW, "orders-read": LiveAlias("2", {"1": Decimal("0.5")})}),
            "the canary alias of orders-read was moved from version 2 to 2 and 1 at 0.5",
        ),
        (
            in_bake(a_stage(a_canary(20, deployment_id="dep-theirs", overrides={}))),
            "the stage has a canary that is not this rollout's: deployment dep-theirs at 20 %; left as found",
        ),
        (
            in_bake(a_stage(a_canary(), deployment_id="dep-3")),
            "the stage's deployment is dep-3, which this rollout did not set (it found dep-old); left as found",
        ),
        (
            in_bake(live={**OLD, "orders-read": "9"}),
            "alias orders-read:live points at 9, which this rollout did not set; left as found",
        ),
        (
            in_bake(a_stage(a_canary(), variables={"lambdaAlias": "old"})),
            'the stage\'s variable lambdaAlias is "old", which this rollout did not set (it was "live")',
        ),
    ],
)
def test_reports_what_was_changed_in_a_bake(live, change):
    assert find_drift_in_bake(BAKING, live) == (change,)


OTHER = {"lambdaAlias": "live", "featureX": "on"}


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.SHIFTING, Phase.TAKING_ALL])
def test_another_variable_that_someone_set_stands_in_no_rollouts_way_and_is_reported(phase):
    rollout = replace(BAKING, phase=phase)
    percent = 100 if phase is Phase.TAKING_ALL else 10
    assert find_drift_since_check(rollout, a_live(stage=a_stage(variables=OTHER))) == ()
    live = in_bake(a_stage(a_canary(percent), variables=OTHER))
    assert find_drift_in_bake(rollout, live) == ()
    assert find_harmless_drift(rollout, live) == (
        'someone else changed stage variable featureX from absent to "on"; both arms see it',
    )


def test_a_variable_of_the_release_that_someone_set_at_base_is_a_change():
    overrides = {**OVERRIDES, "featureX": "on"}
    rollout = replace(BAKING, intent=an_intent(overrides=overrides))
    told = ('the stage\'s variable featureX is "on", which this rollout did not set (it was absent)',)
    assert find_drift_since_check(rollout, a_live(stage=a_stage(variables=OTHER))) == told
    live = in_bake(a_stage(a_canary(overrides=overrides), variables=OTHER))
    assert find_drift_in_bake(rollout, live) == told
    assert find_harmless_drift(rollout, live) == ()


def test_a_target_without_a_stage_has_no_variables_that_change():
    assert find_harmless_drift(BY_WEIGHTS, split()) == ()


def test_weights_are_as_the_rollout_left_them():
    assert find_drift_in_bake(BY_WEIGHTS, split()) == ()


def test_nearly_all_stands_for_all_and_for_no_step():
    taking = replace(BY_WEIGHTS, phase=Phase.TAKING_ALL)
    assert find_drift_in_bake(taking, split(100)) == find_drift_in_bake(taking, split(99)) == ()
    assert find_drift_in_bake(taking, split(98)) != ()
    assert find_drift_in_bake(BY_WEIGHTS, split(99)) != ()


def test_a_function_that_the_release_does_not_change_has_no_weights():
    one = replace(BY_WEIGHTS, intent=an_intent(stage=None, versions={**OLD, "orders-write": "6"}))
    assert find_drift_in_bake(one, split(orders_read="1")) == ()
    assert find_drift_in_bake(one, split())[-1] == "the weights of the live alias of orders-read were changed by someone else"


@pytest.mark.parametrize("alias", [LiveAlias("1"), LiveAlias("1", {"2": Decimal("0.5")}), LiveAlias("2")])
def test_reports_which_weights_were_changed(alias):
    changes = find_drift_in_bake(BY_WEIGHTS, split(orders_read=alias))
    assert changes == ("the weights of the live alias of orders-read were changed by someone else",)


def test_tells_of_a_strange_version_behind_the_weights():
    changes = find_drift_in_bake(BY_WEIGHTS, split(orders_read=LiveAlias("1", {"9": Decimal("0.1")})))
    assert changes[0].startswith("alias orders-read:live points at 1 and 9 at 0.1")
    assert changes[1:] == ("the weights of the live alias of orders-read were changed by someone else",)


# A promoted release.

PROMOTED = a_stage(deployment_id="dep-new")


def of_promoted(*, stage=PROMOTED, live=NEW, **moved):
    return find_edits_of_promoted(a_rollout(phase=Phase.WATCHING), a_live(stage=stage, live=aliases(live, **moved)))


def test_a_promoted_release_is_as_the_promotion_left_it():
    assert of_promoted() == ()
    by_weights = replace(BY_WEIGHTS, phase=Phase.WATCHING)
    assert find_edits_of_promoted(by_weights, a_live(shifter=ShifterKind.ALIAS, live=aliases(NEW))) == ()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"orders_read": "1"}, "the live alias of orders-read was moved from version 2 to 1"),
        ({"stage": None}, "the stage is gone"),
        ({"stage": a_stage(deployment_id="dep-9")}, "the stage's deployment was changed from dep-new to dep-9"),
        (
            {"stage": replace(PROMOTED, canary=a_canary(10, deployment_id="dep-9"))},
            "the stage now has a canary of deployment dep-9",
        ),
        (
            {"stage": replace(PROMOTED, variables={"lambdaAlias": "canary"})},
            'the stage\'s variable lambdaAlias was changed from "live" to "canary"',
        ),
    ],
)
def test_what_someone_else_changed_on_a_promoted_release_is_named(changed, sentence):
    assert of_promoted(**changed) == (sentence,)
