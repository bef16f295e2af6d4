from __future__ import annotations

import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from bench import judge, look_cost, low_traffic, several_metrics
from bench.cells import BAD, GOOD, Cell
from bench.judge import Chunk, chunks, measure
from bench.measured import ARMS_ONLY, CONTROLLER, WALD, Tally
from bench.peers import PEERS
from bench.plot import plot
from bench.tables import harm_multiple, report, row_of
from canary.rules.looks.verdict import VerdictKind
from canary.rules.targets.policy import STANDARD, WhenUnproven

EASY, SAME = Cell(BAD[4], 600, 0.001), Cell(GOOD[0], 600, 0.001)


@pytest.fixture(scope="module")
def results():
    return [measure(Chunk("standard", cell, 0, 6, 1)) for cell in (EASY, SAME)]


def test_a_chunk_gives_the_same_figures_whenever_it_is_measured():
    chunk = Chunk("standard", SAME, 0, 2, 1)
    assert measure(chunk) == measure(chunk)
    assert measure(chunk) != measure(Chunk("standard", SAME, 1, 2, 1))


def test_the_work_covers_the_grid_once_for_each_chunk():
    work = list(chunks(150, 1, ("standard", "hotfix")))
    assert sum(chunk.runs for chunk in work if chunk.cell == EASY and chunk.policy == "standard") == 150
    assert {chunk.number for chunk in work} == {0, 1}


def test_an_easy_fault_is_found_and_a_good_release_promoted(results):
    easy, same = results
    assert easy.is_fair
    assert easy.tallies[CONTROLLER].missed_share == 0.0
    assert same.tallies[CONTROLLER].back_share == 0.0
    assert same.tallies[CONTROLLER].minutes_promoted / 6 == pytest.approx(30, abs=1)


def test_harm_is_told_as_a_multiple_of_the_limit(results):
    easy = results[:1]
    assert harm_multiple(easy, WALD, easy)[0] == pytest.approx(1.0)
    assert 1.0 <= harm_multiple(easy, CONTROLLER, easy)[0] < 2.0 < harm_multiple(easy, "Kayenta", easy)[0]


def test_the_report_has_a_row_for_every_judge(results):
    text = report(results, seed=1, seconds=1.0)
    assert all(f"| {name} |" in text for name in (CONTROLLER, WALD, ARMS_ONLY, *PEERS))
    assert row_of(results, "Kayenta").minutes_promoted == pytest.approx(30, abs=1)


def test_the_plot_is_a_picture_with_every_judge(results):
    root = ET.fromstring(plot(results))  # noqa: S314 - our own
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {CONTROLLER, *PEERS} <= set(texts)


def test_a_share_has_a_standard_error_even_where_nothing_happened():
    tally = Tally()
    for _ in range(100):
        tally.add(harm=0.0, back_after=None, promoted_after=30.0)
    assert tally.back_share == 0.0
    assert 0.0 < tally.back_error < 0.01


def test_writes_its_report_and_plot(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(judge, "grid", lambda: iter([EASY, SAME]))
    monkeypatch.setattr(judge, "without_history", lambda: iter([Cell(GOOD[0], 600, 0.001, has_history=False)]))
    monkeypatch.setattr(
        sys, "argv", ["judge", "--runs", "2", "--processes", "1", "--policies", "standard", "--out", str(tmp_path)]
    )
    judge.main()
    assert (tmp_path / "results.md").read_text(encoding="utf-8") == capsys.readouterr().out
    assert "## Without history" in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert (tmp_path / "results.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_look_late_in_a_rollout_costs_what_an_early_one_does():
    early, late = (look_cost.one_look(look_cost.evidence_after(3, minutes))[1] for minutes in (30, 600))
    assert late < 1.1 * early


def test_many_metrics_together_roll_back_few_good_releases():
    cell = Cell(several_metrics.GOOD[4], 60, 0.01)
    tally = several_metrics.rolled_back(cell, 3, is_whole=True)
    assert tally.runs == 3
    assert tally.back == 0


def test_all_six_metrics_are_judged():
    world = several_metrics.BusinessWorld(next(several_metrics.cells()), np.random.default_rng(1))
    assert len(world.history()) == 6
    world.shift(0.0, 0.1, is_last=False)
    assert len(world.minute(1).slow) == 4


@pytest.mark.parametrize(
    ("answer", "last"),
    [
        (WhenUnproven.HOLD, VerdictKind.ROLL_BACK),
        (WhenUnproven.ROLL_BACK, VerdictKind.ROLL_BACK),
        (WhenUnproven.PROMOTE, VerdictKind.PROMOTE),
    ],
)
def test_low_traffic_ends_as_the_policy_says(answer, last):
    from dataclasses import replace

    seen = [
        verdict for _, _, verdict in low_traffic.verdicts(replace(STANDARD, when_unproven=answer), np.random.default_rng(1))
    ]
    assert [verdict.kind for verdict in seen[:2]] == [VerdictKind.CONTINUE, VerdictKind.HOLD]
    assert "more canary requests needed, about" in seen[1].reason
    assert seen[-1].kind is last


def test_the_estimate_is_near_what_it_takes():
    rng = np.random.default_rng(2)
    ratios = sorted(low_traffic.watch(60, 0.01, 0.5, rng).ratio for _ in range(9))
    assert 0.5 < ratios[4] < 2.0
