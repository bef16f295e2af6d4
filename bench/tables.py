"""The benchmark's report: a table of every judge for each policy, and the bars that the controller must meet.

Harm and missed releases are reported over the fair cells: those in which even the oracle that may only compare the arms misses
at most one in twenty. A judge with low harm and a high false-rollback rate rolls back everything, so both are in one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import TYPE_CHECKING

from bench.measured import ALARMS, CONTROLLER, WALD, WALD_ON_EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.measured import CellResult, Tally

LEAST_TRAFFIC, HIGHEST_RATE = 6000, 0.001
"""Where a good release must be fast: a hundred requests a second, few errors."""
LEAST_HARM = 1e-9
INTRODUCTION = """# The judge and its peers

These figures are simulated, not measured on AWS. Runs per cell: {runs}; seed {seed}.
The benchmark took {minutes:.1f} minutes. `make bench` repeats it.

In each run every judge met the same requests under the same weights. False rollbacks are rollbacks of good releases: their mean
over the cells, and the worst cell in which both arms fail alike ("1.1 times" has a separate column, because there a test of
equality is never wrong). Missed releases are bad releases that were promoted, over the fair cells. A cell is fair if the oracle
that may only compare the arms misses at most one in twenty there ({fair}).
Harm is a multiple of the harm under Wald's test, which knows both rates and when they change, as the geometric mean over the
fair cells. Numbers after ± are standard errors. The worst of many cells is also the one with the worst luck. Never quote a low
harm without the false rollbacks next to it.

No peer was tuned. CodeDeploy, aws-lambda-deploy, the difference alarm and Argo's example do not read latency. None of the peers
reads 4xx, so all of them miss a lost route. In both arms 0.1, 3 or 30 % of the requests get a 4xx, paired with a base rate of
errors of 0.01, 0.1 or 1 %. "its alarms alone" are this controller's own alarms, which are there for catastrophes.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One judge over the cells of a policy, with shares as (value, standard error, cell)."""

    judge: str
    false_mean: tuple[float, float] | None
    false_worst: tuple[float, float, str] | None
    little_worse: tuple[float, float, str] | None
    missed_mean: tuple[float, float]
    missed_worst: tuple[float, float, str] | None
    harm: tuple[float, float]
    minutes_back: float
    minutes_promoted: float | None


def report(results: Sequence[CellResult], *, seed: int, seconds: float) -> str:
    """The whole report in Markdown."""
    with_past = [result for result in results if result.cell.has_history]
    policies = sorted({result.policy for result in with_past}, key=_ORDER.index)
    fair = ", ".join(f"{sum(r.is_fair for r in with_past if r.policy == p)} under {p}" for p in policies)
    runs = ", ".join(f"{_runs(with_past, policy)} under {policy}" for policy in policies)
    parts = [INTRODUCTION.format(runs=runs, seed=seed, minutes=seconds / 60.0, fair=fair)]
    parts.append(figures(results))
    parts += [table([r for r in with_past if r.policy == policy], policy) for policy in policies]
    parts.append(_worst_cells(with_past))
    parts.append(_no_history([result for result in results if not result.cell.has_history]))
    return "\n".join(part for part in parts if part)


def _runs(results: Sequence[CellResult], policy: str) -> int:
    """The fewest runs of any cell under the policy."""
    return min(r.tallies[CONTROLLER].runs for r in results if r.policy == policy)


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
_ORDER = ("standard", "fast", "cautious", "hotfix")


def rows(results: Sequence[CellResult]) -> list[Row]:
    """Each judge's row over cells of one policy."""
    judges = dict.fromkeys(judge for result in results for judge in result.tallies)
    return [row_of(results, judge) for judge in judges]


