from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from bench import look_cost, low_traffic, runs, several_metrics
from bench.cells import BAD, GOOD, Cell, fresh_grid
from bench.judge import command
from bench.judge.fair import fair_set_of
from bench.judge.plot import plot
from bench.judge.rows import harm_multiple, row_of
from bench.judge.tables import report
from bench.measured import ARMS_ONLY, CONTROLLER, WALD, Tally
from bench.peers import PEERS
from bench.policies import HELD
from bench.runs import Chunk, chunks, fresh_chunks, measure
from canary.rules.looks.verdict import VerdictKind
from canary.rules.targets.policy import STANDARD, WhenUnproven

EASY, SAME, OUT = Cell(BAD[4], 600, 0.001), Cell(GOOD[0], 600, 0.001), Cell(BAD[6], 600, 0.001)


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
    assert fair_set_of(results).fair(results) == [easy]
    assert easy.tallies[CONTROLLER].missed_share == 0.0
    assert same.tallies[CONTROLLER].back_share == 0.0
    assert same.tallies[CONTROLLER].minutes_promoted / 6 == pytest.approx(30, abs=1)


def test_harm_is_told_as_a_multiple_of_the_limit(results):
    easy = results[:1]
    assert harm_multiple(easy, WALD, easy)[0] == pytest.approx(1.0)
    assert 1.0 <= harm_multiple(easy, CONTROLLER, easy)[0] < 2.0 < harm_multiple(easy, "Kayenta", easy)[0]


def test_the_report_has_a_row_for_every_judge(results):
    text = report(results, fair_set_of(results), seed=1, seconds=1.0)
    assert all(f"| {name} |" in text for name in (CONTROLLER, WALD, ARMS_ONLY, *PEERS))
    assert row_of(results, "Kayenta", fair_set_of(results)).minutes_promoted == pytest.approx(30, abs=1)


def test_the_plot_is_a_picture_with_every_judge(results):
    root = ET.fromstring(plot(results, fair_set_of(results)))  # noqa: S314 - our own
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {CONTROLLER, *PEERS} <= set(texts)


def test_a_share_has_a_standard_error_even_where_nothing_happened():
    tally = Tally()
    for _ in range(100):
        tally.add(harm=0.0, back_after=None, promoted_after=30.0)
    assert tally.back_share == 0.0
    assert 0.0 < tally.back_error < 0.01


def test_a_step_that_may_wait_in_an_outage_does_not_raise_the_weight_meanwhile():
    held, by_clock = (measure(Chunk(policy, OUT, 0, 6, 1)) for policy in (HELD.name, "standard"))
    assert held.to_last_step > by_clock.to_last_step
    assert {chunk.cell.release for chunk in chunks(1, 1, (HELD.name,))} == {BAD[6]}


def a_kept_run(folder):
    (folder / "fair.json").write_text(f'{{"standard": {{"{EASY.name}": [400, 2000]}}}}', encoding="utf-8")
    return folder


def a_small_grid(monkeypatch, *arguments):
    monkeypatch.setattr(runs, "grid", lambda: iter([EASY, SAME]))
    monkeypatch.setattr(runs, "without_history", lambda: iter([Cell(GOOD[0], 600, 0.001, has_history=False)]))
    monkeypatch.setattr(sys, "argv", ["judge", "--runs", "2", "--processes", "1", "--policies", "standard", *arguments])


def test_writes_its_report_and_plot_and_leaves_the_checkout_clean(tmp_path, monkeypatch, capsys):
    a_small_grid(monkeypatch, "--out", str(tmp_path / "new"))
    monkeypatch.setattr(command, "BENCH", a_kept_run(tmp_path))
    command.main()
    tmp_path /= "new"
    assert (tmp_path / "results.md").read_text(encoding="utf-8") == capsys.readouterr().out
    assert "## Without history" in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert (tmp_path / "results.svg").read_text(encoding="utf-8").startswith("<svg")
    assert command.OUT.relative_to(Path(__file__).parents[2]).parts[0] == "reports"
    assert not (tmp_path / "fair.json").exists()


def test_a_quick_run_takes_its_fair_cells_from_the_kept_full_run(tmp_path, monkeypatch, capsys):
    a_small_grid(monkeypatch, "--out", str(tmp_path))
    monkeypatch.setattr(command, "BENCH", a_kept_run(tmp_path))
    command.main()
    told = capsys.readouterr().out
    assert "0 under standard. bench/fair.json says which, because these runs are too few." in told
    assert f"| standard | {EASY.name} | 20.00 % | no |" in told


def test_a_quick_run_with_a_broken_fair_set_is_refused_before_it_measures(tmp_path, monkeypatch):
    a_small_grid(monkeypatch, "--out", str(tmp_path))
    monkeypatch.setattr(command, "BENCH", tmp_path)
    monkeypatch.setattr(command, "measure_all", lambda *_: pytest.fail("it measured"))
    (tmp_path / "fair.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"fair\.json must give misses and runs"):
        command.main()


def test_fresh_cells_of_the_policy_that_waits_are_the_bad_ones_inside_an_outage():
    wanted = {cell for cell in fresh_grid(1) if not cell.release.is_good and cell.release.outage}
    assert {chunk.cell for chunk in fresh_chunks(1, 1, (HELD.name,))} == wanted
    assert 0 < len(wanted) < len({chunk.cell for chunk in fresh_chunks(1, 1, ("standard",))}) == len(list(fresh_grid(1)))


def test_a_run_under_every_policy_with_enough_runs_says_which_cells_are_fair(tmp_path, monkeypatch, capsys):
    a_small_grid(monkeypatch, "--out", str(tmp_path))
    monkeypatch.setattr(command, "FULL_RUNS", 2)
    monkeypatch.setattr(command, "POLICIES", ("standard",))
    command.main()
    assert (tmp_path / "fair.json").read_text(encoding="utf-8").splitlines()[2] == f'"{EASY.name}": [0, 2]'
    assert "1 under standard. These runs themselves say which." in capsys.readouterr().out


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
