"""What a verdict may rest on: how much was judged, what speaks against the canary, and what could not be seen.

Everything that could not be seen is named: a failing instrument, a silent metric, a share that does not match the weight.
None of it counts as evidence against the release, and the step holds while any of it lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp
from typing import TYPE_CHECKING

from canary.rules.judging.families import Family
from canary.rules.judging.silence import Hearing
from canary.rules.looks.findings import Finding, Findings, compare, looks_worse
from canary.rules.looks.listening import business_of, find_remarks, find_silences, hear_all
from canary.rules.looks.sources import CLIENT_ERRORS, ERRORS, FUNCTION_ERRORS, LATENCY, sources_of
from canary.rules.looks.warming import MAY_BE_COLD, slow_while_cold, warm_up_of
from canary.rules.releases.release import Expectation
from canary.rules.rollouts.rollout import MetricCount
from canary.rules.rollouts.steering import NOT_STEERED, Steering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.judging.judge import Evidence
    from canary.rules.rollouts.rollout import Rollout

NEARLY_SECONDS = 15
"""A look this shortly before the bake's end already ends it: looks are a minute apart, and the bake began just after one."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was judged in the present step, and what the judge says about the whole rollout.

    ``needed``: the canary requests that this step must have, 0 if no metric can say.
    ``condemned``: the judge's sentence if it condemns the canary.
    ``suspicion``: why a step that was judged enough waits within its extension instead of going on.
    ``hidden``: why the minutes that were judged prove nothing yet: an outage of base may hide a fault of the canary.
    ``cold``: why the step cannot end yet: the canary is slow, and may be so only because it is new.
    ``blind``: what could not be seen, one sentence each: a failing instrument, a silent metric.
    ``requests_per_minute``: the canary's. ``silent_minutes``: the step's minutes without a canary request.
    ``invoked``: how often Lambda ran the canary's functions in the step, if that was asked.
    ``behind``: complete minutes that this look could not fold any more.
    ``compared``: both arms' errors in numbers; ``findings``: what each metric has shown; ``notes``: what else to say.
    """

    judged_minutes: int
    requests: int
    needed: int
    requests_per_minute: float = 0.0
    silent_minutes: int = 0
    is_safe: bool = False
    condemned: str | None = None
    suspicion: str | None = None
    hidden: str | None = None
    cold: str | None = None
    blind: tuple[str, ...] = ()
    invoked: int | None = None
    behind: int = 0
    compared: str = ""
    findings: Mapping[str, Finding] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in the rollout a look happens. Times are epoch seconds; ``blind_since`` is None while everything can be seen.

    ``steering``: what operators want.
    """

    now: float
    step_index: int
    baking_since: float
    first_shift: float
    blind_since: float | None = None
    steering: Steering = NOT_STEERED


def moment_of(rollout: Rollout, now: float) -> Moment:
    """Where the rollout is at `now` (epoch seconds)."""
    return Moment(
        now=now,
        step_index=rollout.step.index,
        baking_since=rollout.step.baking_since or now,
        first_shift=rollout.first_shift or now,
        blind_since=rollout.blind_since,
        steering=rollout.steering,
    )


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
        suspicion=_with_counts(rollout, find_suspicion(evidence), (_worst(evidence),) if evidence.is_suspicious else ()),
        hidden=_with_counts(rollout, find_hidden(evidence, step.metrics), _hidden_in(evidence, step.metrics)),
        cold=_cold(rollout, evidence),
        blind=(*faults, *find_silences(rollout, is_step_over=_is_step_over(rollout, evidence, now))),
        compared=_compared(rollout),
        findings=find(rollout, evidence, now=now),
        notes=(*notes, *_limits(rollout), *find_remarks(rollout)),
    )


def find(rollout: Rollout, evidence: Evidence, *, now: float) -> Findings:
    """What each metric has shown in the present step."""
    heard = hear_all(rollout, is_step_over=_is_step_over(rollout, evidence, now))
    sources = sources_of(rollout)
    undecided = {*_hidden_in(evidence, rollout.step.metrics), *_slow_while_cold(rollout, evidence)}
    if evidence.is_suspicious:
        undecided.add(_worst(evidence))
    findings = {
        metric: _finding(
            rollout, evidence, metric, heard.get(sources[metric].heard_as, Hearing.NOT_SHOWN), is_undecided=metric in undecided
        )
        for metric in _named(rollout, evidence)
    }
    if rollout.target.metrics.slow and not rollout.limits_ms:
        findings[LATENCY] = Finding.NOT_JUDGED
    return findings


def _named(rollout: Rollout, evidence: Evidence) -> tuple[str, ...]:
    """The metrics that are judged, and those that are only reported: expected 4xx, business metrics that can show nothing."""
    is_expected = Expectation.CLIENT_ERRORS in rollout.plan.expects and CLIENT_ERRORS in rollout.totals
    left_out = (metric for metric in business_of(rollout) if metric not in evidence.metrics)
    return (*evidence.metrics, *((CLIENT_ERRORS,) if is_expected else ()), *left_out)


