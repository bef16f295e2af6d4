"""Base's past for tests of the backtest: the same good minute again and again, or what a test makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.families import Family, stakes
from canary_cli.backtest.splitting import BaseMinute, Start

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILIES = {"errors": Family.ERRORS, "client_errors": Family.CLIENT_ERRORS, "slow_p90": Family.SLOW, "slow_p99": Family.SLOW}
NESTED = ("slow_p90", "slow_p99")
GOOD = {"errors": (600, 1), "client_errors": (600, 12), "slow_p90": (600, 60), "slow_p99": (600, 6)}
NOON = 1_767_614_400.0


def a_start(
    minutes: int = 300,
    *,
    counts: Mapping[str, tuple[int, int]] | None = None,
    tail: int = 30,
    at: float = NOON + 20.0,
) -> Start:
    """A start with a day of good history, and so many minutes of these counts from then on."""
    histories = {metric: [both] * 1440 for metric, both in GOOD.items()}
    evidence = begin_evidence(histories, families=FAMILIES, stakes=stakes(FAMILIES), alpha=0.01)
    return Start(at, evidence, (BaseMinute(GOOD if counts is None else counts, tail),) * minutes, NESTED)
