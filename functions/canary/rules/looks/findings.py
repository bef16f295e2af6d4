"""What each metric has shown, and the sentence that says it with numbers.

A verdict rests on the judge's bars; this module only puts it into words. Each metric gets one of five findings, and no finding
claims more than was seen: "not worse" needs requests of base, not all of them bad, at least `min_requests` of the canary, no
high evidence against the canary, and no outage of base that may hide a fault.
"""

from __future__ import annotations

import enum
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.looks.sources import Source
    from canary.rules.rollouts.rollout import MetricCount


WORSE_ERRORS = 2.0
"""A canary looks worse if its rate of bad requests is above base's by this many standard errors."""


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


def compare(source: Source, count: MetricCount) -> str:
    """Both arms' bad requests with their rates: ``16 of 720 canary requests (2.22 %) failed, 3 of 6,480 of base (0.05 %)``."""
    return (
        f"{count.ec:,} of {count.nc:,} canary requests ({_percent(count.ec, count.nc)}) {source.bad_are}, "
        f"{count.eb:,} of {count.nb:,} of base ({_percent(count.eb, count.nb)})"
    )


def looks_worse(count: MetricCount) -> bool:
    """Whether the canary has a larger share of bad requests than chance usually gives it; this only makes a step wait."""
    requests, bad = count.nc + count.nb, count.ec + count.eb
    more = count.ec * count.nb - count.eb * count.nc
    return more > WORSE_ERRORS * sqrt(bad * (requests - bad) * count.nc * count.nb / requests) if more > 0 else False


def _percent(bad: int, requests: int) -> str:
    return f"{100 * bad / requests:.2f} %" if requests else "none seen"
