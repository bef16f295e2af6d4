"""What fresher counts are worth, what rarer looks save, and that the docs tell what the commands print."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.freshness import command, embedded, looks, prices
from bench.freshness.looks import RHYTHMS, Rhythm, dollars, looks_of
from bench.freshness.prices import counting, price_table, ways
from bench.freshness.slots import LONGEST_SECONDS, Fault, Freshness, seconds_to_rollback
from bench.rollout import Look

PERFORMANCE = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
TODAY, TEN = Freshness(60, 60), Freshness(10, 10)


def mean_seconds(fault, fresh, runs=12):
    told = [seconds_to_rollback(fault, fresh, np.random.default_rng([1, run])) for run in range(runs)]
    return np.mean(told, axis=0)


def test_a_total_fault_is_met_for_the_slot_the_delay_and_the_rollback():
    fault = Fault("all", 6000, 0.5, 0.001, 1.0)
    for fresh in (TODAY, TEN):
        wald, _ = mean_seconds(fault, fresh)
        assert wald == pytest.approx(fresh.slot / 2 + fresh.delay + 15.0, abs=fresh.slot / 3)


def test_fresher_counts_end_a_fault_sooner_under_both_judges():
    fault = Fault("five points", 6000, 0.1, 0.001, 0.051)
    today, ten = mean_seconds(fault, TODAY), mean_seconds(fault, TEN)
    assert all(ten < 0.6 * today)
    assert all(mean_seconds(fault, Freshness(60, 120)) > today + 50.0)


def test_a_fault_that_no_slot_shows_lasts_for_the_hour():
    wald, judged = mean_seconds(Fault("none", 6, 0.1, 0.001, 0.0011), TODAY, runs=2)
    assert wald == judged == LONGEST_SECONDS


def test_the_command_prints_both_tables(monkeypatch, capsys):
    monkeypatch.setattr(command, "faults", lambda: [Fault("all", traffic, 0.5, 0.001, 1.0) for traffic in command.TRAFFICS])
    monkeypatch.setattr(sys, "argv", ["freshness", "--runs", "2", "--processes", "1"])
    command.main()
    told = capsys.readouterr().out
    assert "| 60 | 60 | 1.00 | 1.00 | 1.00 | 1.00 | 1.00 | 1.00 |" in told
    assert told.endswith(price_table())


def test_a_batch_costs_a_call_and_no_more_than_a_second_has():
    assert counting(60, 60) == pytest.approx(2 * counting(60, 30))
    assert counting(60, 60) < counting(6000, 60) == pytest.approx(counting(60000, 60))
    today, high, _, _ = ways(600)
    assert high.rollout == pytest.approx(6 * today.rollout)


def test_the_page_tells_what_ten_seconds_would_cost():
    assert price_table().strip() in PERFORMANCE
    assert prices.ROLLOUT_MINUTES == looks.LOOKS + looks.WATCH_LOOKS


def test_the_page_has_the_price_that_rarer_looks_are_compared_with():
    counts = rf"\| {looks.LOOKS} \| {looks.TRANSITIONS} \| {looks.CALLS} \| {looks.METRICS} \| ([\d.]+) \|"
    [told] = re.findall(counts, PERFORMANCE)
    assert f"{dollars(RHYTHMS[0], looks.LOOKS):.4f}" == told


@pytest.mark.parametrize("rhythm", RHYTHMS, ids=lambda rhythm: rhythm.name)
def test_the_page_has_every_rhythm_with_its_price(rhythm):
    [(taken, cost)] = re.findall(rf"^\| {re.escape(rhythm.name)} \| (\d+) \| ([\d.]+) \|", PERFORMANCE, re.MULTILINE)
    assert dollars(rhythm, int(taken)) == pytest.approx(float(cost), abs=0.0002)


def test_a_rarer_look_keeps_the_ends_of_steps():
    class Tape:
        looks = tuple(Look(60.0 * k, k, step=k // 5, ends_step=k % 5 == 4, strength=-k, may_be_calm=k != 1) for k in range(10))

    assert list(looks_of(Tape(), Rhythm(15, 1))) == [60.0 * k for k in range(10)]
    assert list(looks_of(Tape(), Rhythm(1, 3, waits_for_calm=False))) == [0.0, 60.0, 240.0, 300.0, 360.0, 540.0]
    assert list(looks_of(Tape(), Rhythm(1, 3))) == [0.0, 60.0, 120.0, 240.0, 300.0, 360.0, 540.0]


def test_rarer_looks_harm_more_and_each_minute_is_the_measure(monkeypatch, capsys):
    monkeypatch.setattr(looks, "RHYTHMS", (Rhythm(15, 1), Rhythm(0, 3, waits_for_calm=False)))
    monkeypatch.setattr(looks, "TRAFFICS", (6000,))
    monkeypatch.setattr(sys, "argv", ["looks", "--runs", "2", "--processes", "1"])
    looks.main()
    first, rare = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert first[3].startswith("1.000")
    assert min(float(rare[3].split()[0]), float(rare[4].split()[0])) > 1.05
    assert int(rare[1]) < int(first[1])


@pytest.mark.slow
def test_on_the_embedded_aws_a_bad_release_harms_more_where_minutes_are_known_later():
    release = embedded.Bad("all failing", {"FAILING_SHARE": 1.0}, 600)
    soon, late = (embedded.harm(release, delay, seed=0) for delay in (embedded.TODAY, embedded.LATER))
    assert 0 < 1.2 * soon < late < 3.0 * soon


@pytest.mark.slow
def test_on_the_embedded_aws_a_release_that_is_not_rolled_back_has_no_harm():
    with pytest.raises(embedded.NotRolledBackError, match="healthy ended as SUCCEEDED"):
        embedded.harm(embedded.Bad("healthy", {}, 600), embedded.TODAY, seed=0)


def test_the_embedded_table_has_each_release_and_the_geometric_mean(monkeypatch):
    monkeypatch.setattr(
        embedded,
        "harm",
        lambda release, delay, seed: (seed - seed + delay) * (2 if release.per_minute == 60 else 1) ** (delay // 120),
    )
    text = embedded.table(embedded.RELEASES[:2], 3)
    assert [line.rsplit(" | ", 1)[-1] for line in text.splitlines()[2:]] == ["2.00 |", "4.00 |", "2.83 |"]
