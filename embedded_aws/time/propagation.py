"""Settings that reach the data plane late: for a while after a change each request sees the old or the new ones.

Decides which settings a request sees. The caller says what the settings are and when they change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import random

Settings = TypeVar("Settings")

PROPAGATION_SECONDS = 30.0


class Propagation(Generic[Settings]):
    """One unit of settings, with the settings it replaced for as long as a request may still see them.

    A request sees a unit as a whole: everything from one moment or everything from another
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
        """The settings that the control plane shows."""
        return self._newest

    def change(self, at: float, settings: Settings) -> None:
        """Replace the settings at ``at``; the previous ones may be seen for another ``seconds``."""
        self._replaced = [(until, old) for until, old in self._replaced if until > at]
        if self.seconds > 0:
            self._replaced.append((at + self.seconds, self._newest))
            self._settled_at = at + self.seconds
        self._newest = settings

    def annotate(self, settings: Settings) -> None:
        """Replace the newest settings by ones that no request can tell from them, so that nothing propagates."""
        self._newest = settings

    def seen(self, at: float, rng: random.Random) -> Settings:
        """The settings that a request at ``at`` sees: any that were in force within the last ``seconds``."""
        if at >= self._settled_at:
            return self._newest
        candidates = [self._newest, *(old for until, old in self._replaced if until > at)]
        return candidates[int(rng.random() * len(candidates))]
