"""The search of ladders: faults at any time, what they meet, the front and the choice."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bench.cells import BAD, GOOD, Cell
from bench.ladder import command
from bench.ladder.command import Seen, front, knee, relative_harm, table
from bench.ladder.ladders import REFERENCE, SHIPPED, Ladder, ladders
from bench.ladder.late_faults import HARM_UNTIL_MINUTES, Draw, Ended, roll_out
from canary.rules.targets.policy import FAST

FIVE_POINTS = Cell(BAD[3], 600, 0.001)


def a_draw(cell=FIVE_POINTS, fault=None, seed=1):
    drawn = Draw.of(cell, (seed, 0), FAST.alpha)
    if fault is not None:
        drawn.fault_minutes = fault
    return drawn


def an_end(harm, *, fault=0.0, promoted=30.0, last=9.0):
    return Ended(harm=harm, fault=fault, back=None, promoted=promoted, last_weight=last)


def seen(name, harms, *, promoted=30.0, last=9.0):
    bad = {FIVE_POINTS: [an_end(harm, fault=fault) for fault, harm in harms]}
    good = {Cell(GOOD[0], 600, 0.001): [an_end(0.0, promoted=promoted, last=last)]}
    return Seen(name, {**bad, **good})


def test_the_first_ladder_is_the_reference_and_none_comes_twice():
    told = list(ladders())
    assert told[0] == REFERENCE
    assert SHIPPED in told
    assert len(set(told)) == len({ladder.name for ladder in told}) == len(told) > 20
    assert SHIPPED.policy.steps == FAST.steps
    assert all(list(ladder.weights) == sorted(set(ladder.weights)) for ladder in told)


def test_every_ladder_meets_the_same_fault_and_history():
    one, other = a_draw(), a_draw()
    assert one.fault_minutes == other.fault_minutes
    assert one.evidence == other.evidence
    assert roll_out(one, SHIPPED.policy) == roll_out(other, SHIPPED.policy)


def test_faults_begin_at_any_minute_of_ninety():
    faults = [a_draw(Cell(BAD[3], 6, 0.001), seed=seed).fault_minutes for seed in range(40)]
    assert 0.0 < min(faults) < 15.0
    assert 75.0 < max(faults) < 90.0
    assert np.mean(faults) == pytest.approx(45.0, abs=12.0)


def test_a_fault_from_the_start_is_found_before_it_meets_much_and_a_late_one_at_the_last_weight():
    early, late = roll_out(a_draw(fault=0.0), SHIPPED.policy), roll_out(a_draw(fault=20.0), SHIPPED.policy)
    assert early.promoted is late.promoted is None
    assert early.back < 15.0
    assert 20.0 < late.back < 25.0
    assert late.harm == pytest.approx(0.5 * (late.back - 20.0 + 0.25), abs=0.6)
    assert early.harm < late.harm


def test_the_watch_finds_a_fault_that_begins_after_the_promotion():
    found = roll_out(a_draw(fault=33.0, seed=3), SHIPPED.policy)
    assert found.promoted == pytest.approx(30.0, abs=0.2)
    assert 33.0 < found.back < 42.0
    assert found.harm == pytest.approx(found.back - 33.0 + 0.25, abs=0.1)


def test_a_fault_after_the_watch_harms_until_minute_120():
    missed = roll_out(a_draw(fault=80.0), SHIPPED.policy)
    assert missed.back is None
    assert missed.harm == pytest.approx(HARM_UNTIL_MINUTES - 80.0)


def test_a_good_release_is_promoted_and_harms_nobody():
    ended = roll_out(a_draw(Cell(GOOD[0], 6000, 0.001)), SHIPPED.policy)
    assert (ended.harm, ended.back) == (0.0, None)
    assert ended.last_weight < 12.0
    assert ended.promoted == pytest.approx(30.0, abs=0.2)


def test_harm_is_told_beside_that_of_the_reference_on_the_same_draws():
    reference, other = seen(REFERENCE, [(0, 2.0), (60, 8.0)]), seen(Ladder((10,)), [(0, 3.0), (60, 8.0)])
    assert relative_harm(reference, reference) == (1.0, 0.0)
    assert relative_harm(other, reference)[0] == pytest.approx(1.1)
    assert relative_harm(other, reference, until=30.0)[0] == pytest.approx(1.5)


def test_the_front_has_no_ladder_that_another_one_beats():
    reference, quick = seen(REFERENCE, [(0, 2.0)]), seen(Ladder((90,)), [(0, 3.0)], promoted=20.0)
    slow = seen(Ladder((10,)), [(0, 1.0)], promoted=60.0)
    beaten = seen(Ladder((50,)), [(0, 2.5)], promoted=40.0)
    half = [reference, quick, slow, beaten]
    assert [one.ladder for one in front(half)] == [quick.ladder, REFERENCE, slow.ladder]


def test_the_choice_is_no_slower_than_the_reference_and_begins_as_low():
    reference, better = seen(REFERENCE, [(0, 2.0)]), seen(SHIPPED, [(0, 1.8)])
    slow, late = (seen(Ladder((1,)), [(0, 1.0)], promoted=60.0), seen(Ladder((1, 5)), [(0, 1.5)], last=15.0))
    high = seen(Ladder((10, 50)), [(0, 1.2)])
    half = [reference, better, slow, late, high]
    assert knee(half) is better
    text = table([half, half])
    assert "| chosen, shipped |" in text
    assert "| reference |" in text


def test_the_command_writes_its_table_where_git_ignores_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "OUT", tmp_path / "new" / "ladder.md")
    monkeypatch.setattr(command, "cells", lambda: [Cell(BAD[4], 600, 0.001), Cell(GOOD[0], 600, 0.001)])
    monkeypatch.setattr(command, "ladders", lambda: iter([REFERENCE, SHIPPED]))
    monkeypatch.setattr(sys, "argv", ["ladder", "--runs", "2", "--processes", "1"])
    command.main()
    assert (tmp_path / "new" / "ladder.md").read_text(encoding="utf-8") == capsys.readouterr().out
    assert command.OUT != command.KEPT


def test_the_kept_table_says_why_fast_is_as_it_is():
    lines = command.KEPT.read_text(encoding="utf-8").splitlines()
    [chosen] = [line for line in lines if "chosen" in line]
    assert chosen.startswith(f"| {SHIPPED.name} | ")
    assert chosen.endswith("chosen, shipped |")
    harm, early = (float(cell.split(" ± ")[0]) for cell in chosen.split(" | ")[1:3])
    assert round(1 - harm, 2) == 0.03, "docs/benchmark.md says 3 %"
    assert round(1 - early, 1) == 0.4, "docs/benchmark.md says 40 %"
    assert {line.split(" | ")[0].removeprefix("| ") for line in lines if line[:3] in {f"| {n}" for n in range(1, 10)}} == {
        ladder.name for ladder in ladders()
    }
