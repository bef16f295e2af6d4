"""One look at a promoted release: the minutes that are new, what speaks against the release, and whether the watch goes on.

Base serves the release, so there is no arm beside it. Three things are looked at: what someone else changed, the user's own
alarms, and every metric with a past against its ceiling (`canary.rules.judging.absolute`). The controller's own alarms compare
canary and base, and mean nothing without a canary.

Only what was counted condemns. What could not be seen (an alarm that is gone, a metric without data, a call that AWS refused)
is kept as a sentence. It never condemns, and the end of the watch reports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, log
from typing import TYPE_CHECKING, Any

from canary.rules.judging.absolute import CeilingEvidence, begin_ceiling, log_evidence
from canary.rules.judging.counts import is_possible
from canary.rules.judging.families import Family, is_worse_when_cold
from canary.rules.judging.minutes import MINUTE_SECONDS, SETTLE_SECONDS
from canary.rules.looks.alarm_readings import AlarmReading, alarm_faults, firing, silent_alarm
from canary.rules.looks.look_schedule import calm_interval, seconds_to_look
from canary.rules.looks.sources import ArmSource, sources_of
from canary.rules.looks.warming import warm_up_of
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.report import summary
from canary.rules.rollouts.rollout import MetricCount
from canary.rules.rollouts.watch_course import end_watch, is_after_watch
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd

if TYPE_CHECKING:
    from canary.rules.judging.history import History
    from canary.rules.looks.sources import Source
    from canary.rules.rollouts.rollout import Rollout

LATE_SECONDS = 300
"""How long to wait for a minute's counts; then whatever is missing or contradicts itself is left out."""

REVERTED = "reverted"
"""The outcome of an execution whose watch condemned the release and whose revert is complete."""

MOST_UNSEEN = 20
"""How many sentences are kept."""

ArmCounts = Mapping[str, tuple[int, int | None]]
"""One minute of the promoted release, by metric: requests and bad ones, None where those were not counted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look read.

    ``alarms`` is None if they could not be read. ``edits``: what someone else changed. ``unseen``: what could not be read, or
    is broken, one sentence each.
    """

    minutes: Mapping[int, ArmCounts]
    alarms: tuple[AlarmReading, ...] | None = ()
    edits: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromotedSource:
    """Where the counts of one metric of the promoted release are."""

    arm: ArmSource
    counts_bad_always: bool


def promoted_sources(rollout: Rollout) -> dict[str, PromotedSource]:
    """By metric, where the release is counted now that base serves it.

    Behind a stage it has become base's arm. Behind weights it is still counted by its version. Code that reports business
    metrics may be told its arm by the version's own configuration, so both arms of these are added up.
    """
    return {name: promoted_source(rollout, source) for name, source in sources_of(rollout).items()}


def promoted_source(rollout: Rollout, source: Source) -> PromotedSource:
    """Where one metric of the release is counted then."""
    base, canary = source.base, source.canary
    if source.family is Family.BUSINESS:
        arm = ArmSource((*base.requests, *canary.requests), (*base.bad, *canary.bad))
    else:
        arm = canary if rollout.target.shifter.has_split_aliases else base
    return PromotedSource(arm, source.counts_bad_always)


def begin_ceilings(rollout: Rollout, watch: PromotionWatch, history: History) -> PromotionWatch:
    """The watch with its ceilings, before its first minute; a metric that has none is named as unseen."""
    policy, minutes = rollout.plan.policy, int(watch.until - watch.since) // MINUTE_SECONDS
    found: dict[str, CeilingEvidence | None] = {}
    for name, base in history.bases.items():
        family, counted = history.families[name].value, rollout.totals.get(name, MetricCount())
        points = max(policy.detect.get(family, 0.0), policy.delta.get(family, 0.0))
        during = (counted.nb, counted.eb)
        found[name] = begin_ceiling(base, during, points=points, stake=history.stakes[name], starts=minutes)
    bare = (
        f"{name} was not held against a ceiling: nothing says which rate is usual"
        for name, ceiling in found.items()
        if not ceiling
    )
    first = ceil((watch.since + SETTLE_SECONDS) / MINUTE_SECONDS) * MINUTE_SECONDS
    held = {name: ceiling for name, ceiling in found.items() if ceiling}
    return _unseen(replace(watch, metrics=held, judged_to=first - MINUTE_SECONDS), *bare)


