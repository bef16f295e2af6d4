"""The report's table by metric, from the newest look: rates, difference, evidence and verdict, and whom the canary harmed."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

from canary.rules.judging.families import Family
from canary.rules.judging.harm import Harm
from canary.rules.judging.judge import LOG_LIVE_FLOOR
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.findings import Finding
from canary.rules.looks.look_numbers import measured
from canary.rules.looks.proof import find
from canary.rules.looks.replay import compare_minute, intervals_of
from canary.rules.looks.sources import ERRORS, sources_of
from canary.rules.reports.evidence_report import ArmCounts, Estimate, EvidenceSum, HarmDone, MetricRow
from canary.rules.reports.naming import label_of
from canary.rules.reports.weights import weights_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from canary.rules.judging.confidence import Comparison, Interval
    from canary.rules.judging.counts import RawCounts
    from canary.rules.judging.judge import Evidence
    from canary.rules.looks.look_numbers import MinuteRecord
    from canary.rules.looks.replay import ReplayedLook


def metric_rows(looks: Sequence[ReplayedLook]) -> tuple[MetricRow, ...]:
    """Every metric, one that is worse first, then by family."""
    if not looks:
        return ()
    last = looks[-1]
    findings = find(last.rollout, last.evidence, now=last.look.at)
    rows = [_row(looks, metric, finding) for metric, finding in findings.items()]
    return tuple(sorted(rows, key=_rank))


def deciding_metric(rows: Sequence[MetricRow]) -> str | None:
    """The metric that the report's first lines are about: the one that is worse, else the errors, else the first."""
    worse = [row.metric for row in rows if row.finding is Finding.WORSE]
    errors = [row.metric for row in rows if row.metric == ERRORS]
    return next(iter([*worse, *errors, *(row.metric for row in rows)]), None)


def evidence_sum(last: ReplayedLook) -> EvidenceSum:
    """All metrics together after a look."""
    evidence = last.evidence
    return EvidenceSum(evidence.log_strength, evidence.log_bar, evidence.log_e, LOG_LIVE_FLOOR)


def harm_done(looks: Sequence[ReplayedLook], row: MetricRow) -> HarmDone | None:
    """Whom the canary harmed by a metric, minute by minute; None if it had no requests."""
    harm = Harm()
    for counts in _counts(_records(looks), row.metric):
        if counts.is_whole:
            harm = harm.plus(nc=counts.nc, ec=counts.ec or 0, nb=counts.nb, eb=counts.eb or 0)
    if not harm.nc:
        return None
    return HarmDone(
        bad_are=row.bad_are,
        requests=harm.requests,
        canary_requests=harm.nc,
        all_at_once=max(0, round(harm.excess / harm.nc * (harm.nc + harm.nb))),
        is_beyond_chance=harm.is_beyond_chance,
    )


def _rank(row: MetricRow) -> tuple[bool, int, str]:
    families = list(Family)
    return row.finding is not Finding.WORSE, families.index(row.family) if row.family else len(families), row.metric


def _sum(minutes: Iterable[RawCounts]) -> ArmCounts:
    """The counts of the minutes in which both arms' bad requests were counted."""
    whole = [(one.nc, one.ec or 0, one.nb, one.eb or 0) for one in minutes if one.is_whole]
    return ArmCounts(*map(sum, zip(*whole, strict=True))) if whole else ArmCounts()


def _row(looks: Sequence[ReplayedLook], metric: str, finding: Finding) -> MetricRow:
    last = looks[-1]
    source = sources_of(last.rollout).get(metric)
    if source is None:  # latency as a whole, which is not judged without limits from history
        return MetricRow(metric, metric, "", None, finding)
    latest = _latest(looks)
    compared = intervals_of(_restarted(last, latest) if finding is Finding.WORSE else last, metric)
    return MetricRow(
        metric=metric,
        label=label_of(last.rollout, source),
        bad_are=source.bad_are,
        family=source.family,
        finding=finding,
        total=_sum(_counts(_records(looks), metric)),
        latest=_sum(_counts(latest, metric)),
        canary=estimate_of(compared.canary) if compared else None,
        base=estimate_of(compared.base) if compared else None,
        difference=estimate_of(compared.difference) if compared else None,
        log_evidence=_part(last.evidence, metric),
        least_effect=last.rollout.plan.policy.detect.get(source.family),
        silent_since=_silent_since(looks, metric) if finding is Finding.NO_DATA else None,
    )


def _latest(looks: Sequence[ReplayedLook]) -> list[MinuteRecord]:
    """The minutes since the newest look's weight was set; its first looks still fold minutes of the weight before."""
    last = looks[-1]
    set_at = [one.set_at for one in weights_set(last.rollout, [one.look for one in looks]) if one.step == last.look.step]
    return [record for record in _records(looks) if record.minute + MINUTE_SECONDS > max(set_at, default=0.0)]


def _restarted(last: ReplayedLook, latest: Sequence[MinuteRecord]) -> ReplayedLook:
    """The newest look with what the latest minutes alone compare: earlier weights do not thin an effect of this one."""
    compared: dict[str, Comparison] = {}
    for record in latest:
        compared = compare_minute(compared, record)
    return replace(last, compared=compared)


def estimate_of(interval: Interval) -> Estimate:
    """An interval as the report keeps it."""
    return Estimate(*interval)


def _part(evidence: Evidence, metric: str) -> float | None:
    """Ln of what the metric adds to the evidence: the whole is the mean of the metrics, weighted by their stakes."""
    if metric not in evidence.metrics:
        return None
    return log(evidence.history.stakes[metric]) + evidence.log_strength_of(metric)


def _records(looks: Sequence[ReplayedLook]) -> list[MinuteRecord]:
    return [minute.record for look in looks for minute in look.minutes]


def _counts(records: Iterable[MinuteRecord], metric: str) -> Iterator[RawCounts]:
    return (measured(record)[metric] for record in records if metric in record.counts)


def _silent_since(looks: Sequence[ReplayedLook], metric: str) -> float | None:
    spoken = [one.minute for one in _records(looks) if metric in one.counts and one.counts[metric][0] and one.counts[metric][2]]
    return float(max(spoken) + MINUTE_SECONDS) if spoken else None
