"""What each step of a plan would see, and what a rollout would compare. Pure: from what was read of base's past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from canary.rules.checks.forecast import draft_sources, forecast_rollout
from canary.rules.looks.effects import smallest_effect
from canary.rules.looks.sources import CLIENT_ERRORS, ERRORS, business_metric, percentile_metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.checks.forecast import StepForecast, Traffic
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy
    from canary_cli.planning.past_traffic import PastTraffic

OUTSIDE = ("outside the rollout", "answered without a function of the release")
"""How the notes begin that name what no arm's release answers."""


@dataclass(frozen=True, slots=True)
class StepProspect:
    """One step of the policy. What depends on base's past is None, or empty, without it.

    ``needed_requests``: the canary requests on which it must be judged. ``expected_minutes``: how long those take to arrive;
    None also if base has no traffic. ``expected_requests`` and ``expected_errors``: the canary's during the bake, if it is as
    good as base. ``smallest_regressions``: by metric, the smallest rise of its rate (0 to 1) that the bake's requests would
    show; None if they would show none.
    """

    weight_percent: float
    bake_seconds: int
    needed_requests: int | None = None
    expected_minutes: float | None = None
    longest_minutes: float | None = None
    expected_requests: float | None = None
    expected_errors: float | None = None
    smallest_regressions: Mapping[str, float | None] = field(default_factory=dict)


def steps_of(draft: Rollout, traffic: Traffic | None, past: PastTraffic | None) -> tuple[StepProspect, ...]:
    """Every step. `traffic`: base's last day."""
    policy = draft.plan.policy
    plain = tuple(StepProspect(float(step.weight_percent), step.bake_seconds) for step in policy.steps)
    known = forecast_rollout(draft, traffic) if traffic else ()
    foretold = tuple(map(_with_forecast, plain, known)) if known else plain
    return tuple(_with_past(step, past, policy) for step in foretold) if past else foretold


def _with_forecast(step: StepProspect, one: StepForecast) -> StepProspect:
    return replace(step, needed_requests=one.needed, expected_minutes=one.minutes, longest_minutes=one.allowed_minutes)


def _with_past(step: StepProspect, past: PastTraffic, policy: Policy) -> StepProspect:
    requests = past.per_minute * step.weight_percent / 100 * step.bake_seconds / 60
    evidence = past.evidence(policy)
    metrics = [*past.frozen.minutes] if evidence else []
    seen = {
        metric: smallest_effect(evidence, metric=metric, requests=requests, weight_percent=step.weight_percent)
        for metric in metrics
        if evidence
    }
    return replace(step, expected_requests=requests, expected_errors=requests * past.error_rate, smallest_regressions=seen)


def compared_of(draft: Rollout, past: PastTraffic | None) -> tuple[str, ...]:
    """The metrics that both arms are compared by; without base's past those that the target names."""
    if past is not None:
        return tuple(past.frozen.minutes)
    return tuple(one.metric for one in draft_sources(draft))


def not_compared_of(draft: Rollout, past: PastTraffic | None) -> Iterator[str]:
    """What is not compared, and why, one sentence each."""
    metrics, shifter = draft.target.metrics, draft.target.shifter
    is_logged = shifter.has_access_log and draft.target.access_log_group is not None
    if not metrics.errors:
        yield f"{ERRORS}: the target turns them off"
    if not is_logged:
        yield f"{CLIENT_ERRORS}, and errors that a function returns: they need the stage's access log"
    elif not metrics.client_errors:
        yield f"{CLIENT_ERRORS}: the target turns them off"
    elif past and CLIENT_ERRORS not in past.frozen.minutes:
        yield f"{CLIENT_ERRORS}: only reported, because the release is expected to change them"
    if past:
        yield from (
            f"{percentile_metric(one)}: base has no latency history" for one in metrics.slow if one not in past.frozen.limits_ms
        )
        silent = [one for one in map(business_metric, metrics.business) if not past.frozen.habits[one].is_heard]
        yield from (f"{one}: silent, it had no data in the last day" for one in silent)
    yield from (note for note in draft.plan.notes if note.startswith(OUTSIDE))
