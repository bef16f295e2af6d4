"""What CloudWatch is told of each look: four metrics of a target, on its dashboard beside what both arms do.

Decides their names and values. They are written into the line that the look logs anyway, in the embedded metric format, so they
need no call and no permission; a metric costs something only in hours in which it gets data (docs/aws.md#prices). Nothing
decides from them.
"""

from __future__ import annotations

from math import isclose, log
from typing import TYPE_CHECKING, Any, assert_never

from canary.rules.judging.split import seen_share
from canary.rules.looks.verdict import VerdictKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.judging.judge import Evidence
    from canary.rules.rollouts.rollout import Rollout

NAMESPACE = "CanaryController"
DIMENSION = "target"
WEIGHT, SHARE, EVIDENCE, VERDICT = "WeightPercent", "SharePercent", "EvidenceLog10", "Verdict"
NAMES = (WEIGHT, SHARE, EVIDENCE, VERDICT)

LEAST_EVIDENCE = -4.0
"""The evidence of a good release falls without end; below a ten-thousandth it says nothing more."""

_MILLISECONDS = 1_000


def measure(rollout: Rollout, evidence: Evidence, verdict: VerdictKind) -> dict[str, float]:
    """A look's values by the metric's name: percent, percent, a logarithm to the base 10, and the verdict's number.

    There is no share before a minute of the present weight was judged.
    """
    weight = float(rollout.plan.policy.steps[rollout.step.index].weight_percent)
    split = rollout.split
    is_seen = split.canary + split.base > 0 and isclose(split.share, weight / 100)
    return {
        WEIGHT: weight,
        **({SHARE: round(100 * seen_share(split), 2)} if is_seen else {}),
        EVIDENCE: round(max(evidence.log_strength / log(10), LEAST_EVIDENCE), 4),
        VERDICT: number_of(verdict),
    }


def number_of(verdict: VerdictKind) -> int:
    """The verdict on a scale from bad to good, because a metric holds numbers only."""
    match verdict:
        case VerdictKind.ROLL_BACK:
            return -1
        case VerdictKind.HOLD:
            return 0
        case VerdictKind.CONTINUE:
            return 1
        case VerdictKind.ADVANCE:
            return 2
        case VerdictKind.PROMOTE:
            return 3
        case _:
            assert_never(verdict)


def embed(target: str, values: Mapping[str, float], at: float) -> dict[str, Any]:
    """The keys that make a log line carry these metrics at an instant (epoch seconds; docs/aws.md#embedded-metrics)."""
    directive = {"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": [{"Name": name} for name in values]}
    return {
        "_aws": {"Timestamp": round(at * _MILLISECONDS), "CloudWatchMetrics": [directive]},
        DIMENSION: target,
        **values,
    }
