"""A sample of the runs of `make faults`, and a check of the harness: it notices a controller that breaks a promise."""

from __future__ import annotations

from collections import defaultdict

import pytest

from canary.aws.notifications import Notifications
from canary.rules.looks.verdict import Verdict, VerdictKind
from tests.faults.__main__ import result_of, work
from tests.faults.calls import GOING_BACK, PARKING, PROMOTING
from tests.faults.cases import PER_MINUTE, POLICY, Case, moments, run
from tests.faults.families import SHARES, TASKS, family_of
from tests.faults.final import read_final
from tests.faults.promises import broken
from tests.faults.small.world import SmallWorld

SAMPLE = 60
"""Runs of all families, about as many of each as its share says."""


def promises_broken(scenario: str = "good") -> set[str]:
    """The names of the promises that a run without faults breaks."""
    case = Case("quiet", 0, scenario)
    with SmallWorld(seed=0, policy=POLICY, per_minute=PER_MINUTE) as world:
        found = broken(read_final(case, world, run(case, world)))
    return {sentence.partition(":")[0] for sentence in found}


def test_a_sample_of_all_families_keeps_every_promise():
    failed: defaultdict[str, list[str]] = defaultdict(list)
    hits = 0
    for each in work("small", 0, SAMPLE):
        result = result_of(each)
        hits += result.is_hit
        if result.broken:
            failed[result.story] += result.broken
    assert not failed, "\n".join(f"{story}\n    {'; '.join(found)}" for story, found in failed.items())
    assert hits > SAMPLE * 0.8


def test_the_families_have_their_shares_of_any_hundred_runs():
    drawn = [family_of(number) for number in range(300, 400)]
    assert {family: drawn.count(family) for family in SHARES} == SHARES


def test_a_run_is_the_same_run_again():
    assert result_of(("small", "calls", 12)) == result_of(("small", "calls", 12))


@pytest.mark.parametrize(("scenario", "more"), [("good", ()), ("flagged", ()), ("bad", GOING_BACK), ("parked", PARKING)])
def test_a_scenario_makes_the_calls_that_it_makes_in_the_full_world(scenario: str, more: tuple[tuple[str, str, str], ...]):
    made = {(str(one.call.task), one.call.service, one.call.operation) for one in moments(scenario)}
    of_tasks = {one for one in made if one[0] in TASKS}

    assert of_tasks <= {*PROMOTING, *more}
    assert of_tasks >= {*more}
    if scenario in {"good", "flagged"}:
        assert of_tasks == {*PROMOTING}


@pytest.mark.parametrize(
    ("scenario", "phase"), [("good", "promoted"), ("bad", "rolled_back"), ("parked", "promoted"), ("flagged", "promoted")]
)
def test_a_scenario_without_faults_breaks_nothing(scenario: str, phase: str):
    case = Case("quiet", 0, scenario)
    with SmallWorld(seed=0, policy=POLICY, per_minute=PER_MINUTE) as world:
        final = read_final(case, world, run(case, world))
        assert (final.phase, broken(final)) == (phase, [])


def test_the_harness_sees_a_canary_that_stays(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("canary.rules.rollouts.phases.has_own_canary", lambda *_: False)
    assert promises_broken("bad") >= {"at rest", "weight"}


def test_the_harness_sees_a_settle_that_is_too_short(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("canary.rules.rollouts.rollout.SETTLE_SECONDS", 25)
    assert promises_broken() == {"half"}


def test_the_harness_sees_a_release_that_is_judged_wrongly(monkeypatch: pytest.MonkeyPatch):
    def blind(**_: object) -> Verdict:
        return Verdict(VerdictKind.PROMOTE, "never looked")

    monkeypatch.setattr("canary.tasks.common.look.decide", blind)
    assert "judged" in promises_broken("bad")


def test_the_harness_sees_an_unreported_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Notifications, "send", lambda *_, **__: True)
    assert promises_broken() == {"told"}
