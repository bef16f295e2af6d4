"""A whole backtest: reads base's past, replays it, and counts what came of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.rules.definitions.routes import routes_of
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.judging.warm_up import MINUTES, UNKNOWN, USUAL
from canary.rules.looks.sources import CLIENT_ERRORS, ERRORS, sources_of
from canary.rules.looks.warming import warm_up_of
from canary.rules.targets.alarms import target_alarms
from canary.rules.targets.policy import Progression
from canary_cli.backtest.base_past import StartMaker, read_past
from canary_cli.backtest.figures import PolicyFigures, figures_of
from canary_cli.backtest.frugal import FrugalReader
from canary_cli.backtest.releases import Fault
from canary_cli.backtest.replaying import Question, replay_all, replay_seconds
from canary_cli.backtest.splitting import TAIL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.checks.survey import Survey
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy
    from canary_cli.backtest.asking import Inquiry
    from canary_cli.backtest.base_past import BasePast
    from canary_cli.backtest.splitting import Start


@dataclass(frozen=True, slots=True)
class Backtest:
    """What releases of base's own code would have come to, and releases with a fault, from ``first_at`` to ``last_at``.

    ``is_stage``: whether base's minutes are those of the stage's own metrics. ``minutes`` had requests, and
    ``minutes_without_data`` in between had none, which may also mean that nothing counted them. ``starts`` began every
    ``every_hours``; ``young_starts`` of them had less than a day of history, and ``starts_without_history`` were left out.
    ``compared``: the metrics that were judged; ``lost_share``: the part of the requests that the lost route has, if all routes
    are used alike. ``not_replayed``: the faults that these metrics cannot show, and why.
    ``metrics_requested`` were read.
    """

    target: str
    is_stage: bool
    first_at: float | None
    last_at: float | None
    minutes: int
    minutes_without_data: int
    requests_per_minute: float | None
    error_rate: float | None
    starts: int
    every_hours: int
    young_starts: int
    starts_without_history: int
    compared: tuple[str, ...]
    lost_share: float | None
    not_replayed: tuple[str, ...]
    policies: tuple[PolicyFigures, ...]
    notes: tuple[str, ...]
    metrics_requested: int


def run_backtest(
    cloudwatch: Any,  # noqa: ANN401 - botocore's
    draft: Rollout,
    survey: Survey,
    inquiry: Inquiry,
    policies: Sequence[Policy],
) -> Backtest:
    """Read, replay and count.

    Raises:
        AwsRefusedError: CloudWatch refused.

    """
    reader = FrugalReader(cloudwatch)
    base = read_past(reader, inquiry)
    lengths = {policy.name: replay_seconds(policy) for policy in policies}
    shortest, longest = min(lengths.values()), max(lengths.values())
    made = StartMaker(reader, inquiry, base, policies).make(longest, shortest)
    lost = _lost_share(survey)
    missing = dict(_unseen(base, made.starts, lost))
    question = Question(
        policies=tuple(policies),
        faults=tuple(fault for fault in Fault if fault not in missing),
        watched=_watched(draft, base),
        traffic=base.past.traffic,
        lost_share=lost or 0.0,
        warm_up=warm_up_of(draft),
    )
    replays = replay_all(question, made.starts, processes=os.cpu_count() or 1)
    span = range(base.first if base.first is not None else inquiry.end, inquiry.end, MINUTE_SECONDS)
    requests, failed = (sum(column) for column in zip(*base.traffic.values(), strict=True)) if base.traffic else (0, 0)
    is_errors = base.past.traffic == ERRORS
    return Backtest(
        target=draft.target.name,
        is_stage=base.is_stage,
        first_at=base.first,
        last_at=max(base.traffic, default=None),
        minutes=len(base.traffic),
        minutes_without_data=len(span) - len(base.traffic),
        requests_per_minute=requests / len(span) if span else None,
        error_rate=failed / requests if requests and is_errors else None,
        starts=len(made.starts),
        every_hours=inquiry.every_hours,
        young_starts=sum(start.is_young for start in made.starts),
        starts_without_history=made.without_history,
        compared=tuple(sorted({metric for start in made.starts for metric in start.evidence.metrics})),
        lost_share=lost,
        not_replayed=tuple(f"{fault.value}: {why}" for fault, why in missing.items()),
        policies=tuple(figures_of(policy, lengths[policy.name], replays) for policy in policies),
        notes=(*_notes(policies), *warm_up_note(draft)),
        metrics_requested=reader.requested,
    )


def _lost_share(survey: Survey) -> float | None:
    """One route's part of the requests, if all are used alike; None if the routes are not known."""
    found = survey.stage.definitions if survey.stage else None
    routes = (found.base.known_routes or (routes_of(found.present) if found.present else ())) if found else ()
    return 1 / len(routes) if routes else None


def _unseen(base: BasePast, starts: Sequence[Start], lost: float | None) -> Iterator[tuple[Fault, str]]:
    """The faults that no metric here can show."""
    if ERRORS not in base.past.families:
        yield from ((fault, "errors are not compared") for fault in (Fault.ONE_POINT, Fault.FIVE_POINTS, Fault.TWICE))
    if not any(TAIL in start.nested for start in starts):
        yield Fault.SLOW_TAIL, "the p99 is not compared, or base has no latency history"
    if CLIENT_ERRORS not in base.past.families:
        yield Fault.LOST_ROUTE, "client_errors are not compared"
    elif lost is None:
        yield Fault.LOST_ROUTE, "the API's routes could not be read"


def _watched(draft: Rollout, base: BasePast) -> tuple[str, ...]:
    """The metrics that one of the target's alarms compares, because it counts the same series."""
    alarms = {(one.ec.namespace, one.ec.metric, one.ec.dimensions) for one in target_alarms(draft.target)}
    bad = {
        metric: {(one.namespace, one.name, one.dimensions) for one in source.canary.bad}
        for metric, source in sources_of(draft).items()
    }
    return tuple(metric for metric, counted in bad.items() if metric in base.past.families and counted & alarms)


def warm_up_note(draft: Rollout) -> tuple[str, ...]:
    """Which warm-up the replays allow for, where it is not the usual one."""
    allowed, metrics = warm_up_of(draft), draft.target.metrics
    if allowed == USUAL or not (metrics.slow or metrics.latency_limits_ms):
        return ()
    if allowed == UNKNOWN:
        why = "until releases of the target have shown less"
        return (f"{why}, half of the canary's requests may be slow for {MINUTES} minutes after each weight change",)
    shares = ", ".join(f"{100 * share:.0f} %" for share in allowed)
    return (f"{shares} of the canary's requests may be slow in the minutes after each weight change",)


def _notes(policies: Sequence[Policy]) -> Iterator[str]:
    for policy in policies:
        if policy.progression is Progression.SCHEDULED:
            yield f"{policy.name} is replayed as if each advance came at once"
