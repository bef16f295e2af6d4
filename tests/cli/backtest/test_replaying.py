"""How replays end."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.targets.policy import STANDARD, Progression, Step, WhenUnproven
from canary_cli.backtest import alarm_math
from canary_cli.backtest.releases import Fault
from canary_cli.backtest.replaying import Ending, Question, as_replayed, replay_all, replay_seconds
from tests.cli.backtest.pasts import GOOD, NOON, a_start

SHORT = replace(STANDARD, name="short", steps=(Step(Decimal(25), 600), Step(Decimal(50), 600)), max_extension_seconds=600)
LONG_ENOUGH = replay_seconds(SHORT) // 60 + 1


def replayed(fault: Fault, *, policy=SHORT, watched=(), **start):
    [found] = replay_all(
        Question((policy,), (fault,), watched, "errors", lost_share=0.5), [a_start(**{"minutes": LONG_ENOUGH, **start})]
    )
    return found


def test_a_good_release_is_promoted_when_its_bakes_are_over():
    found = replayed(Fault.NONE)
    assert (found.ending, found.policy, found.fault, found.at) == (Ending.PROMOTED, "short", Fault.NONE, NOON + 20.0)
    assert 20 <= found.minutes <= 23


def test_a_good_release_waits_for_an_outage_of_base_and_not_for_a_slow_hour():
    out, slow = ({**GOOD, metric: (600, 60)} for metric in ("errors", "slow_p99"))
    waited, went_on = (replayed(Fault.NONE, counts=counts) for counts in (out, slow))
    assert (waited.ending, went_on.ending) == (Ending.PROMOTED, Ending.PROMOTED)
    assert 20 <= went_on.minutes <= 23
    assert 30 <= waited.minutes <= 34  # until thirty minutes of the rollout were in the outage


@pytest.mark.parametrize("fault", [Fault.FIVE_POINTS, Fault.LOST_ROUTE])
def test_a_bad_one_is_condemned_long_before(fault: Fault):
    found = replayed(fault)
    assert found.ending is Ending.CONDEMNED
    assert found.minutes < 12


def test_an_alarm_that_fires_first_ends_it(monkeypatch: pytest.MonkeyPatch):
    """The shipped alarm takes seven minutes, and so large a fault is condemned before."""
    monkeypatch.setattr(alarm_math, "DATAPOINTS_TO_ALARM", 2)
    blind = replace(SHORT, alpha=1e-300, detect={})
    assert replayed(Fault.FIVE_POINTS, policy=blind).ending is Ending.PROMOTED
    awful = {**GOOD, "client_errors": (6000, 60)}
    assert replayed(Fault.LOST_ROUTE, policy=blind, watched=("client_errors",), counts=awful).ending is Ending.ALARMED
    assert replayed(Fault.NONE, policy=blind, watched=("client_errors",), counts=awful).ending is Ending.PROMOTED


@pytest.mark.parametrize("counts", [{}, {"errors": (4, 0)}], ids=["none", "too few"])
def test_without_enough_requests_it_is_held_after_the_extension(counts: dict[str, tuple[int, int]]):
    found = replayed(Fault.NONE, counts=counts)
    assert found.ending is Ending.UNPROVEN
    assert 20 <= found.minutes <= 23


def test_a_policy_may_promote_what_was_not_proven():
    policy = replace(SHORT, when_unproven=WhenUnproven.PROMOTE)
    assert replayed(Fault.NONE, counts={"errors": (4, 0)}, policy=policy).ending is Ending.PROMOTED


def test_data_that_ends_too_early_give_no_ending():
    assert replayed(Fault.NONE, minutes=LONG_ENOUGH - 10).ending is Ending.CUT_OFF
    assert replayed(Fault.FIVE_POINTS, minutes=LONG_ENOUGH - 10).ending is Ending.CUT_OFF


def test_nobody_is_waited_for():
    parked = as_replayed(replace(STANDARD, progression=Progression.SCHEDULED))
    assert (parked.when_unproven, parked.progression) == (WhenUnproven.ROLL_BACK, Progression.CONTINUOUS)
    assert replay_seconds(replace(STANDARD, progression=Progression.SCHEDULED)) == replay_seconds(STANDARD) < 5 * 3600
    quick = replace(STANDARD, when_unproven=WhenUnproven.PROMOTE)
    assert as_replayed(quick).when_unproven is WhenUnproven.PROMOTE


def test_the_same_past_gives_the_same_endings():
    assert replayed(Fault.ONE_POINT) == replayed(Fault.ONE_POINT)


@pytest.mark.slow
def test_other_processes_come_to_the_same():
    starts = [a_start(LONG_ENOUGH, at=NOON + 3600.0 * hour) for hour in range(81)]
    question = Question((SHORT,), (Fault.FIVE_POINTS,) * 5, (), "errors")
    assert replay_all(question, starts, processes=2) == replay_all(question, starts)
