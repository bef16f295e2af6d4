"""Settings that reach the data plane late: for a while after a change each request sees the old or the new.

Decides which settings one request sees. What the settings are, and when they change, it is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import random

Settings = TypeVar("Settings")

PROPAGATION_SECONDS = 30.0


class Propagation(Generic[Settings]):
    """One unit of settings, with those it replaced as long as a request may still see them.

    A unit is seen whole: a request sees everything of one moment, or everything of another
    (docs/aws.md#propagation).
    """

    __slots__ = ("_newest", "_replaced", "_settled_at", "seconds")

    def __init__(self, first: Settings, *, seconds: float = PROPAGATION_SECONDS) -> None:
        self.seconds = seconds
        self._newest = first
        self._replaced: list[tuple[float, Settings]] = []
        self._settled_at = float("-inf")

    @property
    def newest(self) -> Settings:
        """What the control plane answers."""
        return self._newest

    def change(self, at: float, settings: Settings) -> None:
        """From ``at`` on there are new settings; what they replace may be seen ``seconds`` longer."""
        self._replaced = [(until, old) for until, old in self._replaced if until > at]
        if self.seconds > 0:
            self._replaced.append((at + self.seconds, self._newest))
            self._settled_at = at + self.seconds
        self._newest = settings

    def annotate(self, settings: Settings) -> None:
        """New settings that no request can tell from the newest: they take their place, and nothing propagates."""
        self._newest = settings

    def seen(self, at: float, rng: random.Random) -> Settings:
        """What a request that arrives at ``at`` sees: any of what was in force within the last ``seconds``."""
        if at >= self._settled_at:
            return self._newest
        candidates = [self._newest, *(old for until, old in self._replaced if until > at)]
        return candidates[int(rng.random() * len(candidates))]
