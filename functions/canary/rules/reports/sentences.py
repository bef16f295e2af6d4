"""The report's first lines, as plain sentences: HTML and Markdown show the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from canary.rules.looks.findings import Finding
from canary.rules.reports.amounts import clock, evidence, interval_points, lasting, percent, points, span, times, weight
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.taken_back import REVERT_REASON

if TYPE_CHECKING:
    from canary.rules.reports.amounts import LocalTime
    from canary.rules.reports.evidence_report import EvidenceReport, MetricRow

HOW_RATES_ARE_COMPARED = (
    "Rates are compared minute by minute while the weight stood still, so they can differ from the plain counts. The 95 % "
    "intervals hold at every look at once. They rest on this rollout's requests alone and decide nothing; the evidence, which "
    "decides, also knows base's history. The evidence of all metrics adds up to the total, which condemns at its bar."
)


MOST_LISTED = 3
BROKE_HEADS = ("route and status", "canary", "base", "function", "error")


def state(report: EvidenceReport) -> str:
    """How the rollout ended, or how it stands: ``Rolled back``."""
    if report.needs_operator:
        return "Needs operator"
    if report.reverted_by:
        return _reverted(report)
    if report.reverts and report.phase is Phase.PROMOTED:
        return "Revert completed"
    if report.phase is Phase.WATCHING:
        return "Promoted, being watched"
    words = report.phase.value.replace("_", " ").capitalize()
    return words if report.phase.is_terminal or report.phase is Phase.PARKED else f"In progress: {words.lower()}"


def place(report: EvidenceReport) -> str:
    """The weight at which the rollout ended or stands: `` at 25 %``; empty for one that has no canary or is promoted."""
    is_split = report.weights and report.phase not in {Phase.WATCHING, Phase.PROMOTED}
    return f" at {weight(report.weight_percent)}" if is_split else ""


def when(report: EvidenceReport, local: LocalTime) -> str:
    """From when to when, with the zone, and how long."""
    if report.ended_at is None:
        waits = "parked" if report.phase is Phase.PARKED else "watched"
        until = f", {waits} until {local(report.waits_until):%Y-%m-%d %H:%M}" if report.waits_until else ""
        return f"since {local(report.started_at):%Y-%m-%d %H:%M %Z}{until}"
    return f"{span(report.started_at, report.ended_at, local)} ({lasting(report.ended_at - report.started_at)})"


def why(report: EvidenceReport) -> str:
    """The deciding metric in numbers, or the reason if no metric decided."""
    if report.reverted_by:
        return f"The watch after the promotion condemns the release. {_sentence(report.reason)}"
    if report.reverts:
        taken, cause = _takes_back(report), report.reason.removeprefix(REVERT_REASON.format(report.reverts)).removeprefix(": ")
        return f"{taken} {_sentence(cause)}" if cause else taken
    lead = report.lead
    if lead and lead.finding is Finding.WORSE:
        return compared(lead, at=place(report) if len(report.weights) > 1 else "")
    if report.phase in {Phase.WATCHING, Phase.PROMOTED} and lead:
        return f"No metric was worse. {compared(lead)}"
    reason = f"{_sentence(report.reason)} " if report.reason else ""
    return f"{reason}{compared(lead)}" if lead else reason.strip() or "Nothing was compared yet."


def compared(row: MetricRow, *, at: str = "") -> str:
    """Both rates and their difference: ``5xx: 2.9 % canary, 0.05 % base: +2.8 points (+1.9 to +4.1), 58 times as often``."""
    if row.rates is None:
        return f"{row.label}: {row.finding}."
    canary, base = row.rates
    difference, interval = difference_of(row)
    often = f", {times(canary / base)} times as often" if base and row.finding is Finding.WORSE else ""
    return f"{row.label}{at}: {percent(canary)} canary, {percent(base)} base: {difference} points {interval}{often}."


def harmed(report: EvidenceReport) -> str:
    """Whom the canary harmed, and the estimate for a release without a canary."""
    harm = report.harm
    if harm is None:
        return "No canary request was counted."
    if not harm.requests:
        return f"None of {harm.canary_requests:,} canary requests {harm.bad_are} beyond base's rate."
    if not harm.is_beyond_chance:
        of = f"{harm.requests:,} of {harm.canary_requests:,} canary requests {harm.bad_are} beyond base's rate"
        return f"{of}, no more than chance explains."
    how = "requests" if harm.requests > 1 else "request"
    all_at_once = f"about {_about(harm.all_at_once)} in an all-at-once release by then (estimate)"
    return f"{harm.requests:,} {how} {harm.bad_are}; {all_at_once}."


def live(report: EvidenceReport, local: LocalTime) -> str:
    """What serves the requests since the end, and what to do."""
    served = ", ".join(f"{one.name} {one.value}" for one in report.live)
    if report.reverted_by:
        return _now_reverted(report, served)
    since = f"Live since {clock(report.ended_at, local)}" if report.ended_at else "Base serves"
    watched = f" {report.watch}" if report.watch else ""
    return f"{since}: {served}.{watched}"


def shares_line(report: EvidenceReport) -> str:
    """``weight asked 25 %, share seen 24.6 %``."""
    if report.weight_asked is None:
        return "no look was made"
    seen = f", share seen {percent(report.share_seen)}" if report.share_seen is not None else ", no minute judged at it yet"
    return f"weight asked {weight(100 * report.weight_asked)}{seen}"


def sure(report: EvidenceReport) -> str:
    """How sure the verdict is; empty before a look."""
    if report.evidence is None:
        return ""
    bar, seen = evidence(report.evidence.log_bar), evidence(report.evidence.log_e)
    if report.evidence.log_e >= report.evidence.log_bar:
        return f"Evidence {seen} against the canary; {bar} condemns it. At most one good release in {bar} ever reaches that."
    effects = [f"{row.label} of less than {effect_note(row)}" for row in report.metrics if row.least_effect]
    unseen = f" A difference in {' or '.join(effects)} may go unnoticed." if effects else ""
    return f"Evidence {seen} against the canary, where {bar} would condemn it.{unseen}"


def broke(report: EvidenceReport) -> str:
    """``POST /orders 502: 16, GET /orders/{id} 502: 2. orders-write 5: KeyError``; why not, where the logs do not say."""
    failing = [one for one in report.broken if one.canary]
    if not failing:
        return report.broken_note
    listed = ", ".join(f"{one.route}: {one.canary:,}" for one in failing[:MOST_LISTED])
    more = f" and {len(failing) - MOST_LISTED} more" if len(failing) > MOST_LISTED else ""
    said = next((f" {one.function}: {one.error.rstrip('.')}." for one in failing if one.error), "")
    return f"{listed}{more}.{said}"


def verdict_of(row: MetricRow, local: LocalTime) -> str:
    """A metric's verdict, for one without data with the time of the last."""
    since = f" since {clock(row.silent_since, local)}" if row.silent_since else ""
    return f"{row.finding.value}{since}"


