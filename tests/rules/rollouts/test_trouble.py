"""Who is notified when records cannot be used, and what may be done without them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.trouble import (
    CERTAIN_SECONDS,
    TOLD_AGAIN_SECONDS,
    Cause,
    Round,
    Trouble,
    Unusable,
    describe_live,
    find_canary,
    find_unmoved,
    follow,
    has_something_to_lose,
    intent_of,
    is_certain,
    is_to_be_told,
    why_it_stays,
)
from canary.rules.targets.live import Live, LiveAlias
from tests.builders import NOON, a_canary, a_live, a_stage, a_target

TOLD = Trouble("orders", Cause.REFUSED, NOON, NOON)


def test_a_trouble_is_reported_at_first_when_its_cause_changes_and_every_half_hour():
    assert is_to_be_told(None, Cause.REFUSED, NOON)
    assert not is_to_be_told(TOLD, Cause.REFUSED, NOON + 60)
    assert is_to_be_told(TOLD, Cause.GONE, NOON + 60)
    assert not is_to_be_told(TOLD, Cause.REFUSED, NOON + TOLD_AGAIN_SECONDS - 60)
    assert is_to_be_told(TOLD, Cause.REFUSED, NOON + TOLD_AGAIN_SECONDS)


def test_a_trouble_begins_once():
    first = follow(None, "orders", Cause.REFUSED, NOON, is_told=False)
    assert first == replace(TOLD, told_at=0.0, is_due=True)
    told = follow(first, "orders", Cause.GONE, NOON + 60, is_told=True)

    assert told == Trouble("orders", Cause.GONE, NOON, NOON + 60)
    untold = follow(told, "orders", Cause.REFUSED, NOON + 120, is_told=False)
    assert untold == replace(told, cause=Cause.REFUSED, is_due=True)
    assert is_to_be_told(untold, Cause.REFUSED, NOON + 180)


def test_five_minutes_make_it_certain():
    assert not is_certain(None, NOON)
    assert not is_certain(TOLD, NOON + CERTAIN_SECONDS - 1)
    assert is_certain(TOLD, NOON + CERTAIN_SECONDS)


@pytest.mark.parametrize(
    ("stage", "running", "phase", "why"),
    [
        (a_stage(), (), None, "the stage has no canary of a rollout"),
        (a_stage(a_canary(overrides={"lambdaAlias": "theirs"})), (), None, "the stage has no canary of a rollout"),
        (a_stage(a_canary(overrides={})), (), None, "the stage has no canary of a rollout"),
        (a_stage(a_canary(100)), (), None, "the canary has every request, so live aliases may have moved already"),
        (a_stage(a_canary(10)), (), Phase.MOVING_BASE, "its promotion has begun, so base may not be whole"),
        (a_stage(a_canary(10)), ("orders",), None, "an execution is running that may be this target's"),
        (a_stage(a_canary(10)), (None,), None, "an execution is running that may be this target's"),
    ],
)
def test_a_canary_stays_unless_taking_it_away_is_right_in_every_phase(stage, running, phase, why):
    assert str(why_it_stays(a_target(), stage, running, phase)).startswith(why)


@pytest.mark.parametrize("percent", [0, 10, 99.9])
def test_a_canary_below_every_request_goes(percent):
    assert why_it_stays(a_target(), a_stage(a_canary(percent)), ("another",), Phase.SHIFTING) is None


def test_a_canary_is_a_rollouts_by_its_alias_override_whatever_else_was_edited():
    edited = a_canary(deployment_id="theirs", overrides={"lambdaAlias": "canary", "colour": "blue"})
    assert find_canary(a_target(), a_stage(edited)) == edited
    assert find_canary(a_target(stage=None), a_stage(edited)) is None
    assert find_canary(a_target(), None) is None


def test_a_canary_or_a_weight_is_something_to_lose():
    target = a_target()
    weighted = LiveAlias("1", {"2": 0.1})
    assert not has_something_to_lose(target, a_live())
    assert has_something_to_lose(target, a_live(stage=a_stage(a_canary())))
    assert has_something_to_lose(target, Live(None, {"orders-read": weighted}, {}))


def test_the_live_state_is_described_with_its_canary_and_aliases():
    live = Live(a_stage(a_canary(10)), {"f": LiveAlias("1", {"2": 0.1})}, {"f": LiveAlias("2")})
    assert describe_live(live) == {
        "deployment": "dep-old",
        "canary_deployment": "dep-new",
        "canary_percent": 10.0,
        "live_aliases": {"f": "1 and 2 at 0.1"},
        "canary_aliases": {"f": "2"},
    }
    assert describe_live(Live(None, {}, {})) == {"live_aliases": {}, "canary_aliases": {}}


def test_live_aliases_that_are_not_at_the_canarys_version_are_to_be_moved_yet():
    live = Live(
        a_stage(), {"f": LiveAlias("1"), "g": LiveAlias("2")}, {"f": LiveAlias("2"), "g": LiveAlias("2"), "h": LiveAlias("3")}
    )
    assert find_unmoved(live) == {"f": "2"}


@pytest.mark.parametrize("target", [a_target(), a_target(stage=None)])
def test_a_canary_tells_what_its_rollout_brings_in(target):
    live = Live(a_stage(), {}, {"f": LiveAlias("2")})
    intent = intent_of(target, a_canary(10), live)
    assert (intent.versions, intent.deployment_id, dict(intent.overrides)) == (
        {"f": "2"},
        "dep-new",
        dict(a_canary().overrides),
    )
    assert intent.alias_variable == (target.stage.alias_variable if target.stage else None)


def test_a_round_reads_back_as_it_was_passed_on():
    part = Round(("orders",), {"orders": TOLD}, Unusable(Cause.GONE, "deleted"))
    assert decode(Round, encode(part)) == part
    assert decode(Round, encode(Round(("orders",)))) == Round(("orders",))
