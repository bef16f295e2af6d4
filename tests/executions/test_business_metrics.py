"""A business metric that is not written as it should be: what it cannot show is said, and the other metrics are judged."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from canary.rules.targets.policy import Step
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.rig import QUICK, Rig

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.dataplane.served import ArmName
    from embedded_aws.embedded import EmbeddedAws

POLICY = replace(QUICK, steps=(Step(Decimal(50), 420),))
PER_MINUTE = 300
SHARES = {"base": 0.02, "canary": 0.3}
"""The part of each arm's requests that the metric is about: the canary's fail fifteen times as often."""


def a_rig(aws: EmbeddedAws, write: Callable[[int], dict[float, int]]) -> Rig:
    """A target with a business metric. `write`: how often each value is written in a minute with so many failures."""
    rig = Rig(aws, policy=POLICY, per_minute=PER_MINUTE, metrics=Metrics(slow=(), business=(BusinessMetric("Pay", "Orders"),)))
    write_minute(rig, write, random.Random(5))
    rig.settle(2400)
    return rig


def write_minute(rig: Rig, write: Callable[[int], dict[float, int]], rng: random.Random) -> None:
    """What the functions write in this minute, and in every one that follows."""
    percent = rig.stage.get("canarySettings", {}).get("percentTraffic", 0)
    parts: dict[ArmName, float] = {"canary": percent / 100, "base": 1 - percent / 100}
    for arm, part in parts.items():
        failed = sum(rng.random() < SHARES[arm] for _ in range(round(PER_MINUTE * part)))
        written = write(failed) if part else {}
        rig.aws.metrics.put("Orders", "Pay", {"arm": arm}, rig.aws.clock.now(), tuple(written), tuple(written.values()))
    rig.aws.clock.call_at(rig.aws.clock.now() + 60, partial(write_minute, rig, write, rng), name="business metric")


def test_a_metric_that_is_written_for_failures_only_is_called_not_judged(aws: EmbeddedAws):
    rig = a_rig(aws, lambda failed: {1.0: failed})
    rig.publish()
    ended = rig.run()

    assert ended.ending == "Promoted"
    assert "not worse: errors, client_errors; not judged: business_Pay" in ended.output["reason"]
    assert any(note.startswith("every value of business_Pay in the last day was 1; ") for note in ended.output["notes"])


def test_a_bad_release_is_found_beside_a_metric_with_impossible_values(aws: EmbeddedAws):
    rig = a_rig(aws, lambda failed: {0.0: 10, 5.0: 10 + failed})
    rig.publish(FAILING_SHARE=0.15)
    ended = rig.run()

    assert ended.ending == "RolledBack"
    assert ended.cause.startswith("the canary is worse than base in errors: ")
