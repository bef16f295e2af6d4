"""The ``context`` argument of the controller's handlers in the small world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    """A handler's ``context``."""

    aws_request_id: str
    now: Callable[[], float]
    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out."""
        return max(0, round((self.deadline - self.now()) * 1000))
