"""The bench takes a shorter way to a verdict than a look does; these tests check that both give the same verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.cells import BAD, GOOD, Cell
from bench.policies import POLICIES
from bench.rollout import Tape, named, roll_out
from bench.world import World
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.counts import RawCounts
from canary.rules.judging.families import Family, stakes
from canary.rules.looks.effects import requests_needed_by_step
from canary.rules.looks.folding import fold_minutes
from canary.rules.looks.look_schedule import is_calm, next_look_seconds
from canary.rules.looks.proof import Moment, prove
from canary.rules.looks.steps import begin_bake
from canary.rules.looks.verdict import VerdictKind, decide
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.targets.policy import STANDARD
from canary_cli.backtest.course import SHIFT_SECONDS, Course
from tests.builders import a_rollout

CELLS = [
    Cell(GOOD[0], 60, 0.01),
    Cell(GOOD[3], 600, 0.01),
    Cell(GOOD[5], 600, 0.001),
    Cell(GOOD[6], 600, 0.001),
    Cell(BAD[0], 6000, 0.01),
    Cell(BAD[6], 600, 0.001),
    Cell(BAD[9], 600, 0.001),
    Cell(BAD[10], 600, 0.001),
    Cell(GOOD[9], 600, 0.001),
    Cell(BAD[11], 60, 0.001),
]


def a_world(cell, seed=1):
    return World(cell, np.random.default_rng(seed))


def product_vetoes_at(cell, policy, seed):
    """The product's own look, minute by minute, on the same draws; its own verdicts take the steps until it rolls back."""
    world = a_world(cell, seed)
    history = world.history()
    families = world.families()
    evidence = begin_evidence(history, families=families, stakes=stakes(families), alpha=policy.alpha)
    needed = requests_needed_by_step(policy, evidence)
    limits = {"p50": (20.0,), "p90": (60.0,), "p99": (200.0,)} if world.limits else {}
    rollout = a_rollout(policy=policy, phase=Phase.SHIFTING, needed=needed, judged_to=-60, limits_ms=limits)
    rollout = shifted(rollout, world, world.offset)
    counts, drawn, now = {}, 0, world.offset + SHIFT_SECONDS
    while True:
        now += next_look_seconds(rollout, now)
        for index in range(drawn, int(now // 60)):
            counts[index * 60] = {m: RawCounts(*one) for m, one in named(world.minute(index), tuple(history)).items()}
        drawn = int(now // 60)
        before = evidence.log_strength
        folded = fold_minutes(rollout, evidence, counts, now)
        rollout, evidence = folded.rollout, folded.evidence
        moment = Moment(now, rollout.step.index, rollout.step.baking_since, rollout.first_shift)
        proof = prove(rollout, evidence, now=now)
        verdict = decide(policy=policy, moment=moment, proof=proof, alarms=())
        rollout = replace(rollout, is_calm=is_calm(verdict.kind, evidence, proof, before=before))
        if verdict.kind in {VerdictKind.ROLL_BACK, VerdictKind.PROMOTE}:
            return now if verdict.kind is VerdictKind.ROLL_BACK else None, now
        if verdict.kind is VerdictKind.ADVANCE:
            rollout = shifted(rollout, world, now)
            now += SHIFT_SECONDS


def shifted(rollout, world, now):
    index = rollout.step.index + 1
    steps = rollout.plan.policy.steps
    world.shift(now, float(steps[index].weight_percent) / 100, is_last=index == len(steps) - 1)
    first = now if rollout.first_shift is None else rollout.first_shift
    rollout = replace(rollout, step=StepState(index=index), shifts=(*rollout.shifts, now), first_shift=first)
    return begin_bake(rollout, now + SHIFT_SECONDS)


@pytest.mark.parametrize("policy", ["standard", "fast"])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_the_short_way_gives_the_verdicts_of_a_look(cell: Cell, policy: str):
    for seed in (11, 12):
        tape = roll_out(a_world(cell, seed), POLICIES[policy])
        stopped, ended = product_vetoes_at(cell, POLICIES[policy], seed)
        assert tape.judge_at == stopped
        assert stopped is not None or tape.promoted_at == ended


@pytest.mark.parametrize("cell", [CELLS[4], CELLS[7]], ids=lambda cell: cell.name)
def test_a_longer_metric_delay_is_reported_as_if_the_rollout_had_it(cell: Cell):
    each_minute = replace(POLICIES["standard"], calm_look_seconds=60)
    later = replace(each_minute, metric_delay_seconds=120)
    for seed in (21, 22):
        tape = roll_out(a_world(cell, seed), each_minute)
        assert tape.judge_later_at == product_vetoes_at(cell, later, seed)[0]


def test_a_fault_in_a_calm_step_may_be_found_a_minute_later():
    delays = set()
    for begins in (6.2, 7.2, 8.2, 9.2):
        late = Cell(replace(BAD[4], name=f"all failing from minute {begins}", begins=begins), 600, 0.001)
        calm, each_minute = (roll_out(a_world(late), replace(STANDARD, calm_look_seconds=seconds)) for seconds in (120, 60))
        assert calm.promoted_at == each_minute.promoted_at
        delays.add(calm.judge_at - each_minute.judge_at)
    assert delays == {0, 60}


def test_the_rollout_goes_on_by_the_clock_after_a_veto():
    tape = roll_out(a_world(Cell(BAD[4], 600, 0.001)), POLICIES["standard"])
    assert tape.judge_at is not None
    assert tape.judge_at < tape.promoted_at
    assert len(tape.shifts) == 3


def test_harm_stops_with_the_rollback_and_goes_on_after_a_promotion():
    tape = roll_out(a_world(Cell(BAD[4], 600, 0.001)), POLICIES["standard"])
    assert tape.judge_at is not None
    assert 0 < tape.harm(tape.judge_at) < tape.harm(tape.judge_at + 60) < tape.harm(None)
    assert tape.harm(None) == pytest.approx(tape.harm(tape.promoted_at) + 30 * 600 * 0.999, rel=1e-6)


def test_steps_are_taken_early_only_under_a_policy_that_allows_it():
    good = Cell(GOOD[0], 60000, 0.001)
    minutes = {name: steps_of(roll_out(a_world(good), POLICIES[name])) for name in ("standard", "fast")}
    began, second, last = minutes["standard"]
    assert (began, last - second) == (0, 10)
    assert second in {10, 11}
    assert minutes["fast"][-1] < 15


def steps_of(tape: Tape) -> list[int]:
    return [round((at - tape.began) / 60) for at in tape.shifts]


def test_a_course_begins_with_what_its_policy_wants_judged():
    course = Course.begun(POLICIES["standard"], {"errors": [(600, 1)] * 600}, {"errors": Family.ERRORS})
    assert len(course.needed) == 3
    assert min(course.needed) >= 50
