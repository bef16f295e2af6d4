"""What the benchmark reports: bounds that include the choice, the fair cells, the bars, and what is kept."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from bench.cells import BAD, GOOD, Cell
from bench.judge import keep
from bench.judge.bounds import at_least, at_most, largest_share
from bench.judge.command import BENCH, FAIR, JUDGES, PICTURE, RESULTS
from bench.judge.fair import FairSet, fair_set_of, read_fair_set, write_fair_set
from bench.judge.figures import figures
from bench.judge.keep import DOC_BEGINS, DOC_ENDS, NotKeptError
from bench.judge.rows import row_of
from bench.judge.tables import report
from bench.measured import ALARMS, ARMS_ONLY, CONTROLLER, WALD, WALD_ON_EVIDENCE, CellResult, Tally
from bench.policies import HELD

JUDGED = (CONTROLLER, ALARMS, WALD, WALD_ON_EVIDENCE, ARMS_ONLY)


def a_result(release, *, policy="standard", traffic=600, back=None, runs=2000, misses=0, harm=100.0):
    """A cell in which the controller rolls back `back` runs with `harm` each; Wald's harm is 100."""
    found = {judge: Tally(runs=runs, back=runs, harm=100.0 * runs, harm_squared=1e4 * runs) for judge in JUDGED}
    back = (0 if release.is_good else runs) if back is None else back
    found[CONTROLLER] = Tally(runs=runs, back=back, harm=harm * runs, harm_squared=harm**2 * runs)
    found[ALARMS] = Tally(runs=runs, back=0)
    found[ARMS_ONLY] = replace(found[ARMS_ONLY], back=runs - misses)
    return CellResult(policy, Cell(release, traffic, 0.001), found)


def test_an_exact_interval_is_that_of_clopper_and_pearson():
    assert at_most(0, 100, 0.05) == pytest.approx(1 - 0.05**0.01, rel=1e-6)
    assert at_least(100, 100, 0.05) == pytest.approx(0.05**0.01, rel=1e-6)
    assert (at_least(5, 50, 0.025), at_most(5, 50, 0.025)) == (
        pytest.approx(0.03328, abs=1e-5),
        pytest.approx(0.21814, abs=1e-5),
    )
    assert (at_least(0, 9, 0.05), at_most(9, 9, 0.05)) == (0.0, 1.0)


def test_the_bounds_on_the_worst_of_many_cells_hold_the_largest_true_share():
    rng = np.random.default_rng(1)
    true = np.linspace(0.001, 0.01, 100)
    held, too_high = 0, 0
    for _ in range(200):
        counts = rng.binomial(500, true)
        low, high = largest_share([(int(count), 500) for count in counts])
        held += low <= true.max() <= high
        too_high += counts.max() / 500 > true.max()
    assert held >= 190
    assert too_high > 150, "the worst cell's own share is above the truth nearly always"


def test_more_cells_make_the_bounds_wider():
    narrow, wide = largest_share([(9, 2000)]), largest_share([(9, 2000), *[(0, 2000)] * 99])
    assert wide[0] < narrow[0] < 9 / 2000 < narrow[1] < wide[1]
    with pytest.raises(ValueError, match="at least one cell"):
        largest_share([])


def test_a_fair_set_can_be_kept_and_read_again(tmp_path):
    fair = fair_set_of([a_result(BAD[0], misses=7), a_result(BAD[1], policy="fast", misses=300), a_result(GOOD[0])])
    write_fair_set(fair, tmp_path / FAIR)
    assert read_fair_set(tmp_path / FAIR) == fair
    assert {place: counts[0] for place, counts in fair.misses.items()} == {
        ("standard", "x2, 600/min, 0.1 %"): 7,
        ("fast", "x5, 600/min, 0.1 %"): 300,
    }


@pytest.mark.parametrize("text", ['{"standard": {"x": [3, 2]}}', '{"standard": [1]}', '{"standard": {"x": 5}}', "{"])
def test_a_file_that_is_no_fair_set_is_refused_by_name(tmp_path, text):
    (tmp_path / FAIR).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"fair\.json must give misses and runs by policy and cell"):
        read_fair_set(tmp_path / FAIR)


def test_the_kept_fair_set_is_of_the_grid_as_it_is():
    from bench.runs import chunks

    kept = read_fair_set(BENCH / FAIR)
    policies = ("standard", "fast", "cautious", "hotfix", HELD.name)
    bad = {(chunk.policy, chunk.cell.name) for chunk in chunks(1, 1, policies) if not chunk.cell.release.is_good}
    assert set(kept.misses) == bad


