"""How long the records of a rollout are kept. DynamoDB deletes an item some time after it expires (docs/aws.md#time-to-live).

Nothing expires while it may still be needed: neither an open rollout, nor the one whose release base serves. The items of a
target itself (its lock, the releases that were rolled back) never expire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.releases.plan import longest_seconds
from canary.rules.rollouts.phases import Phase

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout

FEWEST_DAYS, DEFAULT_DAYS, MOST_DAYS = 90, 400, 3650
"""Step Functions itself forgets an execution after 90 days (docs/aws.md#execution-name-reuse), so records for fewer days would
say less than it does. 400 days are a year, and a month in which to look back on it."""

RETENTION = f"a whole number of days from {FEWEST_DAYS} to {MOST_DAYS}"

DAY_SECONDS = 86_400


def find_retention(value: str) -> int | None:
    """The days that a setting says; None if it is not `RETENTION`."""
    days = int(value) if value.isascii() and value.isdigit() else 0
    return days if FEWEST_DAYS <= days <= MOST_DAYS else None


def expiry(rollout: Rollout, days: int) -> int | None:
    """When the rollout's record may be deleted (epoch seconds): `days` after its end.

    None while the rollout is open, and for one that was promoted: base serves it until another one is promoted.
    """
    if not rollout.phase.is_terminal or rollout.phase is Phase.PROMOTED or rollout.ended_at is None:
        return None
    return expiry_after(rollout.ended_at, days)


def expiry_of_details(rollout: Rollout, days: int) -> int:
    """When the rollout's looks and its history may be deleted (epoch seconds): `days` after its plan's latest end.

    They are written before the end is known, and there may be thousands of looks, so they are not written again at the end.
    """
    return expiry_after(rollout.started_at + longest_seconds(rollout.plan.policy), days)


def expiry_of_note(rollout: Rollout, at: float, days: int) -> int | None:
    """When a note of the moment `at` may be deleted (both in epoch seconds): as the looks may, or `days` after it was written.

    None for a rollout that was promoted: nobody knows yet when its record may be deleted.
    """
    if rollout.phase is Phase.PROMOTED:
        return None
    return max(expiry_of_details(rollout, days), expiry_after(at, days))


def expiry_after(moment: float, days: int) -> int:
    """`days` after a moment, both in epoch seconds."""
    return int(moment) + days * DAY_SECONDS
