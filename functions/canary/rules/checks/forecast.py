"""How long each step will take at base's present traffic, reported before anything is changed.

This is an expectation from base's last day, not a promise. A step needs a number of canary requests, and base's requests per
minute say how long they take to arrive. If that is longer than the step may last, the rollout would hold, which is better known
in advance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.families import stakes
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.looks.effects import requests_needed_by_step
from canary.rules.looks.look_schedule import usual_looks, usual_watch_looks
from canary.rules.looks.promotion import promoted_source
from canary.rules.looks.sources import ERRORS, FUNCTION_ERRORS, all_sources, charged, latency_series
from canary.rules.releases.problems import Problem
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.report import usage_of
from canary.rules.rollouts.rollout import StepState, Tally
from canary.rules.rollouts.watched import PromotionWatch
from canary.rules.targets.policy import QUIET, WhenQuiet, WhenUnproven

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.judging.judge import Evidence
    from canary.rules.looks.sources import ArmSource, Source
    from canary.rules.releases.release import Request
    from canary.rules.rollouts.price import Usage
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy

HIGHEST_WEIGHT_PERCENT = 90
SHORT_MINUTES = 2
DRAINS = 3
"""How often a promotion usually checks whether base has drained."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Base's last day: (requests, failed requests) of each minute with requests, and the average requests per minute."""

    minutes: tuple[tuple[int, int], ...]
    per_minute: float


@dataclass(frozen=True, slots=True)
class StepForecast:
    """One step: its weight in percent, the canary requests it needs, how long they take, and how long it may last.

    ``minutes`` is None if base has no traffic.
    """

    weight_percent: Decimal
    needed: int
    minutes: float | None
    allowed_minutes: float

    @property
    def fits(self) -> bool:
        """Whether the requests arrive before the step and its extension end."""
        return self.minutes is not None and self.minutes <= self.allowed_minutes

    def __str__(self) -> str:
        took = "never at this traffic" if self.minutes is None else f"in about {in_minutes(self.minutes)}"
        needs = f"{self.weight_percent:g} % needs {self.needed:,} canary requests"
        return f"{needs}, {took}; it may last {in_minutes(self.allowed_minutes)}"


def forecast_start(rollout: Rollout, traffic: Traffic) -> str | None:
    """Why base's traffic is too little to start this rollout; None if it is enough."""
    return find_quiet(rollout.plan.policy, _begin_evidence(rollout, traffic), traffic.per_minute)


def forecast_rollout(rollout: Rollout, traffic: Traffic) -> tuple[StepForecast, ...]:
    """Each step of a rollout that is to start at this traffic."""
    return forecast_steps(rollout.plan.policy, _begin_evidence(rollout, traffic), traffic.per_minute)


def summarize(forecasts: tuple[StepForecast, ...], per_minute: float) -> str:
    """The forecast in one line."""
    return ". ".join((f"base had {per_minute:,.1f} requests per minute in the last day", *map(str, forecasts)))


def in_minutes(minutes: float) -> str:
    """A tenth of a minute matters only below two."""
    return f"{minutes:.0f} min" if minutes >= SHORT_MINUTES else f"{minutes:.1f} min"


def forecast_usage(rollout: Rollout) -> Usage:
    """What a rollout uses if every step ends with its bake, nothing speaks against the release, and it is promoted."""
    policy, look_seconds = rollout.plan.policy, rollout.plan.look_seconds or MINUTE_SECONDS
    arms = [arm for one in draft_sources(rollout) for arm in (one.base, one.canary)]
    looks = sum(usual_looks(policy, look_seconds, step.bake_seconds) for step in policy.steps)
    watched = usual_watch_looks(policy, look_seconds)
    metrics = looks * _charged(arms) + watched * _charged([promoted_source(rollout, one).arm for one in draft_sources(rollout)])
    tally = Tally(looks=looks, drains=DRAINS, metrics_requested=metrics)
    watch = PromotionWatch(since=0.0, until=policy.watch_seconds, looks=watched) if watched else None
    step = StepState(index=len(policy.steps) - 1)
    return usage_of(replace(rollout, phase=Phase.PROMOTED, step=step, tally=tally, watch=watch))


def _charged(arms: Sequence[ArmSource]) -> int:
    return charged({one for arm in arms for one in (*arm.requests, *arm.bad)})


