"""How long and how often the questions look. All are AWS's seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """The defaults are for a real account, where unmeasured delays may be long."""

    request_seconds: float = 0.25
    """Between two requests that check for a change."""
    rounds: int = 2
    """How often each change is made and timed."""
    watch_seconds: float = 60.0
    """How long each change is watched; longer while old answers still arrive."""
    longest_watch_seconds: float = 240.0
    steady_seconds: float = 45.0
    """How long no old answer may arrive before a change counts as complete."""
    metric_minutes: int = 3
    """Whole minutes of traffic whose metrics are awaited."""
    minute_requests: int = 18
    """Requests in each of them."""
    split_requests: int = 2000
    """Requests that are counted at each percent."""
    poll_seconds: float = 5.0
    """Between two reads of metrics, lines or a stack."""
    longest_metric_seconds: float = 900.0
    grace_seconds: float = 120.0
    """How much longer to wait for something that may never arrive, once everything else has arrived."""
    listing_seconds: float = 1200.0
    """How long after the traffic a new metric must be listed."""
    longest_line_seconds: float = 300.0
    longest_stack_seconds: float = 600.0


ACCOUNT_PACE = Pace()