def difference_of(row: MetricRow) -> tuple[str, str]:
    """The difference in points, and its interval in brackets: ``+2.8``, ``(+1.9 to +4.1)``."""
    if row.is_just_seen:
        return points(row.counts.canary_rate - row.counts.base_rate), "(no interval yet)"
    if row.difference is None:
        return "-", ""
    value, low, high = interval_points(row.difference)
    return value, f"({low} to {high})"


def counts_of(row: MetricRow) -> tuple[str, str]:
    """Bad requests of the requests behind each arm's rate: ``16 of 720``."""
    counts = row.counts
    return (
        f"{counts.canary_bad:,} of {counts.canary_requests:,}",
        f"{counts.base_bad:,} of {counts.base_requests:,}",
    )


def rates_of(row: MetricRow) -> tuple[str, str]:
    """Both arms' rates."""
    return (percent(row.rates[0]), percent(row.rates[1])) if row.rates else ("-", "-")


def of_bar(log_evidence: float | None, report: EvidenceReport) -> str:
    """Evidence beside the bar that the total must reach: ``137 / 100``."""
    if log_evidence is None or report.evidence is None:
        return "-"
    return f"{evidence(log_evidence)} / {evidence(report.evidence.log_bar)}"


def effect_note(row: MetricRow) -> str:
    """The least difference that every step must have enough traffic to show."""
    return f"{points(row.least_effect)} points" if row.least_effect else ""


def _reverted(report: EvidenceReport) -> str:
    match report.revert_phase:
        case None | Phase.WATCHING | Phase.PROMOTED:
            return "Reverted"
        case Phase.ROLLING_BACK | Phase.ROLLED_BACK | Phase.REFUSED:
            return "Promoted, and its revert failed"
        case Phase.PREPARING | Phase.SHIFTING | Phase.PARKED | Phase.TAKING_ALL | Phase.MOVING_BASE:
            return "Being reverted"
        case _:
            assert_never(report.revert_phase)


def _now_reverted(report: EvidenceReport, served: str) -> str:
    revert = f"Rollout {report.reverted_by}"
    match report.revert_phase:
        case None:  # the report is made as the revert begins, and must stay true afterwards
            return f"{revert} began to take the release back, so that base serves: {served}."
        case Phase.WATCHING | Phase.PROMOTED:
            return f"{revert} took the release back. Base serves: {served}."
        case Phase.ROLLING_BACK | Phase.ROLLED_BACK | Phase.REFUSED:
            return f"{revert} was to take the release back and went back itself. Base serves: {served}."
        case Phase.PREPARING | Phase.SHIFTING | Phase.PARKED | Phase.TAKING_ALL | Phase.MOVING_BASE:
            return f"{revert} is taking the release back. Base then serves: {served}."
        case _:
            assert_never(report.revert_phase)


def _takes_back(report: EvidenceReport) -> str:
    """What a revert does, did, or failed to do."""
    match report.phase:
        case Phase.WATCHING | Phase.PROMOTED:
            return f"It took back rollout {report.reverts}."
        case Phase.ROLLING_BACK | Phase.ROLLED_BACK | Phase.REFUSED:
            return f"It was to take back rollout {report.reverts}."
        case Phase.PREPARING | Phase.SHIFTING | Phase.PARKED | Phase.TAKING_ALL | Phase.MOVING_BASE:
            return f"It is taking back rollout {report.reverts}."
        case _:
            assert_never(report.phase)


def _sentence(words: str) -> str:
    first, space, rest = words.partition(" ")
    start = first.capitalize() if first.isalpha() and first.islower() else first  # a metric's name stays as it is
    return f"{start}{space}{rest}".rstrip(".") + "."


def _about(requests: int) -> str:
    """Two digits of an estimate: ``1,400``."""
    digits = max(0, len(str(requests)) - 2)
    return f"{round(requests, -digits):,}"
