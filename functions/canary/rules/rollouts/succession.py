"""Which of two starts is newer. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Successor:
    """A start that may replace an older rollout; the greater one is the newer one.

    ``requested_at``: when its first execution began, in epoch seconds with milliseconds.
    """

    requested_at: float
    rollout_id: str
