"""What a rollout needs of its target, and what may change meanwhile."""

from dataclasses import replace

import pytest

from canary.rules.targets.target import Metrics, TargetFunction
from canary.rules.targets.target_change import find_losses
from tests.builders import STAGE, a_policy, a_target

RUNNING = a_target()
BY_WEIGHTS = a_target(stage=None)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"policy": a_policy(5)},
        {"alarms": ("more",)},
        {"shared_live_alias": True},
        {"role_arn": "arn:aws:iam::1:role/other"},
    ],
)
def test_a_rollout_goes_on_whatever_it_does_not_stand_on(changes):
    assert [*find_losses(RUNNING, replace(RUNNING, **changes))] == []


@pytest.mark.parametrize(
    ("running", "changes", "told"),
    [
        (RUNNING, {"name": "shop"}, ["its name changes from orders to shop", "its metric filters change"]),
        (RUNNING, {"stage": replace(STAGE, stage_name="beta")}, ["its stage changes", "its metric filters change"]),
        (
            RUNNING,
            {"functions": RUNNING.functions[1:]},
            ["it loses function orders-read with the aliases live and canary"],
        ),
        (
            RUNNING,
            {"functions": (*RUNNING.functions, TargetFunction("orders-ship", "live", "canary"))},
            ["it gets the functions orders-ship"],
        ),
        (
            BY_WEIGHTS,
            {"functions": (TargetFunction("orders-read", "prod", None), BY_WEIGHTS.functions[1])},
            ["it loses function orders-read with the alias live"],
        ),
        (RUNNING, {"access_log_group": None}, ["its access log changes from /apigw/orders-prod to None"]),
        (RUNNING, {"metrics": Metrics(client_errors=False)}, ["its metric filters change"]),
    ],
)
def test_reports_what_a_rollout_would_lose(running, changes, told):
    assert [*find_losses(running, replace(running, **changes))] == told
