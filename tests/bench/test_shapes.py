from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from bench.cells import Cell, Release
from bench.shapes import alarm_curve, tables
from bench.shapes.alarm_curve import Choice
from bench.shapes.clusters import OutageInThrees, RareBursts, SickSandboxes, ZoneOutage
from bench.shapes.counting import LateBase, TwiceCounted
from bench.shapes.drifts import Drift
from bench.shapes.latency import misses_limits
from bench.shapes.rows import SAID, rows
from bench.shapes.shaped_world import ShapedWorld
from bench.shapes.tables import Result
from canary.rules.judging.warm_up import UNKNOWN, USUAL

SAME = Release("same", is_good=True)
OUTAGE = Release("outage", is_good=True, outage=(0.0, 1000.0), outage_points=0.2)


def a_world(trouble, release=SAME, *, traffic=6000, rate=0.01, share=0.5):
    world = ShapedWorld(Cell(release, traffic, rate), np.random.default_rng(3), trouble=trouble)
    world.history()
    world.shift(-60.0, share, is_last=False)
    return world


def errors(trouble, release=SAME, *, minutes=300, **more):
    world = a_world(trouble, release, **more)
    return np.array([world.minute(index).errors for index in range(2, minutes)])


def test_failures_of_an_outage_come_in_threes_and_keep_their_rate():
    _, ec, _, eb = errors(OutageInThrees(), OUTAGE).T
    assert ec.mean() == pytest.approx(0.21 * 3000, rel=0.05)
    assert np.var(eb) / np.mean(eb) == pytest.approx(3.0, rel=0.4)


def test_a_zone_takes_the_same_part_of_an_arms_sandboxes_until_its_weight_changes():
    nc, ec, _, _ = errors(ZoneOutage(), OUTAGE, minutes=30).T
    failing = ec.sum() / nc.sum() - 0.01
    assert failing * 100 == pytest.approx(round(failing * 100), abs=0.5)
    assert np.std(ec / nc) < 0.02


def test_rare_bursts_happen_in_history_too():
    bursts = RareBursts(a_day=40.0, mean=30.0)
    history = a_world(bursts, rate=0.0).history()["errors"]
    assert sum(bad for _, bad in history) == pytest.approx(40 * 30, rel=0.6)
    assert sum(bad > 0 for _, bad in history) == pytest.approx(40, rel=0.5)
    assert errors(bursts, rate=0.0, minutes=1000)[:, [1, 3]].max() > 5


def test_a_sick_sandbox_fails_all_of_its_requests_for_five_minutes():
    sick = errors(SickSandboxes(a_day=5.0), traffic=600, rate=0.0, minutes=3000)
    assert sick[:, 1].sum() / sick[:, 0].sum() == pytest.approx(5 * 5 / 1440, rel=0.4)
    ill = (sick[:, 1] > 10).astype(int)
    assert ill.sum() / (np.diff(ill) == 1).sum() == pytest.approx(5.0, rel=0.3)


def test_a_shared_drift_moves_both_arms_and_an_own_one_each():
    for is_shared, least, most in ((True, 0.8, 1.0), (False, -0.4, 0.4)):
        _, ec, _, eb = errors(Drift(sd=0.5, minutes=5.0, is_shared=is_shared)).T
        assert least < np.corrcoef(ec, eb)[0, 1] < most


def test_half_of_bases_lines_are_late_and_a_tenth_of_the_batches_counted_twice():
    nc, _, nb, _ = errors(LateBase(), minutes=50).T
    assert nb.sum() / nc.sum() == pytest.approx(0.5, rel=0.02)
    nc, ec, _, _ = errors(TwiceCounted(), minutes=50).T
    assert (nc.mean(), ec.sum() / nc.sum()) == (pytest.approx(3300, rel=0.02), pytest.approx(0.01, rel=0.2))


def test_a_canary_that_warms_up_is_slow_for_five_minutes():
    cell = Cell(Release("warm", is_good=True, slower=1.0, is_cold=True), 6000, 0.001)
    warm = ShapedWorld(cell, np.random.default_rng(3), warms_up=True)
    warm.offset = 0.0
    warm.switches.append((0.0, 0.5))
    slow = [warm.minute(index).slow[2] for index in range(7)]
    assert [ec / nc > 2 * eb / nb for nc, ec, nb, eb in slow] == [True] * 5 + [False] * 2


