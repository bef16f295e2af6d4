"""`canary backtest` on the embedded AWS."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from canary.rules.targets.target import Metrics
from demo.base_history import write_day
from demo.controller import register_target
from embedded_aws.faults.calls import Fault, Mode
from tests.cli.doctor.plain import create_plain_api

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

HOURS = 5


def with_past(ground: Ground) -> None:
    """Some hours of base, which serves the sample's usual requests, and a target that compares what is quick to read."""
    target = replace(ground.rig.target, metrics=Metrics(slow=("p99",)))
    register_target(ground.aws.client, target)
    write_day(ground.aws.metrics, target, until=ground.aws.clock.now(), rng=random.Random(3), seconds=HOURS * 3600)


def test_base_s_past_is_replayed_and_nothing_changes(ground: Ground, canary: Canary):
    with_past(ground)
    told = canary("backtest", "orders", "--days", "1", "--policy", "hotfix", "--policy", "cautious", "--json")

    assert told.code == 0, told.err
    found = told.json
    assert found["compared"] == ["client_errors", "errors", "slow_p99"]
    assert found["not_replayed"] == []
    assert found["starts"] == found["young_starts"] > 0
    hotfix, cautious = found["policies"]
    assert (hotfix["replayed"], hotfix["promoted"]) == (found["starts"], found["starts"])
    faults = {one["fault"]: one for one in hotfix["faults"]}
    assert faults["+5 points"]["caught"] == faults["a lost route"]["caught"] == found["starts"]
    assert (cautious["replayed"], cautious["cut_off"]) == (0, found["starts"])
    assert found["metrics_requested"] < 60
    assert ground.rig.records.read_lock("orders").rollout_id is None

    text = canary("backtest", "orders", "--days", "1", "--policy", "hotfix").out
    assert text.index("price     up to ") < text.index(f"hotfix: 0 of {found['starts']} good releases rolled back (0 %)")
    dry = canary("backtest", "orders", "--days", "1", "--dry-run")
    assert dry.out.splitlines()[-1] in text.splitlines()


def test_only_the_price_is_said_without_reading_a_metric(ground: Ground, canary: Canary):
    ground.aws.faults.add(Fault(None, "cloudwatch", "GetMetricData", Mode.REFUSED))
    told = canary("backtest", "orders", "--dry-run", "--json")
    assert (told.code, told.json["dry_run"], told.json["most_starts"]) == (0, True, 336)
    assert canary("backtest", "orders").code == 7


def test_an_api_without_a_controller_is_replayed_by_the_stages_own_metrics(ground: Ground, canary: Canary):
    api = create_plain_api(ground.aws, is_small=True)
    told = canary("backtest", *api.subject)
    assert told.code == 0, told.err
    assert told.out.splitlines()[-1] == "plain-things: base has no minute with requests, so nothing can be replayed"
    dimensions, now = {"ApiName": "Plain things", "Stage": "live"}, int(ground.aws.clock.now()) // 60 * 60
    for minute in range(now - HOURS * 3600, now, 60):
        for name, value, count in (("Count", 1.0, 600.0), ("5XXError", 1.0, 1.0), ("4XXError", 1.0, 12.0)):
            ground.aws.metrics.put("AWS/ApiGateway", name, dimensions, minute, (value,), (count,))
    told = canary("backtest", *api.subject, "--days", "1", "--policy", "hotfix")

    assert told.code == 0, told.err
    assert "  source    AWS's own metrics of the stage" in told.out
    assert "  left out  p99 1.5 times: the p99 is not compared, or base has no latency history" in told.out
    assert "a lost route (1 of 1)" in told.out
    assert "good releases rolled back (0 %)" in told.out


def test_what_cannot_be_asked_is_wrong_use(ground: Ground, canary: Canary):
    assert canary("backtest", "orders", "--days", "15").code == 2
    assert canary("backtest", "orders", "--policy", "nope").code == 2
    register_target(
        ground.aws.client, replace(ground.rig.target, metrics=Metrics(errors=False, client_errors=False, slow=("p99",)))
    )
    told = canary("backtest", "orders")
    assert (told.code, "orders compares percentiles alone" in told.err) == (2, True)