def test_what_is_kept_counts_before_what_a_few_runs_say():
    result = a_result(BAD[0], runs=10, misses=1)
    own = fair_set_of([result])
    kept = FairSet({("standard", result.cell.name): (20, 2000)})
    assert not own.is_fair(result)
    assert kept.over(own).is_fair(result)
    assert FairSet({}).over(own).share(result) == 0.1


def test_cells_near_the_edge_of_fairness_are_listed_on_both_sides():
    results = [a_result(BAD[k], misses=misses) for k, misses in enumerate((0, 60, 140, 300, 900))]
    results.append(a_result(GOOD[0]))
    told = report(results, fair_set_of(results), seed=1, seconds=1.0)
    edge = told.partition("## Near the edge of fairness")[2]
    assert [line.split(" | ")[2:4] for line in edge.splitlines() if line.startswith("| standard")] == [
        ["3.00 %", "yes"],
        ["7.00 %", "no"],
        ["15.00 %", "no"],
    ]


def test_the_worst_cells_error_includes_its_choice():
    results = [a_result(release, back=back) for release, back in zip(GOOD[2:6], (2, 9, 0, 0), strict=True)]
    worst = row_of(results, CONTROLLER, FairSet({})).false_worst
    assert worst is not None
    assert (worst.share, worst.name, worst.cells) == (0.0045, results[1].cell.name, 4)
    assert worst.low < 0.0045 - 0.0015 < 0.0045 + 0.0015 < worst.high
    told = figures(results, fair_set_of(results))
    assert f"0.45 % ({100 * worst.low:.2f} to {100 * worst.high:.2f}; bursts, 600/min, 0.1 %)" in told


def test_harm_in_calm_cells_and_inside_outages_have_lines_of_their_own():
    calm, out = a_result(BAD[0], harm=120.0), a_result(BAD[6], harm=480.0)
    held = a_result(BAD[6], policy=HELD.name, harm=250.0)
    told = figures([calm, out, held, a_result(GOOD[0])], fair_set_of([calm, out, held]))
    assert "| standard: harm, multiple of Wald's limit | 1.4 | 2.40 ± 0.00 |" in told
    assert "| standard: harm in the 1 fair cells without an outage or a burst | 1.25 (aim) | 1.20 ± 0.00 |" in told
    assert "inside an outage, the weight not raised meanwhile | 3 | 2.50 ± 0.00 |" in told


def a_full_run(folder):
    folder.mkdir()
    for name in (RESULTS, PICTURE, JUDGES):
        (folder / name).write_text(f"new {name}\n", encoding="utf-8")
    write_fair_set(FairSet({("standard", "x"): (1, 2000)}), folder / FAIR)
    return folder


def test_a_full_run_is_kept_where_the_docs_read_it(tmp_path, monkeypatch, capsys):
    bench, doc = tmp_path / "bench", tmp_path / "how.md"
    bench.mkdir()
    doc.write_text(f"before\n{DOC_BEGINS}\nold\n{DOC_ENDS}\nafter\n", encoding="utf-8")
    folder = a_full_run(tmp_path / "run")
    monkeypatch.setattr(keep, "BENCH", bench)
    monkeypatch.setattr(keep, "DOC", doc)
    monkeypatch.setattr(sys, "argv", ["keep", str(folder)])
    keep.main()
    assert doc.read_text(encoding="utf-8") == f"before\n{DOC_BEGINS}\nnew judges.md\n{DOC_ENDS}\nafter\n"
    assert (bench / RESULTS).read_text(encoding="utf-8") == "new results.md\n"
    assert capsys.readouterr().out.splitlines() == ["bench/results.md", "bench/results.svg", "bench/fair.json", "how.md"]


def test_a_quick_run_is_not_kept(tmp_path, monkeypatch):
    folder = a_full_run(tmp_path / "run")
    (folder / FAIR).unlink()
    monkeypatch.setattr(sys, "argv", ["keep", str(folder)])
    with pytest.raises(SystemExit, match=r"has no fair\.json; make a full run with make bench, then keep it"):
        keep.main()


def test_a_run_whose_fair_set_is_broken_is_not_kept_and_says_why(tmp_path, monkeypatch):
    folder = a_full_run(tmp_path / "run")
    (folder / FAIR).write_text("{", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["keep", str(folder)])
    with pytest.raises(SystemExit, match=r"fair\.json must give misses and runs by policy and cell"):
        keep.main()


def test_a_page_without_a_place_for_the_table_is_refused_before_anything_is_written(tmp_path):
    doc = tmp_path / "how.md"
    doc.write_text("no markers", encoding="utf-8")
    with pytest.raises(NotKeptError, match="the page has no place for the table"):
        keep.keep(a_full_run(tmp_path / "run"), tmp_path, doc)
    assert not (tmp_path / RESULTS).exists()
