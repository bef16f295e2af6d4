"""One judge over many cells: what it rolls back, what it lets through, and the harm that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import TYPE_CHECKING

from bench.judge.bounds import largest_share
from bench.measured import WALD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.judge.fair import FairSet
    from bench.measured import CellResult, Tally

LEAST_HARM = 1e-9

Share = tuple[float, float]
"""A share with its standard error."""


@dataclass(frozen=True, slots=True)
class Worst:
    """The cell with the largest share: the share, and the bounds on the largest true share of all `cells` cells."""

    share: float
    low: float
    high: float
    name: str
    cells: int


@dataclass(frozen=True, slots=True)
class Row:
    """One judge over the cells of a policy. ``harm``: a multiple of Wald's, with its standard error."""

    judge: str
    false_mean: Share | None
    false_worst: Worst | None
    little_worse: Worst | None
    missed_mean: Share
    missed_worst: Worst | None
    harm: Share
    minutes_back: float
    minutes_promoted: float | None


def rows(results: Sequence[CellResult], fair: FairSet) -> list[Row]:
    """Each judge's row over cells of one policy."""
    judges = dict.fromkeys(judge for result in results for judge in result.tallies)
    return [row_of(results, judge, fair) for judge in judges]


def row_of(results: Sequence[CellResult], judge: str, fair: FairSet) -> Row:
    """One judge's row."""
    good = [r for r in results if r.cell.release.is_good and judge in r.tallies]
    found = fair.fair(results)
    tallies = [r.tallies[judge] for r in found]
    back = sum(tally.back for tally in tallies)
    promoted = [r.tallies[judge] for r in good]
    kept = sum(tally.runs - tally.back for tally in promoted)
    return Row(
        judge=judge,
        false_mean=mean([(r.tallies[judge].back_share, r.tallies[judge].back_error) for r in good]) if good else None,
        false_worst=worst([r for r in good if r.cell.release.is_null], judge, rolled_back),
        little_worse=worst([r for r in good if not r.cell.release.is_null], judge, rolled_back),
        missed_mean=mean([(tally.missed_share, tally.back_error) for tally in tallies]),
        missed_worst=worst(found, judge, missed),
        harm=harm_multiple(found, judge, found),
        minutes_back=sum(tally.minutes_back for tally in tallies) / back if back else float("nan"),
        minutes_promoted=sum(tally.minutes_promoted for tally in promoted) / kept if kept else None,
    )


def harm_multiple(results: Sequence[CellResult], judge: str, limits: Sequence[CellResult]) -> Share:
    """The geometric mean of the judge's harm divided by that of Wald's test in the same cells of `limits`, and its error."""
    limit = {result.cell: result.tallies[WALD] for result in limits}
    pairs = [(r.tallies[judge], limit[r.cell]) for r in results if r.cell in limit]
    logs = [log(max(one.mean_harm, LEAST_HARM) / max(best.mean_harm, LEAST_HARM)) for one, best in pairs]
    errors = [one.harm_error**2 + best.harm_error**2 for one, best in pairs]
    if not pairs:
        return float("nan"), float("nan")
    multiple = exp(sum(logs) / len(logs))
    return multiple, multiple * sqrt(sum(errors)) / len(errors)


def mean(shares: Sequence[Share]) -> Share:
    """The mean share, with its standard error."""
    if not shares:
        return float("nan"), float("nan")
    return sum(share for share, _ in shares) / len(shares), sqrt(sum(error**2 for _, error in shares)) / len(shares)


def worst(results: Sequence[CellResult], judge: str, counted: Callable[[Tally], int]) -> Worst | None:
    """The cell with the largest share of what is counted; None if there is no cell."""
    if not results:
        return None
    told = [(counted(r.tallies[judge]), r.tallies[judge].runs) for r in results]
    share, name = max(((count / runs, r.cell.name) for (count, runs), r in zip(told, results, strict=True)), key=lambda x: x[0])
    return Worst(share, *largest_share(told), name=name, cells=len(told))


def rolled_back(tally: Tally) -> int:
    """How many runs ended in a rollback."""
    return tally.back


def missed(tally: Tally) -> int:
    """How many runs were let through."""
    return tally.runs - tally.back
