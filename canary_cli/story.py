"""A rollout as a story: what happened, in plain sentences, with the numbers behind each decision.

Told from the record and its replayed looks alone. How it is written is known to `canary_cli.story_text`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from canary.rules.looks.verdict import VerdictKind
from canary.rules.reports.building import trust
from canary.rules.reports.over_time import alike
from canary.rules.reports.weights import ALL, weights_set
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.watch_course import describe_end
from canary_cli.stories.numbers import (
    MinuteTable,
    balance_lines,
    evidence_line,
    metric_lines,
    minute_table,
    watch_lines,
)
from canary_cli.times import lasting
from canary_cli.who.acting import actions_of, starter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.looks.replay import ReplayedLook
    from canary.rules.reports.weights import WeightSet
    from canary.rules.rollouts.notes import Note
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.watched import PromotionWatch
    from canary.rules.targets.live import Intent, Snapshot

INTERVALS = (
    "Differences are canary minus base, compared minute by minute while the weight stood still. Their 95 % intervals hold at "
    "every look at once (mixture empirical-Bernstein confidence sequences). They decide nothing."
)

DECISIVE = {VerdictKind.ADVANCE, VerdictKind.PROMOTE, VerdictKind.ROLL_BACK}
"""The verdicts whose metrics are all shown; of the others the one with the most evidence is."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, from ``happened_at`` to ``last_at`` if it lasted (epoch seconds); the numbers behind it."""

    happened_at: float
    text: str
    numbers: tuple[str, ...] = ()
    last_at: float | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A rollout's story. ``remarks`` say how far it may be trusted; ``minutes`` is None unless they are asked for."""

    rollout: str
    target: str
    title: str
    events: tuple[Event, ...]
    remarks: tuple[str, ...]
    minutes: MinuteTable | None = None


def tell(rollout: Rollout, looks: Sequence[ReplayedLook], notes: Sequence[Note] = (), *, has_minutes: bool = False) -> Story:
    """The story of a rollout, from its record, its looks in order of time, and what people noted."""
    weights = weights_set(rollout, [one.look for one in looks])
    shifts = [_shift(rollout, weight) for weight in weights]
    events = [_beginning(rollout), *_decisions(looks), *shifts, *_deeds(rollout), *_end(rollout, looks), *map(_noted, notes)]
    return Story(
        rollout=rollout.rollout_id,
        target=rollout.target.name,
        title=f"Rollout {rollout.rollout_id} of {rollout.target.name}: {_outcome(rollout)}",
        events=tuple(sorted(events, key=lambda event: event.happened_at)),
        remarks=(*((INTERVALS,) if looks else ()), trust(looks)),
        minutes=minute_table(looks) if has_minutes else None,
    )


def _noted(note: Note) -> Event:
    return Event(note.at, f"Someone noted{', as a false alarm' if note.is_false_alarm else ''}: {note.text}")


def _outcome(rollout: Rollout) -> str:
    if rollout.needs_operator:
        return f"needs an operator ({_phase(rollout)})"
    return _phase(rollout) if rollout.phase.is_terminal or rollout.phase is Phase.PARKED else f"in progress ({_phase(rollout)})"


def _phase(rollout: Rollout) -> str:
    return rollout.phase.value.replace("_", " ")


def _beginning(rollout: Rollout) -> Event:
    policy, target = rollout.plan.policy, rollout.target.name
    steps = ", ".join(f"{step.weight_percent} % for {lasting(step.bake_seconds)}" for step in policy.steps)
    limits = ", ".join(f"{name} {'/'.join(f'{ms:g}' for ms in limits)} ms" for name, limits in rollout.limits_ms.items())
    numbers = [f"policy {policy.name}: {steps}"] if steps else []
    numbers += [f"labels: {', '.join(f'{name}={value}' for name, value in rollout.labels.items())}"] if rollout.labels else []
    numbers += [f"a request is slow above the limits from base's history: {limits}"] if limits else []
    brought = "; ".join(_brought(rollout.snapshot, rollout.intent))
    what = f"rollout of {target}" if rollout.reverts is None else f"revert of rollout {rollout.reverts} on {target}"
    claims = starter_of(rollout)
    starter = (f"claimed of who started it: {claims}",) if claims else ()
    return Event(rollout.started_at, f"The {what} begins: {brought}.", (*numbers, *starter, *rollout.plan.notes))