def _finding(rollout: Rollout, evidence: Evidence, metric: str, heard: Hearing, *, is_undecided: bool) -> Finding:
    if metric not in evidence.metrics:
        return Finding.NOT_JUDGED
    if evidence.is_condemned and metric == _worst(evidence):
        return Finding.WORSE
    if heard is Hearing.SILENT:
        return Finding.NO_DATA
    if is_undecided:
        return Finding.TOO_FEW
    count = rollout.step.metrics.get(metric, MetricCount())
    if count.nb and count.eb == count.nb:  # no canary can be worse than that
        return Finding.NOT_JUDGED
    is_shown = count.nb > 0 and count.nc >= rollout.plan.policy.min_requests
    return Finding.NOT_WORSE if is_shown else Finding.TOO_FEW


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
    """What a good verdict does not cover, and what it rests on besides the access log.

    Not covered are routes outside the rollout, and effects that are too small to look for.
    """
    outside = rollout.target.outside
    if outside.routes or outside.authorizers:
        routes = [" ".join(("/".join(route.methods), route.path)).strip() for route in outside.routes]
        yield f"outside the rollout: {', '.join((*routes, *(f'authorizer {name}' for name in outside.authorizers)))}"
    if functions := rollout.plan.function_errors:
        yield f"{FUNCTION_ERRORS} are the invocations of {', '.join(functions)} that Lambda counts as failed"
    if Family.ERRORS in rollout.plan.policy.detect and rollout.target.metrics.errors:
        points = 100 * rollout.plan.policy.detect[Family.ERRORS]
        unit = "percentage point" if points == 1 else "percentage points"
        yield f"an error rate that is less than {points:g} {unit} higher may go unnoticed"


def _compared(rollout: Rollout) -> str:
    """The step's errors in both arms, and 4xx if they are only reported."""
    metrics, sources = rollout.step.metrics, sources_of(rollout)
    reported: tuple[str, ...] = ()
    if Expectation.CLIENT_ERRORS in rollout.plan.expects and CLIENT_ERRORS in metrics:
        reported = (f"{compare(sources[CLIENT_ERRORS], metrics[CLIENT_ERRORS])}, as the release expects",)
    errors = [compare(sources[one], metrics[one]) for one in (ERRORS, FUNCTION_ERRORS) if one in metrics]
    return "; ".join((*errors, *reported))


def _condemnation(rollout: Rollout, evidence: Evidence) -> str:
    """The numbers of the deciding metric over the whole rollout."""
    worst = _worst(evidence)
    numbers = compare(sources_of(rollout)[worst], rollout.totals.get(worst, MetricCount()))
    priors = "" if evidence.has_history(worst) else "; judged on stated priors because there is no history"
    strength, bar = format_e(evidence.log_strength), format_e(evidence.log_bar)
    return f"the canary is worse than base in {worst}: {numbers}; E {strength}, the bar is {bar}{priors}"


def find_suspicion(evidence: Evidence) -> str | None:
    """Why the step should see more before it ends: the evidence leans against the canary, or base is in an outage."""
    if out := evidence.newly_in_outage:
        return f"base fails far more often than in its history ({', '.join(out)})"
    if evidence.is_suspicious:
        strength, bar = format_e(evidence.log_strength), format_e(evidence.log_bar)
        return f"the evidence leans against the canary (E {strength}, the bar is {bar})"
    return None


def _cold(rollout: Rollout, evidence: Evidence) -> str | None:
    cold = _slow_while_cold(rollout, evidence)
    return _with_counts(rollout, MAY_BE_COLD, cold) if cold else None


def _slow_while_cold(rollout: Rollout, evidence: Evidence) -> tuple[str, ...]:
    counted, allowed = rollout.step.metrics, warm_up_of(rollout)
    return slow_while_cold(evidence, counted, rollout.judged_to, shifts=rollout.shifts, warm_up=allowed)


def find_hidden(evidence: Evidence, counted: Mapping[str, MetricCount]) -> str | None:
    """Why the step's counts prove nothing yet: base is in an outage, and the canary fails more often than base."""
    hidden = _hidden_in(evidence, counted)
    if not hidden:
        return None
    return f"base fails far more often than in its history, and the canary more often than base ({', '.join(hidden)})"


def _hidden_in(evidence: Evidence, counted: Mapping[str, MetricCount]) -> tuple[str, ...]:
    """The metrics in which an outage of base may hide a fault."""
    return tuple(name for name in evidence.in_outage if looks_worse(counted.get(name, MetricCount())))


def _with_counts(rollout: Rollout, why: str | None, metrics: tuple[str, ...]) -> str | None:
    """A reason with what the step has counted of these metrics."""
    sources, counted = sources_of(rollout), rollout.step.metrics
    numbers = (f"{name}: {compare(sources[name], counted[name])}" for name in metrics if name in counted)
    return "; ".join((why, *numbers)) if why else None


def _worst(evidence: Evidence) -> str:
    return max(evidence.metrics, key=lambda metric: max(_strengths(evidence, metric)))


def _strengths(evidence: Evidence, metric: str) -> Iterator[float]:
    yield evidence.metrics[metric].log_e
    yield evidence.log_e_assisted_of(metric)


def format_e(log_e: float) -> str:
    """An e-value in readable form, from its natural logarithm."""
    return f"{exp(log_e):.3g}" if log_e < 500 else f"e^{log_e:.0f}"  # noqa: PLR2004 - exp overflows at 709