def unread_minutes(rollout: Rollout, watch: PromotionWatch, now: float) -> tuple[int, int]:
    """The minutes to read: complete by now and not judged yet; start inclusive, end exclusive."""
    end = int((now - rollout.plan.policy.metric_delay_seconds) // MINUTE_SECONDS) * MINUTE_SECONDS
    return watch.judged_to + MINUTE_SECONDS, end


def watch_on(rollout: Rollout, watch: PromotionWatch, families: Mapping[str, Family], seen: Seen, now: float) -> Rollout:
    """The rollout after a look at `now` (epoch seconds): watched on, or promoted with its watch ended.

    What one look could not see, the next one makes up for: it reads the same minutes, and every alarm that fired since. So it
    counts as unseen if two looks in a row, or the last one, could not see it.
    """
    warm_at = _warm_at(rollout, watch)
    for minute in range(*unread_minutes(rollout, watch, now), MINUTE_SECONDS):
        if _is_perhaps_late(rollout, watch, minute, seen, now):
            break
        watch = _judge(watch, minute, families, seen, is_warm=minute >= warm_at)
    alarms = seen.alarms or ()
    silent = silent_alarm(alarms)
    doubts = (*seen.unseen, *alarm_faults(alarms), *((silent,) if silent else ()))
    lasting = [one for one in doubts if one in watch.doubts]
    watch = replace(watch, looks=watch.looks + 1, log_e=log_evidence(watch.metrics.values()), doubts=doubts)
    looked_at = rollout.looked_at if seen.alarms is None else now
    return _decide(replace(rollout, looked_at=looked_at), _unseen(watch, *lasting), families, seen, now)


def _decide(rollout: Rollout, watch: PromotionWatch, families: Mapping[str, Family], seen: Seen, now: float) -> Rollout:
    """Someone else's change comes first: the controller puts nothing in its place."""
    if seen.edits:
        return _end(rollout, watch, WatchEnd.CUT_SHORT, "; ".join(seen.edits), now)
    if against := firing(seen.alarms or (), rollout.tolerated_alarms) or _above_ceiling(rollout, watch):
        return _end(rollout, watch, WatchEnd.CONDEMNED, against, now)
    if now >= watch.until:
        bare = (_bare(rollout, watch, name, families[name]) for name, one in watch.metrics.items() if not one.minutes)
        return _end(rollout, _unseen(watch, *watch.doubts, *bare), WatchEnd.OVER, "", now)
    return replace(rollout, watch=watch)


def _warm_at(rollout: Rollout, watch: PromotionWatch) -> float:
    """From when on the release's slow requests count."""
    return watch.since + SETTLE_SECONDS + MINUTE_SECONDS * len(warm_up_of(rollout))


def _bare(rollout: Rollout, watch: PromotionWatch, metric: str, family: Family) -> str:
    """Why no minute of the watch was held against the metric's ceiling."""
    seen_to = watch.until - MINUTE_SECONDS - rollout.plan.policy.metric_delay_seconds
    if is_worse_when_cold(family) and _warm_at(rollout, watch) > seen_to:
        warm, lasted = len(warm_up_of(rollout)), round((watch.until - watch.since) / MINUTE_SECONDS)
        return (
            f"{metric} was not watched: the release may be slow for {warm} min because it is new, and the watch lasted "
            f"{lasted} min; lengthen policy.watch_seconds or set metrics.warm_up"
        )
    return f"no minute showed a request that {metric} counts"


def _end(rollout: Rollout, watch: PromotionWatch, end: WatchEnd, reason: str, now: float) -> Rollout:
    return end_watch(rollout, replace(watch, end=end, ended_at=now, reason=reason), now)


def _above_ceiling(rollout: Rollout, watch: PromotionWatch) -> str | None:
    """Which metric speaks most against the release, once the evidence of all of them reaches 1 / alpha."""
    if watch.log_e < -log(rollout.plan.policy.alpha):
        return None
    name, worst = max(watch.metrics.items(), key=lambda item: item[1].stake * item[1].value)
    return (
        f"{name}: {worst.bad} of {worst.requests} requests were bad in {worst.minutes} minutes after the promotion; "
        f"usual is {worst.usual:.2%}, and the ceiling is {worst.ceiling:.2%}"
    )


def _judge(watch: PromotionWatch, minute: int, families: Mapping[str, Family], seen: Seen, *, is_warm: bool) -> PromotionWatch:
    counts = seen.minutes.get(minute, {})
    held = [name for name in watch.metrics if is_warm or not is_worse_when_cold(families[name])]
    judged = {name: watch.metrics[name].after(*pair) for name in held if (pair := _whole(counts.get(name)))}
    lost = (f"bad requests of {name} were not counted in every minute" for name in held if _is_lost(counts.get(name)))
    return _unseen(replace(watch, metrics={**watch.metrics, **judged}, judged_to=minute), *lost)


def _is_perhaps_late(rollout: Rollout, watch: PromotionWatch, minute: int, seen: Seen, now: float) -> bool:
    """Whether the minute's counts may still arrive: none of it or a later one is there, or those that are make no sense yet."""
    if now - (minute + MINUTE_SECONDS + rollout.plan.policy.metric_delay_seconds) > LATE_SECONDS:
        return False
    counts = seen.minutes.get(minute, {})
    is_silent = minute > max((one for one, counted in seen.minutes.items() if counted), default=0)
    return is_silent or any(_is_lost(counts.get(name)) for name in watch.metrics)


def _whole(pair: tuple[int, int | None] | None) -> tuple[int, int] | None:
    """A minute's counts, if the metric had requests and all were counted."""
    if pair is None or pair[0] == 0 or pair[1] is None or _is_lost(pair):
        return None
    return pair[0], pair[1]


def _is_lost(pair: tuple[int, int | None] | None) -> bool:
    """Whether there were requests whose bad ones are not counted, or not counted rightly."""
    return pair is not None and (not is_possible(pair[0], pair[1]) if pair[1] is not None else pair[0] > 0)


def _unseen(watch: PromotionWatch, *sentences: str) -> PromotionWatch:
    fresh = [one for one in dict.fromkeys(sentences) if one not in watch.unseen]
    return replace(watch, unseen=(*watch.unseen, *fresh)[:MOST_UNSEEN])


def next_look_seconds(rollout: Rollout, watch: PromotionWatch, now: float) -> int:
    """Whole seconds from `now` (epoch seconds) to the watch's next look; rarer ones follow a look that found nothing."""
    plan, (unread, complete) = rollout.plan, unread_minutes(rollout, watch, now)
    has_judged = any(one.minutes for one in watch.metrics.values())
    is_calm = has_judged and watch.log_e <= 0.0 and not watch.doubts and unread >= complete
    interval = calm_interval(plan.policy, plan.look_seconds) if is_calm else plan.look_seconds
    return seconds_to_look(plan.policy, now=now, look_seconds=interval, promotion_due=watch.until)


def answer_promoted(rollout: Rollout, now: float) -> dict[str, Any]:
    """The summary of a promoted rollout; while it is watched, with the seconds to the next look."""
    watch = rollout.watch
    if rollout.phase is Phase.WATCHING and watch:
        return {**summary(rollout, Phase.WATCHING, now), "look_seconds": next_look_seconds(rollout, watch, now)}
    return summary(rollout, REVERTED if is_after_watch(rollout) else Phase.PROMOTED, now)
