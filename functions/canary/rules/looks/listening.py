"""What a look checks besides the counts: whether each metric has data, and whether the canary gets the share it was given.

A minute is listened to if it is judged and had the step's weight throughout. What is found here is not evidence against the
release. It names the metrics whose evidence may be missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.rules.judging.habit import OF_REQUESTS, ONE_A_REQUEST
from canary.rules.judging.missing import (
    NO_BAD_COUNTS,
    is_silent_instrument,
    missing_sentence,
    note_bad_count,
    odd_values_sentence,
)
from canary.rules.judging.silence import NOTHING_HEARD, Arms, Hearing, begin_step, hearing, hearing_sentence, listen
from canary.rules.judging.split import fold_split, is_off_split, split_sentence
from canary.rules.looks.sources import CLIENT_ERRORS, ERRORS, LATENCY, REQUESTS, business_metric, has_log, percentile_metric
from canary.rules.releases.release import Expectation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.judging.counts import RawCounts
    from canary.rules.judging.habit import Habit
    from canary.rules.judging.missing import BadCounts
    from canary.rules.judging.silence import Heard
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target

QUIET_MINUTES = 5
FEWEST_INVOCATIONS = 8
"""After this many minutes without a request Lambda is asked. Fewer invocations in them may be someone's own test calls."""

SPLIT_ADVICE = "requests of one arm are not counted, or counted twice, or AWS serves another weight"
"""What may have put the share off."""


def begin_listening(rollout: Rollout) -> Rollout:
    """Start the step's own counts anew; called before the next step's first minute."""
    return replace(rollout, heard={name: begin_step(one) for name, one in rollout.heard.items()})


def listen_to_minute(rollout: Rollout, seen: Mapping[str, RawCounts], integrated: tuple[int, int] | None) -> Rollout:
    """Add one judged minute. `integrated`: requests of canary and base that reached an integration, if they were counted."""
    share = float(rollout.plan.policy.steps[rollout.step.index].weight_percent) / 100
    traffic = traffic_of(seen, rollout.target)
    arms = Arms(*integrated) if integrated else Arms(traffic.nc, traffic.nb) if traffic else Arms(0, 0)
    rollout = replace(
        rollout,
        heard={name: _listened(rollout, name, seen, arms, share) for name in spoken_of(rollout)},
        bad_counts={**rollout.bad_counts, **_noted(rollout, seen)},
    )
    if integrated is None:
        return rollout
    return replace(rollout, split=fold_split(rollout.split, canary=arms.canary, base=arms.base, share=share))


def traffic_of(seen: Mapping[str, RawCounts], target: Target) -> RawCounts | None:
    """The counts that say how many requests there were: those of errors, of 4xx, or of the metric with the most data.

    Each is used only if the target does not compare the one before it. So a business metric that keeps reporting while the
    access log is dead never stands for the requests.
    """
    if target.metrics.errors:
        return seen.get(ERRORS)
    if has_log(target) and target.metrics.client_errors:
        return seen.get(CLIENT_ERRORS)
    return max(seen.values(), key=lambda counts: counts.nc + counts.nb, default=None)


def _answers_of(seen: Mapping[str, RawCounts], target: Target) -> RawCounts | None:
    """The requests, and the refused ones too if 4xx are compared: an arm that has only refused requests is not silent."""
    return seen.get(CLIENT_ERRORS) or traffic_of(seen, target)


def spoken_of(rollout: Rollout) -> tuple[str, ...]:
    """What is listened to: the requests, the latency if it has a limit, and each business metric that is judged."""
    latency = (LATENCY,) if rollout.limits_ms else ()
    return (REQUESTS, *latency, *(metric for metric in business_of(rollout) if metric in rollout.habits))


def business_of(rollout: Rollout) -> tuple[str, ...]:
    """The business metrics that are read. One whose past can show nothing has no habit: it is not judged, nor listened to."""
    return tuple(business_metric(metric) for metric in rollout.target.metrics.business)


def hear_all(rollout: Rollout, *, is_step_over: bool) -> dict[str, Hearing]:
    """What is heard of each in the present step."""
    return {name: _hearing(rollout, name, is_step_over=is_step_over) for name in spoken_of(rollout)}


def find_silences(rollout: Rollout, *, is_step_over: bool) -> Iterator[str]:
    """One sentence for each silent metric, for each whose bad requests are not counted rightly, and for a share that is off."""
    for name, found in hear_all(rollout, is_step_over=is_step_over).items():
        if found is Hearing.SILENT:
            heard, habit = rollout.heard[name], _habit(rollout, name)
            yield hearing_sentence(name, heard, habit, metrics=_told_apart(rollout), is_step_over=is_step_over)
    yield from _find_uncounted(rollout)
    for metric, counts in rollout.bad_counts.items():
        if is_silent_instrument(counts):
            yield _uncounted_sentence(rollout, metric, counts)
    if is_off_split(rollout.split) and not _split_excuse(rollout):
        yield f"{split_sentence(rollout.split)}; {SPLIT_ADVICE}"


