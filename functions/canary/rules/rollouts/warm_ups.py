"""What is kept of how a target's canaries warm up: the weight changes of its promoted releases.

A release that was rolled back, or condemned by its watch, shows nothing, because it may have been slow itself. Nor does a
drill, which makes a release slow on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.judging.warm_up import SeenChange, allowed_warm_up, is_known, is_longer_than_usual
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.watched import WatchEnd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target

ENOUGH_KEPT, MOST_KEPT = 5, 40
"""Releases that are kept, the newest first: what a canary needs to warm up changes with its code. More than five are kept only
if those have too few requests to show it.
"""


@dataclass(frozen=True, slots=True)
class SeenRelease:
    """What the weight changes of one promoted release showed, oldest first."""

    rollout_id: str
    changes: tuple[SeenChange, ...]


@dataclass(frozen=True, slots=True)
class SeenReleases:
    """What a target's releases showed, the newest first.

    ``is_unreadable``: whether someone edited what was kept so that it cannot be read. Then nothing is known.
    """

    releases: tuple[SeenRelease, ...] = ()
    is_unreadable: bool = False

    @property
    def changes(self) -> tuple[SeenChange, ...]:
        """Every weight change that is known."""
        return tuple(change for one in self.releases for change in one.changes)

    def after(self, newest: SeenRelease) -> SeenReleases:
        """With one release more, each release once. One that shows nothing, such as one promoted at once, is not kept."""
        if not newest.changes:
            return self
        others = (one for one in self.releases if one.rollout_id != newest.rollout_id)
        kept = SeenReleases((newest, *others)[:MOST_KEPT])
        while len(kept.releases) > ENOUGH_KEPT and is_known((fewer := SeenReleases(kept.releases[:-1])).changes):
            kept = fewer
        return kept


NOTHING_SEEN = SeenReleases()


def shows_warm_up(rollout: Rollout) -> bool:
    """Whether the rollout's weight changes show how the target's canaries warm up."""
    is_condemned = rollout.watch is not None and rollout.watch.end is WatchEnd.CONDEMNED
    return rollout.phase is Phase.PROMOTED and rollout.reverts is None and not rollout.is_drill and not is_condemned


def with_warm_up(target: Target, seen: SeenReleases) -> Target:
    """The target as a rollout of it begins: with the warm-up that its definition says, or else its releases showed."""
    metrics = target.metrics
    return replace(target, metrics=replace(metrics, warm_up=allowed_warm_up(metrics.warm_up, seen.changes)))


def find_warm_up_notes(target: Target, seen: SeenReleases) -> Iterator[str]:
    """What to say of a warm-up that is not the usual one. `target`: as it is registered."""
    if target.metrics.warm_up is not None:
        return
    if seen.is_unreadable:
        item = f"the item warm_up#{target.name} of the records' table"
        yield f"what earlier releases showed of the warm-up cannot be read, because someone edited {item}; delete it"
    if is_longer_than_usual(seen.changes):
        shares = ", ".join(f"{100 * share:.0f} %" for share in allowed_warm_up(None, seen.changes))
        yield (
            f"earlier releases were slow at first, so {shares} of the canary's requests may be slow in the minutes after "
            "each weight change; metrics.warm_up sets other shares"
        )