def draft_sources(rollout: Rollout) -> tuple[Source, ...]:
    """Everything that a rollout will compare. Its latency limits are not known yet, and none of its metrics depends on them."""
    target, snapshot, intent = rollout.target, rollout.snapshot, rollout.intent
    latency = latency_series(target, snapshot, intent)
    limits = dict.fromkeys(target.metrics.slow, (0.0,) * len(latency.base))
    return all_sources(target, snapshot, intent, limits, functions=rollout.plan.function_errors)


def says_what_follows(request: Request) -> bool:
    """Whether the input itself says what follows from too little proof."""
    return request.policy_override is not None and request.policy_override.when_unproven is not None


def _begin_evidence(rollout: Rollout, traffic: Traffic) -> Evidence:
    policy = rollout.plan.policy
    families = {one.metric: one.family for one in draft_sources(rollout)}
    histories = {metric: traffic.minutes if metric in {ERRORS, FUNCTION_ERRORS} else () for metric in families}
    return begin_evidence(histories, families=families, stakes=stakes(families), alpha=policy.alpha)


def forecast_steps(policy: Policy, evidence: Evidence, per_minute: float) -> tuple[StepForecast, ...]:
    """Each step at `per_minute` requests per minute; `evidence` is frozen from base's history, before its first minute."""
    needed = requests_needed_by_step(policy, evidence)
    return tuple(
        StepForecast(
            weight_percent=step.weight_percent,
            needed=requests,
            minutes=requests / (per_minute * float(step.weight_percent) / 100) if per_minute > 0 else None,
            allowed_minutes=(step.bake_seconds + policy.max_extension_seconds) / 60,
        )
        for step, requests in zip(policy.steps, needed, strict=True)
    )


def find_quiet(policy: Policy, evidence: Evidence, per_minute: float) -> str | None:
    """Why base's traffic is too little for the policy's steps, and what would be enough; None if it is enough."""
    slow = [step for step in forecast_steps(policy, evidence, per_minute) if not step.fits]
    if not slow:
        return None
    worst = max(slow, key=lambda step: step.minutes or 0.0)
    return "; ".join((_shortage(worst, per_minute), *_young(evidence), _remedy(policy, evidence, per_minute)))


def quiet_problem(policy: Policy, quiet: str | None, *, is_decided: bool) -> Problem | None:
    """Too little traffic as a problem, under `when_quiet: refuse`.

    `is_decided`: the user set `when_unproven` to say what follows from a lack of proof, so nothing is refused for it.
    """
    if quiet is None or is_decided or policy.when_quiet is WhenQuiet.GO or policy.when_unproven is not WhenUnproven.HOLD:
        return None
    return Problem("policy.when_quiet", quiet, "start it when there is more traffic, or with when_quiet: go")


def _shortage(step: StepForecast, per_minute: float) -> str:
    if step.minutes is None:
        return f"base had no request in the last day, and the step at {step.weight_percent} % needs {step.needed} of the canary"
    return (
        f"base had {per_minute:.1f} requests per minute in the last day: the step at {step.weight_percent} % needs "
        f"{step.needed} canary requests, about {step.minutes:.0f} minutes, and may last {step.allowed_minutes:.0f}"
    )


def _young(evidence: Evidence) -> Iterator[str]:
    if ERRORS in evidence.metrics and not evidence.has_history(ERRORS):
        yield "base has too little history, and the stated priors used instead need more requests than history would"


def _remedy(policy: Policy, evidence: Evidence, per_minute: float) -> str:
    remedies = []
    if (percent := _weight_percent_that_fits(policy, evidence, per_minute)) is not None:
        remedies.append(f"steps of {percent} % or more would be enough")
    if policy.name != QUIET.name and all(step.fits for step in forecast_steps(QUIET, evidence, per_minute)):
        remedies.append(f"policy {QUIET.name} would be enough, which looks for larger effects")
    return ", or ".join(remedies) or "no weight and no shipped policy is enough at this traffic"


def _weight_percent_that_fits(policy: Policy, evidence: Evidence, per_minute: float) -> int | None:
    """The smallest whole percent at which a step as long as the policy's first one gets its requests in time."""
    first = policy.steps[0]
    for percent in range(int(first.weight_percent) + 1, HIGHEST_WEIGHT_PERCENT + 1):
        alone = replace(policy, steps=(replace(first, weight_percent=Decimal(percent)),))
        if forecast_steps(alone, evidence, per_minute)[0].fits:
            return percent
    return None
