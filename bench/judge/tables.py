"""The benchmark's report: the bars, a table of every judge for each policy, and the cells in which the controller is worst.

Harm and missed releases are reported over the fair cells. A judge with low harm and a high false-rollback rate rolls back
everything, so both are in one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.judge.figures import ORDER, figures, multiple, share, worst_share
from bench.judge.rows import harm_multiple, row_of, rows
from bench.measured import CONTROLLER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.judge.fair import FairSet
    from bench.judge.rows import Row
    from bench.measured import CellResult

WORST_TOLD = 8
INTRODUCTION = """# The judge and its peers

These figures are simulated, not measured on AWS. Runs per cell: {runs}; seed {seed}.
The benchmark took {minutes:.1f} minutes. `make bench` repeats it.

In each run every judge met the same requests under the same weights. False rollbacks are rollbacks of good releases: their mean
over the cells, and the worst cell in which both arms fail alike ("1.1 times" has a separate column, because there a test of
equality is never wrong). Missed releases are bad releases that were promoted, over the fair cells. A cell is fair if the oracle
that may only compare the arms misses at most one in twenty there: {fair}. {source}
Harm is a multiple of the harm under Wald's test, which knows both rates and when they change, as the geometric mean over the
fair cells. Numbers after ± are standard errors. The worst of many cells is also the one with the worst luck, so it has two
bounds instead: with 95 % confidence the largest true share of all these cells lies between them (exact binomial intervals, with
the error divided among the cells after Bonferroni). Never quote a low harm without the false rollbacks next to it.

No peer was tuned. CodeDeploy, aws-lambda-deploy, the difference alarm and Argo's example do not read latency. None of the peers
reads 4xx, so all of them miss a lost route. In both arms 0.1, 3 or 30 % of the requests get a 4xx, paired with a base rate of
errors of 0.01, 0.1 or 1 %. "its alarms alone" are this controller's own alarms, which are there for catastrophes.
"""
OWN_SOURCE = "These runs themselves say which."
KEPT_SOURCE = "bench/fair.json says which, because these runs are too few."


def report(results: Sequence[CellResult], fair: FairSet, *, seed: int, seconds: float, fair_source: str = OWN_SOURCE) -> str:
    """The whole report in Markdown. ``fair_source``: the sentence that says which runs decided which cells are fair."""
    with_past = [result for result in results if result.cell.has_history and result.policy in ORDER]
    policies = sorted({result.policy for result in with_past}, key=ORDER.index)
    told = ", ".join(f"{len(fair.fair(_of(with_past, policy)))} under {policy}" for policy in policies)
    runs = ", ".join(f"{_runs(with_past, policy)} under {policy}" for policy in policies)
    parts = [INTRODUCTION.format(runs=runs, seed=seed, minutes=seconds / 60.0, fair=told, source=fair_source)]
    parts.append(figures(results, fair))
    parts += [f"## {policy}\n\n{judges(_of(with_past, policy), fair)}\n" for policy in policies]
    parts.append(_worst_cells(with_past, fair))
    parts.append(_near_the_edge(with_past, fair))
    parts.append(_no_history([result for result in results if not result.cell.has_history], fair))
    return "\n".join(part for part in parts if part)


def judges(results: Sequence[CellResult], fair: FairSet) -> str:
    """Every judge's row over cells of one policy."""
    return "\n".join((f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}", *map(_line, rows(results, fair))))


_COLUMNS = (
    "judge",
    "good rolled back, mean",
    "worst null cell",
    "worst of 1.1 times",
    "bad promoted, mean",
    "worst fair cell",
    "harm",
    "minutes to roll back",
    "minutes to promote",
)


def _of(results: Sequence[CellResult], policy: str) -> list[CellResult]:
    return [result for result in results if result.policy == policy]


def _runs(results: Sequence[CellResult], policy: str) -> int:
    """The fewest runs of any cell under the policy."""
    return min(r.tallies[CONTROLLER].runs for r in _of(results, policy))


def _worst_cells(results: Sequence[CellResult], fair: FairSet) -> str:
    lines = ["## Where the controller is worst\n", "| policy | cell | share |", "|---|---|---|"]
    good = [r for r in results if r.cell.release.is_good]
    for chosen, of_cell in ((good, _falsely_back), (fair.fair(results), _missed)):
        for result in sorted(chosen, key=of_cell, reverse=True)[:WORST_TOLD]:
            tally, kind = result.tallies[CONTROLLER], "rolled back" if result.cell.release.is_good else "promoted"
            lines.append(f"| {result.policy} | {result.cell.name} | {share((of_cell(result), tally.back_error))} {kind} |")
    return "\n".join(lines) + "\n"


def _near_the_edge(results: Sequence[CellResult], fair: FairSet) -> str:
    near = sorted((r for r in results if fair.is_near_edge(r)), key=fair.share)
    if not near:
        return ""
    lines = [
        "## Near the edge of fairness\n",
        "Here the oracle that may only compare the arms misses 2 to 20 % of the bad releases. More than 5 % is not fair.\n",
        "| policy | cell | the oracle misses | fair | this controller promotes | harm |",
        "|---|---|---|---|---|---|",
    ]
    for result in near:
        tally = result.tallies[CONTROLLER]
        cells = (
            result.policy,
            result.cell.name,
            _percent(fair.share(result)),
            "yes" if fair.is_fair(result) else "no",
            share((tally.missed_share, tally.back_error)),
            multiple(harm_multiple([result], CONTROLLER, [result])),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _falsely_back(result: CellResult) -> float:
    return result.tallies[CONTROLLER].back_share


def _missed(result: CellResult) -> float:
    return result.tallies[CONTROLLER].missed_share


def _no_history(results: Sequence[CellResult], fair: FairSet) -> str:
    if not results:
        return ""
    row = row_of(results, CONTROLLER, fair)
    mean = share(row.false_mean) if row.false_mean else ""
    worst = worst_share(row.false_worst) if row.false_worst else ""
    return f"## Without history\n\nGood releases rolled back on the common schedule: mean {mean}, worst {worst}.\n"


def _line(row: Row) -> str:
    cells = [
        row.judge,
        share(row.false_mean) if row.false_mean else "",
        worst_share(row.false_worst) if row.false_worst else "",
        worst_share(row.little_worse, is_named=False) if row.little_worse else "",
        share(row.missed_mean),
        worst_share(row.missed_worst) if row.missed_worst else "",
        multiple(row.harm),
        f"{row.minutes_back:.1f}",
        "" if row.minutes_promoted is None or row.judge.startswith("oracle") else f"{row.minutes_promoted:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _percent(value: float) -> str:
    return f"{value:.2%}".replace("%", " %")
