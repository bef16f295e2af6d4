"""Which targets are drilled, and which are not without a further word."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from canary.aws.metrics import MetricReader
from canary.rules.targets.floor import Floor
from canary.rules.targets.policy import CAUTIOUS, HOTFIX, STANDARD
from canary.rules.targets.target import Stage, Target
from canary_cli.drilling.admission import find_busy, find_objections, read_per_second

OPEN = Target("orders-dev", (), HOTFIX, stage=Stage("a1b2c3d4e5", "dev", "lambdaAlias"), drill=True)
NOON = 1_767_268_800.0


def objections(target, stage_name="dev", *, is_held=False):
    return [(one.found, one.can_be_overruled) for one in find_objections(target, stage_name, is_held=is_held)]


def test_a_quiet_stage_that_opted_in_is_drilled():
    assert objections(OPEN) == []
    assert find_busy(OPEN, 1.0) is None


@pytest.mark.parametrize(
    ("target", "stage_name", "found"),
    [
        (replace(OPEN, stage=None), "dev", "orders-dev has no stage, and a drill works on one"),
        (OPEN, "prod", "the stage of orders-dev is dev, got prod"),
        (replace(OPEN, drill=False), "dev", "orders-dev does not allow drills"),
        (replace(OPEN, floor=Floor(min_steps=2)), "dev", "orders-dev has a floor, and a drill's policies are far below any"),
        (
            replace(OPEN, floor=Floor(max_first_weight_percent=Decimal(50))),
            "dev",
            "orders-dev has a floor, and a drill's policies are far below any",
        ),
    ],
)
def test_any_other_target_is_refused_whatever_is_said(target, stage_name, found):
    assert objections(target, stage_name) == [(found, False)]


def test_a_target_that_a_rollout_holds_is_refused():
    assert objections(OPEN, is_held=True) == [("a rollout holds orders-dev", False)]


@pytest.mark.parametrize("policy", [CAUTIOUS, replace(CAUTIOUS, name="cautious (changed)")])
def test_a_cautious_target_needs_a_further_word(policy):
    assert objections(replace(OPEN, policy=policy)) == [
        (f"the policy of orders-dev is {policy.name}, as if it were production", True)
    ]
    assert objections(replace(OPEN, policy=STANDARD)) == []


def test_a_busy_stage_needs_a_further_word():
    busy = find_busy(OPEN, 1.5)
    assert (busy.found, busy.can_be_overruled) == (
        "the stage of orders-dev had 1.5 requests per second in the last hour, more than 1",
        True,
    )
    assert busy.fix == "if no real user depends on this stage, repeat the command with --yes-this-stage"


class Counts:
    """CloudWatch with one value in each minute that is asked for."""

    def __init__(self, per_minute):
        self.per_minute = per_minute
        self.asked = []

    def get_metric_data(self, **asked):
        self.asked.append(asked)
        minutes = (asked["EndTime"] - asked["StartTime"]) // timedelta(minutes=1)
        stamps = [asked["StartTime"] + timedelta(minutes=number) for number in range(minutes)]
        return {"MetricDataResults": [{"Id": "m0", "Timestamps": stamps, "Values": [self.per_minute] * minutes}]}


def test_the_traffic_is_api_gateways_own_count_of_the_last_hour():
    cloudwatch = Counts(90.0)
    assert read_per_second(MetricReader(cloudwatch), "orders", "dev", NOON + 30) == 1.5
    (asked,) = cloudwatch.asked
    assert (asked["StartTime"].timestamp(), asked["EndTime"].timestamp()) == (NOON - 3600, NOON)
    metric = asked["MetricDataQueries"][0]["MetricStat"]["Metric"]
    assert (metric["Namespace"], metric["MetricName"]) == ("AWS/ApiGateway", "Count")
    assert {one["Name"]: one["Value"] for one in metric["Dimensions"]} == {"ApiName": "orders", "Stage": "dev"}
