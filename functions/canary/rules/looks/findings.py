"""What each metric has shown, and the sentence that says it with numbers.

A verdict rests on the judge's bars; this module only puts it into words. Each metric gets one of five findings, and no finding
claims more than was seen: "not worse" needs requests of base and at least `min_requests` of the canary.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from canary.rules.looks.sources import family_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from canary.rules.rollouts.rollout import MetricCount, Rollout


class Finding(enum.StrEnum):
    """What the present step has shown of one metric."""

    WORSE = "worse"
    NOT_WORSE = "not worse"
    TOO_FEW = "too few requests"
    NO_DATA = "no data"
    NOT_JUDGED = "not judged"


Findings = dict[str, Finding]


def describe_findings(findings: Mapping[str, Finding]) -> str:
    """Every metric under its finding: ``not worse: errors, slow_p99; no data: business_CheckoutFailed``."""
    said = ((finding, [name for name, one in findings.items() if one is finding]) for finding in Finding)
    return "; ".join(f"{finding}: {', '.join(names)}" for finding, names in said if names)


def compare(metric: str, count: MetricCount, limits_ms: Iterable[float] = ()) -> str:
    """Both arms' bad requests with their rates: ``16 of 720 canary requests (2.22 %) failed, 3 of 6,480 of base (0.05 %)``."""
    return (
        f"{count.ec:,} of {count.nc:,} canary requests ({_percent(count.ec, count.nc)}) {_what(metric, limits_ms)}, "
        f"{count.eb:,} of {count.nb:,} of base ({_percent(count.eb, count.nb)})"
    )


def limits_of(rollout: Rollout, metric: str) -> tuple[float, ...]:
    """The latency limits (ms) above which a metric's requests are slow; none for a metric that is not a latency."""
    name = metric.removeprefix("slow_")
    fixed = name.removesuffix("ms")
    return (float(fixed),) if fixed.isdigit() and metric != name else rollout.limits_ms.get(name, ())


def _what(metric: str, limits_ms: Iterable[float]) -> str:
    match family_of(metric):
        case "errors":
            return "failed"
        case "client_errors":
            return "were 4xx"
        case "slow":
            return f"took longer than {' or '.join(f'{limit:g}' for limit in limits_ms)} ms"
        case _:
            return f"had {metric.removeprefix('business_')}"


def _percent(bad: int, requests: int) -> str:
    return f"{100 * bad / requests:.2f} %" if requests else "none seen"
