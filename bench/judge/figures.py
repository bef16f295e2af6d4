"""The bars that the controller must meet, each with the figure that was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.judge.rows import Worst, harm_multiple, row_of
from bench.measured import ALARMS, CONTROLLER, WALD_ON_EVIDENCE
from bench.policies import HELD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.judge.fair import FairSet
    from bench.measured import CellResult

LEAST_TRAFFIC, HIGHEST_RATE = 6000, 0.001
"""Where a good release must be fast: a hundred requests a second, few errors."""

ORDER = ("standard", "fast", "cautious", "hotfix")
QUICK_BAR = "10 / 30 (`fast`)"


def figures(results: Sequence[CellResult], fair: FairSet) -> str:
    """Every bar with its figure, as a table under its heading."""
    by_policy = {p: [r for r in results if r.policy == p and r.cell.has_history] for p in (*ORDER, HELD.name)}
    lines = ["## What it must achieve\n", "| figure | bar | measured |", "|---|---|---|"]
    for policy in ORDER:
        lines += _shares(policy, by_policy[policy], fair) if by_policy[policy] else ()
        if policy == "standard":
            lines += _harm(by_policy["standard"], by_policy[HELD.name], fair)
        elif policy == "fast":
            lines += _harm_of_fast(by_policy["fast"], by_policy["standard"], fair)
        lines += _minutes(policy, by_policy[policy])
    return "\n".join(lines) + "\n"


def share(told: tuple[float, float]) -> str:
    """A share with its standard error, in percent."""
    return f"{told[0]:.2%} ± {told[1]:.2%}".replace("%", " %")


def worst_share(told: Worst, *, is_named: bool = True) -> str:
    """The worst cell's share, and the bounds that include its choice, in percent."""
    where = f"; {told.name}" if is_named else ""
    return f"{told.share:.2%}".replace("%", " %") + f" ({100 * told.low:.2f} to {100 * told.high:.2f}{where})"


def multiple(told: tuple[float, float]) -> str:
    """Harm with its standard error."""
    return f"{told[0]:.2f} ± {told[1]:.2f}"


def _figure(name: str, bar: str, measured: str) -> str:
    return f"| {name} | {bar} | {measured} |"


def _shares(policy: str, cells: Sequence[CellResult], fair: FairSet) -> Iterable[str]:
    row, alarms = row_of(cells, CONTROLLER, fair), row_of(cells, ALARMS, fair)
    if row.false_worst and alarms.false_worst:
        yield _figure(f"{policy}: good release rolled back, worst cell", "1.0 %", worst_share(row.false_worst))
        yield _figure(f"{policy}: by the alarms alone, worst cell", "0.1 %", worst_share(alarms.false_worst))
    yield _figure(f"{policy}: bad release promoted, mean", "0.5 %", share(row.missed_mean))
    if row.missed_worst:
        yield _figure(f"{policy}: bad release promoted, worst fair cell", "5 %", worst_share(row.missed_worst))


def _harm(cells: Sequence[CellResult], held: Sequence[CellResult], fair: FairSet) -> Iterable[str]:
    found = fair.fair(cells)
    calm = [one for one in found if not one.cell.release.is_disturbed]
    out = [one for one in fair.fair(held) if one.cell.release.outage]
    if found:
        told = harm_multiple(found, CONTROLLER, found)
        yield _figure("standard: harm, multiple of Wald's limit", "1.4", multiple(told))
        settled = told[0] / harm_multiple(found, WALD_ON_EVIDENCE, found)[0]
        yield _figure("the same, its minutes of weight changes left out", "1.4", f"{settled:.2f}")
    if calm:
        name = f"standard: harm in the {len(calm)} fair cells without an outage or a burst"
        yield _figure(name, "1.25 (aim)", multiple(harm_multiple(calm, CONTROLLER, calm)))
    if out:
        name = f"standard: harm in the {len(out)} fair cells inside an outage, the weight not raised meanwhile"
        yield _figure(name, "3", multiple(harm_multiple(out, CONTROLLER, out)))


def _harm_of_fast(cells: Sequence[CellResult], common: Sequence[CellResult], fair: FairSet) -> Iterable[str]:
    limits, found = fair.fair(common), fair.fair(cells)
    if not limits or not found:
        return
    for name, bar, is_late in (("faults from the start", "0.65", False), ("late faults", "2", True)):
        chosen = [result for result in found if result.cell.release.is_late is is_late]
        told = harm_multiple(chosen, CONTROLLER, limits)
        yield _figure(f"fast: harm, multiple of Wald's on the common schedule, {name}", bar, multiple(told))


def _minutes(policy: str, cells: Sequence[CellResult]) -> Iterable[str]:
    quick = [r for r in cells if _must_be_quick(r)]
    calm = [r for r in quick if not r.cell.release.is_disturbed]
    for told, which in ((calm, "where nothing disturbs it"), (quick, "with outages and bursts too")):
        if told:
            last, promoted = _last_weight_and_promotion(told)
            name = f"{policy}: minutes to the last weight / to 100 %, {which}"
            yield _figure(name, QUICK_BAR, f"{last:.1f} / {promoted:.1f}")


def _must_be_quick(result: CellResult) -> bool:
    cell = result.cell
    return cell.release.is_good and cell.traffic >= LEAST_TRAFFIC and cell.base_rate <= HIGHEST_RATE


def _last_weight_and_promotion(results: Sequence[CellResult]) -> tuple[float, float]:
    tallies = [result.tallies[CONTROLLER] for result in results]
    runs, kept = sum(t.runs for t in tallies), sum(t.runs - t.back for t in tallies)
    return sum(r.to_last_step for r in results) / runs, sum(t.minutes_promoted for t in tallies) / max(kept, 1)
