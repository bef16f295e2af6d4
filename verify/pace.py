"""How long and how often the questions look. All are AWS's seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """The default is for an account, where what nobody has measured may take a while."""

    request_seconds: float = 0.25
    """Between two requests that look for a change."""
    rounds: int = 2
    """How often each change is made and timed."""
    watch_seconds: float = 60.0
    """How long each change is watched; longer while the old is still seen."""
    longest_watch_seconds: float = 240.0
    steady_seconds: float = 45.0
    """How long nothing old must have been seen before a change counts as through."""
    metric_minutes: int = 3
    """Whole minutes of traffic whose metrics are awaited."""
    minute_requests: int = 18
    """Requests in each of them."""
    split_requests: int = 2000
    """Requests that are counted at each percent."""
    poll_seconds: float = 5.0
    """Between two looks at metrics, lines or a stack."""
    longest_metric_seconds: float = 900.0
    grace_seconds: float = 120.0
    """How much longer something is awaited that may never come, once everything else is there."""
    listing_seconds: float = 1200.0
    """How long after the traffic a new metric must be listed."""
    longest_line_seconds: float = 300.0
    longest_stack_seconds: float = 600.0


ACCOUNT_PACE = Pace()
