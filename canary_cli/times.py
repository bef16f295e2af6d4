"""Instants and durations as the command reads and writes them. An instant is in epoch seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from canary.rules.reports.amounts import DAY, HOUR, MINUTE, lasting
from canary_cli.exits import CommandError, ExitCode

__all__ = ["DAY", "HOUR", "MINUTE", "lasting", "local", "local_clock", "parse_duration", "utc"]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def local(at: float) -> str:
    """An instant in this machine's zone: ``2026-01-31 12:00:00 CET``."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def local_clock(at: float) -> str:
    """The time of the day in this machine's zone: ``12:00:00 CET``."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S %Z")


def utc(at: float) -> str:
    """An instant in UTC, for programs: ``2026-01-31T12:00:00Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_duration(text: str, option: str) -> float:
    """The seconds of ``90s``, ``15m``, ``2h`` or ``90d``.

    Raises:
        CommandError: the text is no duration.

    """
    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if not found:
        raise CommandError(
            "BadDuration",
            f"{option} is a number with a unit, got {text!r}",
            "write 90s, 15m, 2h or 90d",
            ExitCode.USAGE,
        )
    return int(found[1]) * UNITS[found[2]]
