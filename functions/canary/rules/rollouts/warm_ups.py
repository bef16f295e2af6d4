"""What is kept of how a target's canaries warm up: the weight changes of its promoted releases.

A release that was rolled back shows nothing, because it may have been slow itself. Nor does a drill, which makes a release slow
on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.judging.warm_up import SeenChange, allowed_warm_up, is_longer_than_usual
from canary.rules.rollouts.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Target

MOST_KEPT = 5
"""Releases that are kept, the newest first: what a canary needs to warm up changes with its code."""


@dataclass(frozen=True, slots=True)
class SeenRelease:
    """What the weight changes of one promoted release showed, oldest first."""

    rollout_id: str
    changes: tuple[SeenChange, ...]


@dataclass(frozen=True, slots=True)
class SeenReleases:
    """What a target's releases showed, the newest first; ``releases`` is None if none was promoted yet.

    ``is_unreadable``: whether someone edited what was kept so that it cannot be read. Then nothing is known.
    """

    releases: tuple[SeenRelease, ...] | None = None
    is_unreadable: bool = False

    @property
    def changes(self) -> tuple[SeenChange, ...] | None:
        """Every weight change that is known; None if nothing is."""
        return None if self.releases is None else tuple(change for one in self.releases for change in one.changes)

    def after(self, newest: SeenRelease) -> SeenReleases:
        """With one release more, each release once."""
        others = (one for one in self.releases or () if one.rollout_id != newest.rollout_id)
        return SeenReleases((newest, *others)[:MOST_KEPT])


NOTHING_SEEN = SeenReleases()


def shows_warm_up(rollout: Rollout) -> bool:
    """Whether the rollout's weight changes show how the target's canaries warm up."""
    return rollout.phase is Phase.PROMOTED and rollout.reverts is None and not rollout.is_drill


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
    if seen.changes and is_longer_than_usual(seen.changes):
        shares = ", ".join(f"{100 * share:.0f} %" for share in allowed_warm_up(None, seen.changes))
        yield (
            f"earlier releases were slow at first, so {shares} of the canary's requests may be slow in the minutes after "
            "each weight change; metrics.warm_up sets other shares"
        )