def row_of(results: Sequence[CellResult], judge: str) -> Row:
    """One judge's row."""
    good = [r for r in results if r.cell.release.is_good and judge in r.tallies]
    fair = [r for r in results if r.is_fair]
    tallies = [r.tallies[judge] for r in fair]
    back = sum(tally.back for tally in tallies)
    promoted = [r.tallies[judge] for r in good]
    kept = sum(tally.runs - tally.back for tally in promoted)
    return Row(
        judge=judge,
        false_mean=_mean([(r.tallies[judge].back_share, r.tallies[judge].back_error) for r in good]) if good else None,
        false_worst=_worst([r for r in good if r.cell.release.is_null], judge, _back_share),
        little_worse=_worst([r for r in good if not r.cell.release.is_null], judge, _back_share),
        missed_mean=_mean([(tally.missed_share, tally.back_error) for tally in tallies]),
        missed_worst=_worst(fair, judge, _missed_share),
        harm=harm_multiple(fair, judge, fair),
        minutes_back=sum(tally.minutes_back for tally in tallies) / back if back else float("nan"),
        minutes_promoted=sum(tally.minutes_promoted for tally in promoted) / kept if kept else None,
    )


def harm_multiple(results: Sequence[CellResult], judge: str, limits: Sequence[CellResult]) -> tuple[float, float]:
    """The geometric mean of the judge's harm divided by that of Wald's test in the same cells of `limits`, and its error."""
    limit = {result.cell: result.tallies[WALD] for result in limits}
    pairs = [(r.tallies[judge], limit[r.cell]) for r in results if r.cell in limit]
    logs = [log(max(one.mean_harm, LEAST_HARM) / max(best.mean_harm, LEAST_HARM)) for one, best in pairs]
    errors = [one.harm_error**2 + best.harm_error**2 for one, best in pairs]
    if not pairs:
        return float("nan"), float("nan")
    multiple = exp(sum(logs) / len(logs))
    return multiple, multiple * sqrt(sum(errors)) / len(errors)


def table(results: Sequence[CellResult], policy: str) -> str:
    """One policy's table, under its heading."""
    return f"## {policy}\n\n{judges(results)}\n"