def _uncounted_sentence(rollout: Rollout, metric: str, counts: BadCounts) -> str:
    if metric in business_of(rollout):
        return odd_values_sentence(metric, counts)
    advice = "; check the metric filters of its access log" if has_log(rollout.target) else ""
    return f"{missing_sentence(metric, counts)}{advice}"


def _find_uncounted(rollout: Rollout) -> Iterator[str]:
    """Minutes with latencies and no request: every request has a latency, so the requests are not counted."""
    minutes = rollout.heard.get(REQUESTS, NOTHING_HEARD).both.minutes
    if minutes >= QUIET_MINUTES and LATENCY in spoken_of(rollout) and not rollout.heard[LATENCY].both.minutes:
        yield f"requests have no data: neither arm counted any in {minutes} minutes, and latency has data"


def find_remarks(rollout: Rollout) -> Iterator[str]:
    """What is only reported: a share that is off for a harmless reason does not hold the step."""
    excuse = _split_excuse(rollout)
    if is_off_split(rollout.split) and excuse:
        yield f"{split_sentence(rollout.split)}; {excuse}, so this is only reported"


def _split_excuse(rollout: Rollout) -> str:
    """Why the canary's share may be off without a fault; empty if nothing explains it.

    An answer from a cache may count for either arm. Requests that a release refuses before an integration do not count in the
    share.
    """
    if rollout.plan.has_cache:
        return "the stage has a cache"
    expects_refusals = Expectation.CLIENT_ERRORS in rollout.plan.expects and has_log(rollout.target)
    return f"the release expects other {CLIENT_ERRORS}" if expects_refusals else ""


def quiet_minutes(rollout: Rollout, waiting: int = 0) -> int:
    """How many of the newest minutes had no request in either arm, if they are enough to ask Lambda about them; else 0.

    `waiting`: how many more are complete but not judged yet because their counts may be late.
    """
    minutes = rollout.heard.get(REQUESTS, NOTHING_HEARD).both.minutes + waiting
    return minutes if minutes >= QUIET_MINUTES else 0


def find_unlogged(minutes: int, invoked: int) -> tuple[str, ...]:
    """The fault of an access log that shows no request in so many minutes while Lambda ran the canary's functions."""
    if invoked < FEWEST_INVOCATIONS:
        return ()
    ran = f"neither arm logged any in {minutes} minutes in which Lambda ran the canary's functions {invoked} times"
    advice = "check the role with which API Gateway writes logs (aws apigateway get-account) and the log group"
    return (f"requests have no data: {ran}; the access log is late or not written: {advice}",)


def _hearing(rollout: Rollout, name: str, *, is_step_over: bool) -> Hearing:
    heard, habit = rollout.heard.get(name, NOTHING_HEARD), _habit(rollout, name)
    return hearing(heard, habit, metrics=_told_apart(rollout), is_step_over=is_step_over)


def _listened(rollout: Rollout, name: str, seen: Mapping[str, RawCounts], arms: Arms, share: float) -> Heard:
    counts = _counts_of(rollout, name, seen)
    return listen(
        rollout.heard.get(name, NOTHING_HEARD),
        Arms(counts.nc, counts.nb) if counts else Arms(0, 0),
        share=share,
        requests=arms,
        habit=_habit(rollout, name),
        weighed=arms if has_log(rollout.target) and name in {REQUESTS, LATENCY} else None,
    )


def _counts_of(rollout: Rollout, name: str, seen: Mapping[str, RawCounts]) -> RawCounts | None:
    if name == REQUESTS:
        return _answers_of(seen, rollout.target)
    if name == LATENCY:
        return next((seen[metric] for metric in map(percentile_metric, rollout.limits_ms) if metric in seen), None)
    return seen.get(name)


def _habit(rollout: Rollout, name: str) -> Habit:
    if name == REQUESTS:
        return OF_REQUESTS
    return ONE_A_REQUEST if name == LATENCY else rollout.habits[name]


def _told_apart(rollout: Rollout) -> int:
    """How many metrics can be silent independently: all that count the lines of one log, or one function's calls, are one."""
    return 1 + len(rollout.habits)


def _noted(rollout: Rollout, seen: Mapping[str, RawCounts]) -> dict[str, BadCounts]:
    left_out = set(business_of(rollout)) - rollout.habits.keys()
    return {
        metric: note_bad_count(rollout.bad_counts.get(metric, NO_BAD_COUNTS), is_there=counts.is_whole)
        for metric, counts in seen.items()
        if (counts.nc or counts.nb) and metric not in left_out
    }
