"""Instants and durations as the command reads and writes them. An instant is in epoch seconds."""

from __future__ import annotations

import re

from canary.rules.reports.amounts import DAY, HOUR, MINUTE, lasting
from canary_cli.exits import CommandError, ExitCode
from canary_cli.stories.instants import local, local_clock, utc

__all__ = ["DAY", "HOUR", "MINUTE", "lasting", "local", "local_clock", "parse_duration", "utc"]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


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
