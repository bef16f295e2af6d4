"""Twenty targets that start in the same second on one controller, in an account whose services throttle as AWS does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from canary.aws.records import Records
from canary.rules.rollouts.phases import Phase
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.faults.cases import MINUTE, POLICY
from tests.many_targets import create_many

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TWENTY = [f"shop-{number:02}" for number in range(20)]
BAD = {*TWENTY[::3]}
PER_MINUTE = 60.0
FAILING = 0.8
LIMIT_SECONDS = 3600.0
SWEEP = {"pk": {"S": "controller"}, "sk": {"S": "sweep"}}
THROTTLING = ("apigateway", "cloudwatch", "lambda", "states")


def test_twenty_rollouts_at_once_do_not_disturb_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with EmbeddedAws(guest=CONTROLLER) as aws:
        many = create_many(aws, tmp_path, monkeypatch, names=TWENTY, policy=POLICY, per_minute=PER_MINUTE)
        versions = {name: many.publish(name, failing=FAILING if name in BAD else 0.0) for name in TWENTY}
        aws.clock.run_for(180)
        for service in THROTTLING:
            aws.throttles.turn_on(service)
        client, started = aws.client("stepfunctions"), aws.clock.now()
        arns = {
            name: client.start_execution(
                stateMachineArn=many.controller.machine_arn, name=name, input=json.dumps({"target": name})
            )["executionArn"]
            for name in TWENTY
        }
        for arn in arns.values():
            aws.run_until_ended(arn, limit=LIMIT_SECONDS)
        seconds = aws.clock.now() - started
        records = Records(aws.client("dynamodb"), many.controller.table)
        rollouts = {name: records.find(name).rollout for name in TWENTY}
        print(f"{seconds:.0f} emulated seconds; throttled: {many.throttled.total()} calls, {dict(many.throttled)}")  # noqa: T201

        for name, rollout in rollouts.items():
            is_bad, new = name in BAD, next(iter(versions[name].values()))
            assert rollout.phase is (Phase.ROLLED_BACK if is_bad else Phase.PROMOTED), (name, rollout.reason)
            assert many.served_by(name) == ("1" if is_bad else new, "1", False), name
            assert rollout.tally.base_bad == 0, name
            assert (rollout.tally.canary_bad > 0) is is_bad, name
            assert not rollout.needs_operator, name
            assert not is_bad or "worse than base in errors" in rollout.reason
            assert records.read_lock(name).rollout_id is None, name
        swept = aws.client("dynamodb").get_item(TableName=many.controller.table, Key=SWEEP)["Item"]["at"]["N"]
        assert aws.clock.now() - float(swept) < 2 * MINUTE
        assert many.throttled["apigateway.CreateDeployment"] > 0
        assert seconds < LIMIT_SECONDS / 2
