"""What the report calls a metric: ``5xx``, ``p99 > 840 ms``, the business metric's own name."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from canary.rules.judging.families import Family
from canary.rules.looks.sources import FUNCTION_ERRORS, has_log

if TYPE_CHECKING:
    from canary.rules.looks.sources import Source
    from canary.rules.rollouts.rollout import Rollout

SLOW, BUSINESS = "slow_", "business_"


def label_of(rollout: Rollout, source: Source) -> str:
    """A metric's name for people."""
    match source.family:
        case Family.ERRORS if source.metric == FUNCTION_ERRORS:
            return "function errors"
        case Family.ERRORS:
            return "5xx" if has_log(rollout.target) else "errors"
        case Family.CLIENT_ERRORS:
            return "4xx"
        case Family.SLOW:
            return _slow(rollout, source.metric.removeprefix(SLOW))
        case Family.BUSINESS:
            return source.metric.removeprefix(BUSINESS)
        case _:
            assert_never(source.family)


def _slow(rollout: Rollout, limit: str) -> str:
    if limit not in rollout.limits_ms:
        return f"> {limit.removesuffix('ms')} ms"
    return f"{limit} > {'/'.join(f'{ms:g}' for ms in rollout.limits_ms[limit])} ms"
