"""What a target served at some moment, in both arms, as the records of its rollouts tell it.

A rollout records what base was before its first change and what it brought, so between two rollouts base is what the earlier
one left. If the later one found something else, someone changed the target in between, and nobody recorded when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from canary.rules.judging.minutes import SETTLE_SECONDS
from canary.rules.reports.amounts import lasting
from canary.rules.reports.weights import weights_set
from canary.rules.rollouts.phases import Phase
from canary_cli.exits import CommandError, ExitCode
from canary_cli.stories.instants import local

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.looks.replay import RecordedLook
    from canary.rules.reports.weights import WeightSet
    from canary.rules.rollouts.rollout import Rollout


@dataclass(frozen=True, slots=True)
class Served:
    """What one arm ran: versions by function and, behind a stage, the deployment and the stage's variables."""

    versions: Mapping[str, str]
    deployment_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{function} version {version}" for function, version in self.versions.items()]
        parts += [f"deployment {self.deployment_id}"] if self.deployment_id else []
        return ", ".join((*parts, *(f"{name} = {value}" for name, value in self.variables.items())))


@dataclass(frozen=True, slots=True)
class Serving:
    """What was served at ``asked_at`` (epoch seconds).

    ``base`` is None where no rollout tells. ``canary`` is None where only base had traffic; otherwise it had ``weight_percent``
    of the requests. ``rollout``: the one that was in progress, or else the last one before. ``doubts``: what the records leave
    open, one sentence each.
    """

    asked_at: float
    base: Served | None
    canary: Served | None = None
    weight_percent: float = 0.0
    rollout: str | None = None
    doubts: tuple[str, ...] = ()


def serving_at(rollouts: Sequence[Rollout], looks: Sequence[RecordedLook], at: float) -> Serving:
    """What the target served at `at`.

    `rollouts` are all of the target's. `looks` are those of the rollout that was in progress then, if any; see `in_progress`.
    """
    running = in_progress(rollouts, at)
    if running:
        return _during(running, looks, at)
    ended = [one for one in rollouts if one.ended_at is not None and one.ended_at <= at]
    following = min((one for one in rollouts if one.started_at > at), key=lambda one: one.started_at, default=None)
    if not ended:
        if following is None:
            return Serving(at, None, doubts=("no rollout of this target is recorded",))
        doubt = f"no rollout is recorded before; this is what rollout {following.rollout_id} found"
        return Serving(at, _before(following), doubts=(doubt,))
    last = max(ended, key=lambda one: (one.ended_at or 0.0, one.started_at))
    return Serving(at, _after(last), rollout=last.rollout_id, doubts=tuple(_edits(last, following)))


def in_progress(rollouts: Sequence[Rollout], at: float) -> Rollout | None:
    """The rollout that held the target at `at`; the newest, should an older one never have ended."""
    begun = [one for one in rollouts if one.started_at <= at]
    newest = max(begun, key=lambda one: one.started_at, default=None)
    return newest if newest and (newest.ended_at is None or at < newest.ended_at) else None


def parse_at(text: str) -> float:
    """An instant such as `2026-01-31T12:00Z` or `2026-01-31 12:00`, the latter in this machine's zone; epoch seconds.

    Raises:
        CommandError: the text is no instant.

    """
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError as error:
        fix = "write 2026-01-31T12:00Z, or 2026-01-31 12:00 in your own zone"
        raise CommandError("BadInstant", f"--at is a date with a time, got {text!r}", fix, ExitCode.USAGE) from error


def serving_lines(serving: Serving) -> Iterator[str]:
    """The answer as text."""
    when = local(serving.asked_at)
    if serving.base is None:
        yield f"{when}: not known"
    elif serving.canary is None:
        yield f"{when}: base had all traffic"
        yield f"  base    {serving.base}"
    else:
        yield f"{when}: rollout {serving.rollout} was in progress"
        yield f"  base    {100 - serving.weight_percent:g} %  {serving.base}"
        yield f"  canary  {serving.weight_percent:g} %  {serving.canary}"
    yield from (f"  {doubt}" for doubt in serving.doubts)


def _during(rollout: Rollout, looks: Sequence[RecordedLook], at: float) -> Serving:
    if rollout.watch and at >= rollout.watch.since:
        return Serving(at, _after(rollout), rollout=rollout.rollout_id)
    begun = [weight for weight in weights_set(rollout, looks) if weight.set_at <= at]
    if not begun:
        return Serving(at, _before(rollout), rollout=rollout.rollout_id)
    doubts = (*_settling(begun, at), *_going_back(rollout, looks, at), *_moving(rollout, begun[-1]))
    return Serving(at, _before(rollout), _brought(rollout), begun[-1].weight_percent, rollout.rollout_id, doubts)


def _settling(begun: Sequence[WeightSet], at: float) -> Iterator[str]:
    """A weight takes a while to reach every request."""
    ago = at - begun[-1].set_at
    if ago < SETTLE_SECONDS:
        before = f"{begun[-2].weight_percent:g} %" if len(begun) > 1 else "no canary"
        yield f"the weight was being set since {lasting(ago)}, so some requests still saw {before}"


def _going_back(rollout: Rollout, looks: Sequence[RecordedLook], at: float) -> Iterator[str]:
    """Nothing records when the canary lost its traffic: it was after the last look and before the end."""
    is_back = rollout.phase in {Phase.ROLLING_BACK, Phase.ROLLED_BACK}
    if is_back and at >= max((look.at for look in looks), default=0.0):
        yield "the rollout was being rolled back or about to be, so the canary had at most this weight"


def _moving(rollout: Rollout, last: WeightSet) -> Iterator[str]:
    if last.step is None and rollout.phase in {Phase.MOVING_BASE, Phase.PROMOTED}:
        yield "base was moving to the release, which had all traffic meanwhile"


def _edits(last: Rollout, following: Rollout | None) -> Iterator[str]:
    if following and _before(following) != _after(last):
        began = local(following.started_at)
        yield f"someone changed the target before {began}; rollout {following.rollout_id} found base at {_before(following)}"


def _before(rollout: Rollout) -> Served:
    snapshot = rollout.snapshot
    return Served(snapshot.live, snapshot.deployment_id, snapshot.variables)


def _brought(rollout: Rollout) -> Served:
    intent = rollout.intent
    variables = {**rollout.snapshot.variables, **intent.overrides}
    return Served({**rollout.snapshot.live, **intent.versions}, intent.deployment_id, variables)


def _after(rollout: Rollout) -> Served:
    """What an ended rollout left as base."""
    if rollout.phase not in {Phase.WATCHING, Phase.PROMOTED}:
        return _before(rollout)
    variables = {**rollout.snapshot.variables, **rollout.intent.promoted_variables}
    return Served({**rollout.snapshot.live, **rollout.intent.versions}, rollout.intent.deployment_id, variables)
