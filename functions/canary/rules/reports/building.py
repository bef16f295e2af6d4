"""Builds the evidence report of a rollout from its record and its replayed looks. Pure."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING

from canary.rules.judging.judge import log_strength
from canary.rules.judging.split import NO_SPLIT_EVIDENCE, seen_share
from canary.rules.looks.proof import format_e
from canary.rules.reports.coverage import gaps, news
from canary.rules.reports.evidence_report import EvidenceReport, ServedVersion, VerbSent
from canary.rules.reports.metric_rows import deciding_metric, evidence_sum, harm_done, metric_rows
from canary.rules.reports.over_time import decisions, evidence_line, rate_lines, shares, weights
from canary.rules.reports.recomputing import checked
from canary.rules.rollouts.codec import encode
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.price import RATES, price
from canary.rules.rollouts.report import usage_of
from canary.rules.rollouts.watch_course import describe_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.looks.replay import ReplayedLook
    from canary.rules.reports.evidence_report import BrokenRoute
    from canary.rules.rollouts.rollout import Rollout


def report_of(
    rollout: Rollout,
    looks: Sequence[ReplayedLook],
    *,
    broken: Sequence[BrokenRoute] = (),
    broken_note: str = "",
    revert: Rollout | None = None,
) -> EvidenceReport:
    """The report of a rollout. `looks` are in order of time.

    `broken` is what the logs say of the failed requests, `broken_note` how much that covers. `revert` is the rollout that takes
    the release back, as far as it is known.
    """
    last = looks[-1] if looks else None
    rows = metric_rows(looks)
    deciding = deciding_metric(rows)
    set_weights = weights(rollout, looks)
    asked = _asked(last)
    return EvidenceReport(
        rollout=rollout.rollout_id,
        target=rollout.target.name,
        execution=rollout.execution,
        phase=rollout.phase,
        needs_operator=rollout.needs_operator,
        weight_percent=set_weights[-1].weight_percent if set_weights else 0.0,
        started_at=rollout.started_at,
        ended_at=rollout.ended_at,
        started_by=_started_by(rollout),
        labels=rollout.labels,
        reason=(rollout.watch and rollout.watch.reason) or rollout.reason,
        deciding=deciding,
        harm=next((harm_done(looks, row) for row in rows if row.metric == deciding), None),
        live=tuple(_live(rollout, revert)),
        to_do=_to_do(rollout),
        metrics=rows,
        evidence=evidence_sum(last) if last else None,
        weight_asked=asked,
        share_seen=_share_seen(last, asked),
        broken=tuple(broken),
        rates=rate_lines(looks, rows),
        weights=set_weights,
        shares=shares(looks),
        evidence_line=evidence_line(looks),
        decisions=decisions(looks),
        verbs=tuple(_verbs(rollout)),
        news=tuple(news(rollout)),
        gaps=tuple(gaps(rollout, rows)),
        cost=f"{price(usage_of(rollout)).text} (list prices of {RATES.compiled_on}, {RATES.region})",
        trust=trust(looks),
        checked=checked(looks),
        snapshot=encode(rollout.snapshot),
        policy=encode(rollout.plan.policy),
        settings=encode(rollout.target),
        reverted_by=rollout.watch.reverted_by if rollout.watch else None,
        broken_note=broken_note,
        reverts=rollout.reverts,
        revert_phase=revert.phase if revert else None,
        waits_until=_waits_until(rollout),
        watch=(rollout.watch and describe_end(rollout.watch)) or "",
    )


def trust(looks: Sequence[ReplayedLook]) -> str:
    """Whether the evidence, computed again from the recorded minutes, is what the looks recorded."""
    if not looks:
        return "No look is recorded."
    other = [one for one in looks if not one.is_as_recorded]
    if not other:
        return f"The evidence of all {len(looks)} looks, computed again from the recorded minutes, is what they recorded."
    first = other[0]
    then = format_e(log_strength(first.look.log_e, first.look.log_e_assisted))
    return (
        f"Computed again from the recorded minutes, the evidence of {len(other)} of {len(looks)} looks differs from what they "
        f"recorded: the first recorded E {then} and gives E {format_e(first.evidence.log_strength)}. "
        "Another version of the controller judged them, or someone edited the records."
    )


def _share_seen(last: ReplayedLook | None, asked: float | None) -> float | None:
    """The canary's share of the requests under the weight asked; None before a minute of it was judged."""
    split = last.rollout.split if last else NO_SPLIT_EVIDENCE
    return seen_share(split) if asked is not None and isclose(split.share, asked) else None


def _asked(last: ReplayedLook | None) -> float | None:
    """The weight of the newest look's step, as a fraction."""
    return float(last.rollout.plan.policy.steps[last.look.step].weight_percent) / 100 if last else None


def _live(rollout: Rollout, revert: Rollout | None) -> Iterator[ServedVersion]:
    """What base serves after the rollout, as far as the rollout knows; what it served before, if the release is taken back."""
    has_failed = revert is not None and revert.phase in {Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.REFUSED}
    is_reverted = rollout.watch is not None and rollout.watch.reverted_by is not None and not has_failed
    is_promoted = rollout.phase in {Phase.WATCHING, Phase.PROMOTED} and not is_reverted
    for function, version in rollout.snapshot.live.items():
        yield ServedVersion(function, rollout.intent.versions.get(function, version) if is_promoted else version)
    deployment = (rollout.intent if is_promoted else rollout.snapshot).deployment_id
    if deployment:
        yield ServedVersion("deployment", deployment)


def _waits_until(rollout: Rollout) -> float | None:
    """Until when a parked rollout waits for its next step, or a promoted one is watched."""
    if rollout.phase is Phase.PARKED:
        return rollout.parked_until
    return rollout.watch.until if rollout.watch and rollout.phase is Phase.WATCHING else None


def _to_do(rollout: Rollout) -> str:
    if rollout.needs_operator:
        return f"An operator must act: run canary status {rollout.target.name}."
    if rollout.phase is Phase.PARKED:
        return (
            f"Take the next step with canary advance {rollout.target.name}, or end it with canary abort {rollout.target.name}."
        )
    if rollout.watch and rollout.watch.reverted_by:
        return f"See canary explain {rollout.watch.reverted_by}."
    if rollout.phase is Phase.REFUSED:
        return "Correct what the reason names, and start again."
    return "Nothing to do." if rollout.phase.is_terminal else f"Follow it with canary watch {rollout.target.name}."


def _verbs(rollout: Rollout) -> Iterator[VerbSent]:
    """The verbs that took effect."""
    for action in rollout.actions:
        yield VerbSent(action.at, action.verb, action.reason, action.caller.name)


def _started_by(rollout: Rollout) -> str:
    """What the input claims of who started it, or else the execution's name."""
    claims = rollout.started_by.claims if rollout.started_by else ""
    return f"claimed: {claims}" if claims else rollout.execution.rpartition(":")[2]