def test_a_cache_that_misses_twice_as_often_shows_in_the_ninetieth_percentile():
    limits = misses_limits(6000, np.random.default_rng(1))
    base, canary = (
        limits.slow([round(10_000 * part) for part in limits.base]),
        limits.slow([round(10_000 * part) for part in limits.canary]),
    )
    assert base == [pytest.approx(5000, rel=0.05), pytest.approx(1000, rel=0.1), pytest.approx(100, rel=0.2)]
    assert canary[1] == pytest.approx(2000, rel=0.1)


def test_every_row_states_its_traffic_and_has_a_bar():
    assert len({f"{row.kind} {row.name}" for row in rows()}) == len(rows()) > 40
    assert all("/min" in row.name and 0.0 < row.bar < 1.0 for row in rows())
    assert [row.kind for row in rows("^p99")] == ["p99"]
    assert next(iter(rows("hour"))).minutes == 95.0


def test_a_bar_is_broken_by_the_lower_bound_and_not_by_chance():
    row = rows("^late log")[0]
    assert Result(row, runs=4000, back=25).lower < row.bar < Result(row, runs=4000, back=35).lower
    assert "| broken |" in tables.table([Result(row, runs=4000, back=35)])
    assert Result(rows("^p99")[0], runs=10, back=7).share == pytest.approx(0.3)


def test_a_bad_row_that_no_oracle_can_hold_is_listed_and_not_counted():
    fair, unfair = rows("^shared drift")[1], rows("^shared drift")[0]
    text = tables.table([Result(fair, runs=100, back=99, missed=4), Result(unfair, runs=100, back=60, missed=5)])
    assert "| 40.00 % promoted |" in text
    assert text.count("| not fair |") == 1
    assert "| shared drift | mean of 1 | | 1.00 % |" in text
    assert "mean of" not in tables.table([Result(unfair, runs=100, back=60, missed=5)])


def test_what_the_oracles_miss_of_a_bad_row_is_counted_and_not_asked_of_a_good_one(monkeypatch):
    monkeypatch.setattr(tables, "wald", lambda _: None)
    monkeypatch.setattr(tables, "arms_only", lambda _: None)
    assert tables.measure((rows("^cache")[0], 2, 0, 1)).missed == 2
    assert tables.measure((rows("^late log")[0], 2, 0, 1)).missed == 0
    monkeypatch.setattr(tables, "arms_only", lambda _: 60.0)
    assert tables.measure((rows("^cache")[0], 2, 0, 1)).missed == 0


def test_one_row_can_be_run_alone(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["shapes", "^long mild.*.2 points", "--runs", "2", "--processes", "1"])
    tables.main()
    told = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[2] for line in told[2:3]] == ["2"]
    assert "mean of 1" in told[3]


def test_a_late_promotion_is_counted(monkeypatch):
    monkeypatch.setattr(tables, "roll_out", lambda *_, **__: late_tape())
    assert tables.measure((rows("^late log")[0], 2, 0, 1)).late == 2


def late_tape():
    class Tape:
        judge_at = alarm_at = None
        began, promoted_at = 0.0, 36 * 60.0

    return Tape()


def test_the_alarms_curve_marks_the_shipped_choice_and_finds_a_canary_that_always_fails():
    text = alarm_curve.table(3, seed=5, processes=1)
    shipped = [line for line in text.splitlines() if line.startswith("| **7 of 9 above 15, a collapse 4 times**")]
    assert len(shipped) == 1
    assert "100.00 %" in shipped[0]


def test_a_choice_fires_when_m_of_n_minutes_are_above_its_threshold():
    bad, good = (60, 60, 540, 0), (60, 0, 540, 0)
    assert Choice(2, 3).fires_at([bad, good, bad]) == 3
    assert Choice(2, 3).fires_at([bad, good, good, bad]) is None
    assert Choice(1, 1, times=1.0).score(bad) == pytest.approx(Choice(1, 1).score(bad) / 4)


def test_what_a_second_release_is_allowed_is_learned_from_a_first_one():
    first, second, key = rows("warm-up.* 6000/min")
    assert [row.warm_up for row in (first, second, key)] == [UNKNOWN, None, SAID]
    results = [tables.measure((row, 3, 0, 2)) for row in (first, second, key)]
    assert [result.back for result in results] == [0, 0, 0]
    assert tables.measure((replace(second, warm_up=USUAL), 3, 0, 2)).back == 3, "without what was learned"
