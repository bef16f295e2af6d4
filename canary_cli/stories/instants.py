"""Instants as people and programs read them. An instant is in epoch seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def local(at: float) -> str:
    """An instant in this machine's zone: ``2026-01-31 12:00:00 CET``."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def local_clock(at: float) -> str:
    """The time of the day in this machine's zone: ``12:00:00 CET``."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S %Z")


def utc(at: float) -> str:
    """An instant in UTC, for programs: ``2026-01-31T12:00:00Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
