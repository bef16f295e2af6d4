"""What a verdict may rest on: how much was judged, what speaks against the canary, and what could not be seen.

Everything that could not be seen is named: a failing instrument, a silent metric, a share that does not match the weight.
None of it counts as evidence against the release, and the step holds while any of it lasts.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

from canary.rules.judging.silence import Hearing
from canary.rules.looks.findings import Finding, Findings, compare, limits_of
from canary.rules.looks.listening import LATENCY, REQUESTS, find_remarks, find_silences, hear_all
from canary.rules.looks.sources import CLIENT_ERRORS
from canary.rules.looks.verdict import NEARLY_SECONDS, Proof
from canary.rules.releases.release import Expectation
from canary.rules.rollouts.rollout import MetricCount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.judging.judge import Evidence
    from canary.rules.rollouts.rollout import Rollout


def prove(
    rollout: Rollout, evidence: Evidence, *, now: float, faults: tuple[str, ...] = (), notes: tuple[str, ...] = ()
) -> Proof:
    """What the verdict may rest on at `now`, after the new minutes were folded.

    `faults`: what the check of the instruments found, one sentence each; `notes`: what else the verdict must say.
    """
    step = rollout.step
    minutes = step.judged_minutes + step.silent_minutes
    return Proof(
        judged_minutes=step.judged_minutes,
        requests=step.requests,
        needed=rollout.needed[step.index],
        requests_per_minute=step.requests / minutes if minutes else 0.0,
        silent_minutes=step.silent_minutes,
        is_safe=evidence.is_safe,
        condemned=_condemnation(rollout, evidence) if evidence.is_condemned else None,
        blind=(*faults, *find_silences(rollout, is_step_over=_is_step_over(rollout, evidence, now))),
        compared=_compared(rollout),
        findings=find(rollout, evidence, now=now),
        notes=(*notes, *_limits(rollout), *find_remarks(rollout)),
    )


def find(rollout: Rollout, evidence: Evidence, *, now: float) -> Findings:
    """What each metric has shown in the present step."""
    heard = hear_all(rollout, is_step_over=_is_step_over(rollout, evidence, now))
    findings = {metric: _finding(rollout, evidence, metric, heard) for metric in _named(rollout, evidence)}
    if rollout.target.metrics.slow and not rollout.limits_ms:
        findings[LATENCY] = Finding.NOT_JUDGED
    return findings


def _named(rollout: Rollout, evidence: Evidence) -> tuple[str, ...]:
    """The metrics that are judged, and 4xx if the release expects other 4xx and they are only reported."""
    is_expected = Expectation.CLIENT_ERRORS in rollout.plan.expects and CLIENT_ERRORS in rollout.totals
    return (*evidence.metrics, *((CLIENT_ERRORS,) if is_expected else ()))


def _finding(rollout: Rollout, evidence: Evidence, metric: str, heard: dict[str, Hearing]) -> Finding:
    if metric not in evidence.metrics:
        return Finding.NOT_JUDGED
    if evidence.is_condemned and metric == _worst(evidence):
        return Finding.WORSE
    if heard[_spoken_as(rollout, metric)] is Hearing.SILENT:
        return Finding.NO_DATA
    count = rollout.step.metrics.get(metric, MetricCount())
    is_shown = count.nb > 0 and count.nc >= rollout.plan.policy.min_requests
    return Finding.NOT_WORSE if is_shown else Finding.TOO_FEW


def _spoken_as(rollout: Rollout, metric: str) -> str:
    if metric in rollout.habits:
        return metric
    return LATENCY if metric.removeprefix("slow_") in rollout.limits_ms else REQUESTS


def _is_step_over(rollout: Rollout, evidence: Evidence, now: float) -> bool:
    """Whether the step would end now if every metric had data: it is proven, safe enough to end early, or out of extension."""
    step, policy = rollout.step, rollout.plan.policy
    if step.baking_since is None or not step.judged_minutes:
        return False
    if policy.early_advance and evidence.is_safe:
        return True
    end = step.baking_since + policy.steps[step.index].bake_seconds
    is_proven = step.requests >= rollout.needed[step.index]
    return now + NEARLY_SECONDS >= end and (is_proven or now >= end + policy.max_extension_seconds)


def _limits(rollout: Rollout) -> Iterator[str]:
    """What a good verdict does not cover: routes outside the rollout, and effects that are too small to look for."""
    outside = rollout.target.outside
    if outside.routes or outside.authorizers:
        routes = [" ".join(("/".join(route.methods), route.path)).strip() for route in outside.routes]
        yield f"outside the rollout: {', '.join((*routes, *(f'authorizer {name}' for name in outside.authorizers)))}"
    if "errors" in rollout.plan.policy.detect and rollout.target.metrics.errors:
        points = 100 * rollout.plan.policy.detect["errors"]
        yield f"an error rate higher by less than {points:g} points need not show"


def _compared(rollout: Rollout) -> str:
    """The step's errors in both arms, and 4xx if they are only reported."""
    metrics = rollout.step.metrics
    reported: tuple[str, ...] = ()
    if Expectation.CLIENT_ERRORS in rollout.plan.expects and CLIENT_ERRORS in metrics:
        reported = (f"{compare(CLIENT_ERRORS, metrics[CLIENT_ERRORS])}, as the release expects",)
    errors = (compare("errors", metrics["errors"]),) if "errors" in metrics else ()
    return "; ".join((*errors, *reported))


def _condemnation(rollout: Rollout, evidence: Evidence) -> str:
    """The numbers of the deciding metric over the whole rollout."""
    worst = _worst(evidence)
    numbers = compare(worst, rollout.totals.get(worst, MetricCount()), limits_of(rollout, worst))
    priors = "" if evidence.has_history(worst) else "; judged on stated priors because there is no history"
    strength, bar = format_e(evidence.log_strength), format_e(evidence.log_bar)
    return f"the canary is worse than base in {worst}: {numbers}; E {strength}, the bar is {bar}{priors}"


def _worst(evidence: Evidence) -> str:
    return max(evidence.metrics, key=lambda metric: max(_strengths(evidence, metric)))


def _strengths(evidence: Evidence, metric: str) -> Iterator[float]:
    yield evidence.metrics[metric].log_e
    yield evidence.metrics[metric].log_e_assisted


def format_e(log_e: float) -> str:
    """An e-value in readable form, from its natural logarithm."""
    return f"{exp(log_e):.3g}" if log_e < 500 else f"e^{log_e:.0f}"  # noqa: PLR2004 - exp overflows at 709
