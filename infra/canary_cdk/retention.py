"""How long the controller keeps its records, as a setting of the construct and of the app."""

from __future__ import annotations

from canary.rules.rollouts.retention import DEFAULT_DAYS, RETENTION, find_retention


class RetentionError(Exception):
    """The setting is no number of days for which records can be kept."""


def read_retention(value: int | str | None) -> int:
    """The days that records are kept once nothing needs them any more; 400 unless told otherwise.

    Raises:
        RetentionError: the value is out of bounds, or no whole number.

    """
    if value is None:
        return DEFAULT_DAYS
    days = find_retention(str(value))
    if days is None:
        raise RetentionError(
            f"retention_days must be {RETENTION}, got {value}; give such a number, or leave it out for {DEFAULT_DAYS}"
        )
    return days
