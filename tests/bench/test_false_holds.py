from __future__ import annotations

import sys
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest

from bench import false_holds, instrument_faults, refused
from bench.false_holds import PLAIN, WORLDS, Cell, grid, measure, measured, steps_of, upper_bound
from bench.instrument_faults import Case, all_lost, half_lost, minutes_to_hold, silent, twice
from bench.instruments import BUSINESS_SHARE, HELD, World, draw, history


def totals(world, *, share=0.25, traffic=600, minutes=200):
    """The counts of both arms in some minutes, by what was counted."""
    told = list(next(draw(world, traffic, [share] * minutes, 1, np.random.default_rng(1))))
    names = ("lines", "integrated", "business")
    return {name: [sum(getattr(getattr(one, name), arm) for one in told) for arm in ("canary", "base")] for name in names}


def test_requests_are_split_by_weight_and_some_write_a_datum():
    counted = totals(PLAIN)
    assert counted["lines"] == counted["integrated"]
    canary, base = counted["lines"]
    assert canary / (canary + base) == pytest.approx(0.25, rel=0.02)
    assert sum(counted["business"]) / (canary + base) == pytest.approx(BUSINESS_SHARE, rel=0.1)


def test_clustered_data_are_as_many_as_single_ones():
    assert sum(totals(World(cluster=3.0))["business"]) == pytest.approx(sum(totals(PLAIN)["business"]), rel=0.15)


@pytest.mark.parametrize(("say", "seen"), [("true", 0.25), ("false", 0.15), ("absent", 0.15)])
def test_refused_requests_count_for_the_arm_that_their_line_says(say, seen):
    counted = totals(World(refused=0.4, refused_say=say))
    shares = {name: canary / (canary + base) for name, (canary, base) in counted.items()}
    assert shares["lines"] == pytest.approx(seen, rel=0.05)
    assert shares["integrated"] == pytest.approx(0.25, rel=0.05)
    assert sum(counted["integrated"]) / sum(counted["lines"]) == pytest.approx(0.6, rel=0.02)


def test_lines_that_arrive_twice_are_twice_as_many():
    assert sum(totals(World(copies=2))["lines"]) == pytest.approx(2 * sum(totals(PLAIN)["lines"]), rel=0.01)


def test_history_is_a_days_habit_or_none():
    rng = np.random.default_rng(1)
    assert history(PLAIN, 600, rng).per_request == pytest.approx(BUSINESS_SHARE / 2, rel=0.15)
    assert history(World(cluster=3.0), 600, rng).clustered == pytest.approx(5.0, rel=0.3)
    assert not history(World(is_young=True), 600, rng).is_heard


def test_a_step_with_few_requests_is_extended():
    assert steps_of(Cell(PLAIN, 600, "standard", 1)) == [(0.1, 14), (0.25, 14), (0.5, 14)]
    assert steps_of(Cell(PLAIN, 6, "standard", 1)) == [(0.1, 74), (0.25, 74), (0.5, 74)]


def test_a_good_release_is_not_held_and_what_is_held_is_counted():
    holds = measure(Cell(PLAIN, 60, "standard", 4), 0, 4)
    assert (holds.runs, holds.held) == (4, dict.fromkeys((*HELD, "any"), 0))
    holds.add({"split", "lines"})
    assert (holds.runs, holds.held) == (5, {"split": 1, "lines": 1, "business": 0, "any": 1})


def test_a_cell_gives_the_same_figures_however_many_processes_measure_it():
    cells = [Cell(replace(PLAIN, is_young=True), 1, "standard", 12)]
    (_, one), (_, other) = (next(measured(cells, processes)) for processes in (1, 2))
    assert one == other
    assert one.runs == 12
    assert one.held["business"] > 0


def test_the_grid_has_the_small_cells_whole_and_every_world():
    cells = list(grid(20_000))
    assert {cell.traffic for cell in cells if cell.runs == 20_000} == {1, 3, 6}
    assert {cell.world for cell in cells} >= {PLAIN, *WORLDS}
    assert {cell.policy for cell in cells} == {"standard", "fast", "cautious"}


def test_the_upper_bound_is_that_of_a_rare_event():
    assert upper_bound(0, 20_000) == pytest.approx(3.0 / 20_000, rel=0.01)
    assert upper_bound(10, 20_000) == pytest.approx(16.96 / 20_000, rel=0.01)
    assert upper_bound(5, 5) == 1.0


@pytest.mark.parametrize(
    ("fault", "held_by", "traffic", "share", "most"),
    [
        (half_lost("canary"), "split", 300, 0.5, 6.0),
        (half_lost("base"), "split", 300, 0.25, 8.0),
        (twice, "split", 300, 0.1, 9.0),
        (all_lost, "split", 600, 0.1, 1.0),
        (all_lost, "lines", 600, 0.1, 3.0),
        (silent("canary"), "business", 6000, 0.5, 3.0),
        (silent("base"), "business", 6000, 0.5, 3.0),
    ],
)
def test_faults_of_the_counting_are_found(fault, held_by, traffic, share, most):
    for before in ((), (share,) * 5):
        case = Case("a fault", fault, held_by, traffic, before, share)
        assert fmean(minutes_to_hold(case, 12)) <= most * (2.0 if before else 1.0)


def test_a_fault_that_is_not_found_takes_all_the_patience(monkeypatch):
    monkeypatch.setattr(instrument_faults, "PATIENCE_MINUTES", 5)
    assert minutes_to_hold(Case("slow", silent("canary"), "business", 60, (), 0.1), 3) == [5, 5, 5]


def test_cases_say_when_the_fault_begins():
    assert {case.began for case in instrument_faults.cases()} == {"at the start", "with the step", "within the step"}


def test_refused_requests_mislead_what_counts_all_lines_and_nothing_else():
    alike = refused.shares("true", 600, 6)
    to_base = refused.shares("absent", 600, 6)
    assert alike[:2] == [0.0, 0.0]
    assert to_base[0] == 1.0
    assert to_base[1] == to_base[3] == 0.0


def test_reports_all_three_tables(monkeypatch, capsys):
    monkeypatch.setattr(false_holds, "grid", lambda _: iter([Cell(PLAIN, 60, "standard", 2)]))
    monkeypatch.setattr(instrument_faults, "cases", lambda: iter([Case("a fault", all_lost, "split", 600, (), 0.1)]))
    monkeypatch.setattr(refused, "TRAFFICS", (60,))
    monkeypatch.setattr(sys, "argv", ["false_holds", "--runs", "40", "--processes", "1"])
    false_holds.main()
    told = capsys.readouterr().out
    assert "| plain | 60 | standard | 2 | 0.000% |" in told
    assert "| a fault | at the start | 600 | 10% | split | 1.0 | 1 |" in told
    assert "| absent | 60 |" in told
