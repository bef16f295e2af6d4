"""`canary start --dry-run` on the embedded AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from embedded_aws.faults.calls import Fault, Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

NEW = ("--function", "orders-read=2", "--function", "orders-write=2")


def executions(ground: Ground) -> int:
    listed = ground.aws.client("stepfunctions").list_executions(stateMachineArn=ground.rig.controller.machine_arn)
    return len(listed["executions"])


def test_a_start_is_foreseen_and_nothing_happens(ground: Ground, canary: Canary):
    ground.aws.clock.run_for(300)
    before = executions(ground)
    told = canary("start", "orders", *NEW, "--label", "commit=3f9a", "--dry-run")

    assert told.code == 0, told.err
    assert told.out.startswith("dry run: nothing is changed, and no execution is started\naccount 123456789012")
    assert "release   orders-read 1 -> 2" in told.out
    assert '"labels": {"commit": "3f9a"}' in told.out
    assert "step 1    25 % needs " in told.out
    assert "price     about $" in told.out
    assert executions(ground) == before
    assert ground.rig.records.read_lock("orders").rollout_id is None

    answer = canary("start", "orders", *NEW, "--dry-run", "--json").json
    assert (answer["outcome"], answer["dry_run"], answer["exit_code"]) == ("start", True, 0)
    assert answer["versions"][0] == {"function": "orders-read", "old": "1", "new": "2"}


def test_what_the_start_would_refuse_ends_with_3(ground: Ground, canary: Canary):
    told = canary("start", "orders", "--function", "orders-read=99", "--dry-run")
    assert told.code == 3
    assert "refused   release.functions.orders-read: version 99 does not exist" in told.out

    walk = ground.walk().begin()
    told = canary("start", "orders", *NEW, "--dry-run", "--json")
    assert (told.code, told.json["outcome"], told.json["exit_code"]) == (3, "refused", 3)
    assert f"rollout {walk.rollout_id}" in told.json["problems"][0]


def test_a_stage_that_is_gone_is_a_refusal(ground: Ground, canary: Canary):
    ground.walk(stage=replace(ground.rig.target.stage, stage_name="gone"))
    told = canary("start", "orders", "--dry-run")

    assert told.code == 3
    assert "refused   stage: stage gone of API " in told.out


def test_what_cannot_be_read_is_said(ground: Ground, canary: Canary):
    ground.aws.faults.add(Fault(None, "lambda", "GetAlias", Mode.REFUSED))
    assert canary("start", "orders", "--dry-run").code == 7
    ground.aws.faults.clear()
    ground.aws.faults.add(Fault(None, "lambda", "GetPolicy", Mode.REFUSED))
    told = canary("start", "orders", *NEW, "--dry-run")
    assert told.code == 0
    assert "open      only the start itself checks the versions' states, the API's definition" in told.out

    ground.aws.faults.clear()
    ground.aws.faults.add(Fault(None, "cloudwatch", "GetMetricData", Mode.REFUSED))
    told = canary("start", "orders", *NEW, "--dry-run")
    assert told.code == 0
    assert "traffic   not known" in told.out
    assert "base's traffic could not be read: AWS refused" in told.err


def test_a_wrong_input_is_wrong_use_in_a_dry_run_too(canary: Canary):
    assert canary("start", "orders", "--retry", "--dry-run").code == 2
    assert "a retry needs a reason" in canary("start", "orders", "--retry").err
