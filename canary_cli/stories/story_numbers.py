"""The numbers behind a decision, as lines: the evidence, each metric's counts with its intervals, and the minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.judging.judge import LOG_LIVE_FLOOR
from canary.rules.looks.proof import format_e
from canary.rules.looks.replay import intervals_of
from canary.rules.reports.amounts import lasting
from canary.rules.rollouts.price import price
from canary.rules.rollouts.report import usage_of
from canary.rules.rollouts.rollout import MetricCount, Rollout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.judging.confidence import Interval
    from canary.rules.looks.replay import ReplayedLook, ReplayedMinute
    from canary.rules.rollouts.watched import PromotionWatch


@dataclass(frozen=True, slots=True)
class MinuteTable:
    """The recorded minutes: a row for each, its start in epoch seconds beside its cells."""

    headers: tuple[str, ...]
    starts_at: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]


def evidence_line(one: ReplayedLook) -> str:
    """E so far, and what it must reach."""
    evidence = one.evidence
    return (
        f"evidence that the canary is worse: E {format_e(evidence.log_strength)}, the bar is {format_e(evidence.log_bar)}; "
        f"without history E {format_e(evidence.log_e)}, the bar is {format_e(LOG_LIVE_FLOOR)}"
    )


def watch_lines(watch: PromotionWatch) -> Iterator[str]:
    """What a watch after promotion judged of each metric, its evidence, and what it could not see."""
    for name, one in watch.metrics.items():
        seen = f"{one.bad:,} of {one.requests:,} requests in {one.minutes} minutes"
        yield f"{name}: {seen}; usual {one.usual:.2%}, ceiling {one.ceiling:.2%}"
    yield f"evidence against the release: E {format_e(watch.log_e)}"
    yield from (f"not seen: {sentence}" for sentence in watch.unseen)


def metric_lines(one: ReplayedLook, *, is_leading_alone: bool) -> tuple[str, ...]:
    """Each metric's counts since the first minute, the difference of the arms, and its own E; the most evidence comes first.

    With ``is_leading_alone`` only that one.
    """
    judged = sorted(one.evidence.metrics, key=lambda metric: -_log_e(one, metric))
    reported = sorted(one.rollout.totals.keys() - one.evidence.metrics.keys())
    shown = judged[:1] if is_leading_alone else [*judged, *reported]
    return tuple(_metric_line(one, metric) for metric in shown)


def _log_e(one: ReplayedLook, metric: str) -> float:
    return one.evidence.log_strength_of(metric)


def _metric_line(one: ReplayedLook, metric: str) -> str:
    count = one.rollout.totals.get(metric, MetricCount())
    parts = [f"{metric}: bad were {_share(count.ec, count.nc)} of the canary and {_share(count.eb, count.nb)} of base"]
    if found := intervals_of(one, metric):
        parts.append(f"difference {_points(found.difference)}")
    parts.append(f"E {format_e(_log_e(one, metric))}" if metric in one.evidence.metrics else "reported, not judged")
    bad_counts = one.rollout.bad_counts.get(metric)
    if bad_counts and not all(bad_counts.there):
        parts.append("in some minutes the bad requests were not counted")
    return "; ".join(parts)


def _share(bad: int, requests: int) -> str:
    return f"{bad:,} of {requests:,} ({100 * bad / requests:.2f} %)" if requests else "0 of 0"


def _points(interval: Interval) -> str:
    low, high = 100 * interval.low, 100 * interval.high
    return f"{100 * interval.estimate:+.2f} points ({low:+.2f} to {high:+.2f})"


def minute_table(looks: Sequence[ReplayedLook]) -> MinuteTable:
    """Each minute as it was folded: bad requests of the requests in each arm, and the evidence after it."""
    minutes = [minute for look in looks for minute in look.minutes]
    metrics = sorted({metric for minute in minutes for metric in minute.record.counts})
    return MinuteTable(
        headers=("minute", "step", "use", *(f"{metric} (canary, base)" for metric in metrics), "E"),
        starts_at=tuple(float(minute.record.minute) for minute in minutes),
        rows=tuple(_row(minute, metrics) for minute in minutes),
    )


def _row(minute: ReplayedMinute, metrics: Sequence[str]) -> tuple[str, ...]:
    cells = [_cell(minute.record.counts.get(metric)) for metric in metrics]
    use = minute.record.use.replace("_", " ")
    return (str(minute.step + 1), use, *cells, format_e(minute.evidence.log_strength))


def _cell(counts: tuple[int, int | None, int, int | None] | None) -> str:
    if counts is None:
        return "-"
    nc, ec, nb, eb = counts
    return f"{_bad(ec)}/{nc}, {_bad(eb)}/{nb}"


def _bad(count: int | None) -> str:
    return "?" if count is None else str(count)


def balance_lines(rollout: Rollout, ended_at: float) -> Iterator[str]:
    """What an ended rollout harmed, how long it lasted, and what it cost."""
    harm = rollout.harm
    if harm.nc:
        chance = "more than chance explains" if harm.is_beyond_chance else "no more than chance explains"
        yield f"{harm.requests:,} of {harm.nc:,} canary requests were harmed ({chance})"
    if rollout.steering.paused_seconds:
        yield f"pauses stopped the bake's clock for {lasting(rollout.steering.paused_seconds)} in all"
    yield f"it lasted {lasting(ended_at - rollout.started_at)} and cost {price(usage_of(rollout)).text}"
