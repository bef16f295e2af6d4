"""The families of metrics: what a request is counted as bad for, and what that means for the judge.

A policy has one figure per family in `detect` and in `delta`. A metric's source says to which family the metric belongs
(`canary.rules.looks.sources`), and the frozen history keeps it, so nothing reads it from a metric's name.
"""

from __future__ import annotations

import enum
from collections import Counter
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT_ERRORS_STAKE = 0.1
"""The largest stake on 4xx: both arms have the same callers, but what they ask for differs from minute to minute."""


class Family(enum.StrEnum):
    """What makes a request bad: it failed, it was a 4xx, it was slower than a limit, or a business metric counts it."""

    ERRORS = "errors"
    CLIENT_ERRORS = "client_errors"
    SLOW = "slow"
    BUSINESS = "business"


def is_coarse(family: Family) -> bool:
    """Whether only large effects are bet on: callers make most 4xx, whatever the release does."""
    match family:
        case Family.CLIENT_ERRORS:
            return True
        case Family.ERRORS | Family.SLOW | Family.BUSINESS:
            return False
        case _:
            assert_never(family)


def is_failure(family: Family) -> bool:
    """Whether a bad request has failed, for its caller or for the business. Slowness and 4xx come and go with the callers."""
    match family:
        case Family.ERRORS | Family.BUSINESS:
            return True
        case Family.SLOW | Family.CLIENT_ERRORS:
            return False
        case _:
            assert_never(family)


def is_worse_when_cold(family: Family) -> bool:
    """Whether a cold start makes a request bad."""
    match family:
        case Family.SLOW:
            return True
        case Family.ERRORS | Family.CLIENT_ERRORS | Family.BUSINESS:
            return False
        case _:
            assert_never(family)


def stakes(families: Mapping[str, Family]) -> dict[str, float]:
    """Each metric's part of the judge's one unit of stake; all latency limits together count as one metric.

    4xx answers get a tenth at most, and all of it only if nothing else is compared.
    """
    sizes = Counter(families.values())
    limits = sizes[Family.SLOW]
    units = len(families) - max(0, limits - 1)
    kept = min(CLIENT_ERRORS_STAKE, 1 / units) if sizes[Family.CLIENT_ERRORS] and units > 1 else 0.0
    rest = 1 - kept
    others = units - 1 if kept else units

    def stake(family: Family) -> float:
        match family:
            case Family.CLIENT_ERRORS:
                return kept or 1 / units
            case Family.SLOW:
                return rest * (1 / others / limits)
            case Family.ERRORS | Family.BUSINESS:
                return rest * (1 / others)
            case _:
                assert_never(family)

    return {metric: stake(family) for metric, family in families.items()}