def judges(results: Sequence[CellResult]) -> str:
    """Every judge's row over cells of one policy."""
    return "\n".join((f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}", *map(_line, rows(results))))


def figures(results: Sequence[CellResult]) -> str:
    """The bars that the controller must meet, with the measured figures."""
    by_policy = {p: [r for r in results if r.policy == p and r.cell.has_history] for p in _ORDER}
    lines = ["## What it must achieve\n", "| figure | bar | measured |", "|---|---|---|"]
    for policy, cells in by_policy.items():
        lines += _figures_of(policy, cells, by_policy["standard"]) if cells else ()
    return "\n".join(lines) + "\n"


def _figures_of(policy: str, cells: Sequence[CellResult], common: Sequence[CellResult]) -> Iterable[str]:
    row, alarms = row_of(cells, CONTROLLER), row_of(cells, ALARMS)
    if row.false_worst and alarms.false_worst:
        yield _figure(f"{policy}: good release rolled back, worst cell", "1.0 %", _share(row.false_worst))
        yield _figure(f"{policy}: by the alarms alone, worst cell", "0.1 %", _share(alarms.false_worst))
    yield _figure(f"{policy}: bad release promoted, mean", "0.5 %", _share(row.missed_mean))
    if row.missed_worst:
        yield _figure(f"{policy}: bad release promoted, worst fair cell", "5 %", _share(row.missed_worst))
    if policy == "standard":
        yield _figure("standard: harm, multiple of Wald's limit", "1.4", f"{row.harm[0]:.2f} ± {row.harm[1]:.2f}")
        settled = row.harm[0] / row_of(cells, WALD_ON_EVIDENCE).harm[0]
        yield _figure("the same, its minutes of weight changes left out", "1.4", f"{settled:.2f}")
    elif policy == "fast" and common:
        yield from _harm_of_fast(cells, common)
    quick = [r for r in cells if _must_be_quick(r)]
    if quick:
        bar, name = "10 / 30 (`fast`)", f"{policy}: minutes to the last weight / to 100 %"
        calm = [r for r in quick if not r.cell.release.is_disturbed]
        for cells_told, which in ((calm, "where nothing disturbs it"), (quick, "with outages and bursts too")):
            last, promoted = _minutes(cells_told)
            yield _figure(f"{name}, {which}", bar, f"{last:.1f} / {promoted:.1f}")


def _harm_of_fast(cells: Sequence[CellResult], common: Sequence[CellResult]) -> Iterable[str]:
    limits = [result for result in common if result.is_fair]
    fair = [result for result in cells if result.is_fair]
    for name, bar, is_late in (("faults from the start", "0.65", False), ("late faults", "2", True)):
        chosen = [result for result in fair if result.cell.release.is_late is is_late]
        multiple, error = harm_multiple(chosen, CONTROLLER, limits)
        yield _figure(f"fast: harm, multiple of Wald's on the common schedule, {name}", bar, f"{multiple:.2f} ± {error:.2f}")


def _must_be_quick(result: CellResult) -> bool:
    cell = result.cell
    return cell.release.is_good and cell.traffic >= LEAST_TRAFFIC and cell.base_rate <= HIGHEST_RATE


def _minutes(results: Sequence[CellResult]) -> tuple[float, float]:
    tallies = [result.tallies[CONTROLLER] for result in results]
    runs, kept = sum(t.runs for t in tallies), sum(t.runs - t.back for t in tallies)
    return sum(r.to_last_step for r in results) / runs, sum(t.minutes_promoted for t in tallies) / max(kept, 1)


def _worst_cells(results: Sequence[CellResult]) -> str:
    lines = ["## Where the controller is worst\n", "| policy | cell | share |", "|---|---|---|"]
    good = [r for r in results if r.cell.release.is_good]
    fair = [r for r in results if r.is_fair]
    for chosen, share in ((good, _falsely_back), (fair, _missed)):
        for result in sorted(chosen, key=share, reverse=True)[:8]:
            tally, kind = result.tallies[CONTROLLER], "rolled back" if result.cell.release.is_good else "promoted"
            lines.append(f"| {result.policy} | {result.cell.name} | {_share((share(result), tally.back_error))} {kind} |")
    return "\n".join(lines) + "\n"


def _falsely_back(result: CellResult) -> float:
    return result.tallies[CONTROLLER].back_share


def _missed(result: CellResult) -> float:
    return result.tallies[CONTROLLER].missed_share


def _no_history(results: Sequence[CellResult]) -> str:
    if not results:
        return ""
    row = row_of(results, CONTROLLER)
    mean, worst = row.false_mean or (0.0, 0.0), row.false_worst or (0.0, 0.0, "")
    return (
        f"## Without history\n\nGood releases rolled back on the common schedule: mean {_share(mean)}, worst {_share(worst)}.\n"
    )


def _mean(shares: Sequence[tuple[float, float]]) -> tuple[float, float]:
    if not shares:
        return float("nan"), float("nan")
    return sum(share for share, _ in shares) / len(shares), sqrt(sum(error**2 for _, error in shares)) / len(shares)


def _back_share(tally: Tally) -> float:
    return tally.back_share


def _missed_share(tally: Tally) -> float:
    return tally.missed_share


def _worst(results: Sequence[CellResult], judge: str, share: Callable[[Tally], float]) -> tuple[float, float, str] | None:
    if not results:
        return None
    worst = max(results, key=lambda result: share(result.tallies[judge]))
    return share(worst.tallies[judge]), worst.tallies[judge].back_error, worst.cell.name


def _line(row: Row) -> str:
    cells = [
        row.judge,
        _share(row.false_mean) if row.false_mean else "",
        _share(row.false_worst) if row.false_worst else "",
        _share(row.little_worse[:2]) if row.little_worse else "",
        _share(row.missed_mean),
        _share(row.missed_worst) if row.missed_worst else "",
        f"{row.harm[0]:.2f} ± {row.harm[1]:.2f}",
        f"{row.minutes_back:.1f}",
        "" if row.minutes_promoted is None or row.judge.startswith("oracle") else f"{row.minutes_promoted:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _figure(name: str, bar: str, measured: str) -> str:
    return f"| {name} | {bar} | {measured} |"


def _share(share: Sequence[float | str]) -> str:
    value, error, *where = share
    return f"{float(value):.2%} ± {float(error):.2%}".replace("%", " %") + (f" ({where[0]})" if where and where[0] else "")
