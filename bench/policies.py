"""The policies under which rollouts are simulated.

All of them continue if there is too little traffic to prove anything, so that every judge meets the same schedule. `python -m
bench.low_traffic` measures what the product does there instead.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from canary.rules.targets.policy import CAUTIOUS, FAST, HOTFIX, STANDARD, Policy, Step, WhenUnproven

METRIC_DELAY_SECONDS = 60
COMMON_BAKE_SECONDS = 600
LEAST_REQUESTS = 20


def _on_time(policy: Policy) -> Policy:
    return replace(
        policy, max_extension_seconds=0, when_unproven=WhenUnproven.PROMOTE, metric_delay_seconds=METRIC_DELAY_SECONDS
    )


COMMON = replace(
    _on_time(STANDARD), name="standard", steps=tuple(Step(Decimal(percent), COMMON_BAKE_SECONDS) for percent in (10, 25, 50))
)
HELD = replace(
    COMMON, name="standard, held", max_extension_seconds=STANDARD.max_extension_seconds, detect={}, min_requests=LEAST_REQUESTS
)
"""The common schedule in which a step waits while an outage of base may hide a fault, as the shipped `standard` lets it.
It needs few requests, so that low traffic alone extends no step.
"""

POLICIES = {policy.name: policy for policy in (COMMON, _on_time(FAST), _on_time(CAUTIOUS), _on_time(HOTFIX), HELD)}