def _deeds(rollout: Rollout) -> Iterator[Event]:
    """The verbs that took effect, each with who called it."""
    for action in actions_of(rollout):
        yield Event(action.done_at, f"Called: {action.sentence}.", tuple(action.grounds))


def _brought(snapshot: Snapshot, intent: Intent) -> Iterator[str]:
    for function, version in intent.versions.items():
        yield f"{function} goes from version {snapshot.live[function]} to {version}"
    if intent.deployment_id != snapshot.deployment_id:
        yield f"the API goes from deployment {snapshot.deployment_id} to {intent.deployment_id or 'one that is not made yet'}"
    yield from (f"variable {name} becomes {value}" for name, value in intent.promoted_variables.items())
    yield from (f"variable {name} is removed" for name in intent.removed_variables)


def _shift(rollout: Rollout, weight: WeightSet) -> Event:
    if weight.step is None:
        return Event(weight.set_at, f"The canary gets {ALL:g} % of the requests, and base drains.")
    steps, needed = len(rollout.plan.policy.steps), rollout.needed[weight.step : weight.step + 1]
    numbers = tuple(f"the step needs {requests:,} judged canary requests" for requests in needed)
    return Event(
        weight.set_at,
        f"Step {weight.step + 1} of {steps} begins: the canary gets {weight.weight_percent:g} % of the requests.",
        numbers,
    )


def _decisions(looks: Sequence[ReplayedLook]) -> Iterator[Event]:
    """One event for all consecutive looks that say the same but for their numbers."""
    for same in alike(looks):
        first, last = same[0], same[-1]
        is_decisive = last is looks[-1] or last.look.verdict in DECISIVE
        yield Event(
            first.look.at,
            f"{_decision(last, len(same))}: {last.look.reason}.",
            (evidence_line(last), *metric_lines(last, is_leading_alone=not is_decisive)),
            last.look.at if len(same) > 1 else None,
        )


def _decision(last: ReplayedLook, looks: int) -> str:
    last_says = f" for {looks} looks, and the last says" if looks > 1 else ""
    match last.look.verdict:
        case VerdictKind.CONTINUE:
            return f"The bake goes on{last_says}"
        case VerdictKind.HOLD:
            return f"The step is held{last_says}"
        case VerdictKind.ADVANCE:
            return "The step is over"
        case VerdictKind.PROMOTE:
            return "The last step is over, and the release is to be promoted"
        case VerdictKind.ROLL_BACK:
            return "The release is to be rolled back"
        case _:
            assert_never(last.look.verdict)


def _end(rollout: Rollout, looks: Sequence[ReplayedLook]) -> Iterator[Event]:
    if (pause := rollout.steering.pause) and rollout.ended_at is None:
        why = f": {pause.reason}" if pause.reason else ""
        yield Event(pause.since, f"The bake's clock stands, because an operator has paused the rollout{why}.")
    if rollout.parked_since is not None and rollout.parked_until is not None:
        waits = lasting(rollout.parked_until - rollout.parked_since)
        yield Event(rollout.parked_since, f"The rollout is parked and keeps its weight; it waits {waits} for an advance.")
    if rollout.watch:
        yield from _watch(rollout, rollout.watch)
    if rollout.ended_at is None:
        return
    is_told = any(rollout.reason == one.look.reason for one in looks)
    reason = "" if is_told or not rollout.reason else f" Reason: {rollout.reason}."
    yield Event(rollout.ended_at, f"{_ending(rollout)}{reason}", tuple(balance_lines(rollout, rollout.ended_at)))


def _watch(rollout: Rollout, watch: PromotionWatch) -> Iterator[Event]:
    """The watch after promotion: when base became the release, and what ended the watch."""
    if watch.since < watch.until:
        planned = lasting(rollout.plan.policy.watch_seconds)
        yield Event(watch.since, f"Base serves the release now, and is watched for {planned}; there is no base beside it.")
    if (ended := describe_end(watch)) and watch.ended_at is not None:
        yield Event(watch.ended_at, ended, tuple(watch_lines(watch)))


def _ending(rollout: Rollout) -> str:
    match rollout.phase:
        case Phase.PROMOTED:
            return "The release is promoted: base serves it."
        case Phase.ROLLED_BACK:
            return "The release is rolled back: base has all traffic again, and the canary is gone."
        case _:
            return f"The rollout has ended as {_phase(rollout)}."
