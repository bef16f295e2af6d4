"""EvaluateCanary: one look, recorded with its verdict; a retry of the same entry returns the recorded one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.rules.looks import completeness
from canary.rules.looks.look_metrics import DIMENSION, NAMES, NAMESPACE
from tests.rig import QUICK
from tests.tasks.walk import PAYMENTS, Ground, TaskFailedError

if TYPE_CHECKING:
    from tests.tasks.walk import Walk


@pytest.fixture
def walk(ground: Ground) -> Walk:
    """A rollout in its first bake."""
    baking = ground.walk().shift()
    baking.pause(60)
    return baking


def test_a_look_is_recorded_with_verdict_reason_and_numbers(walk: Walk):
    answer = walk.look()

    assert answer["verdict"] in {"CONTINUE", "HOLD"}
    (look,) = walk.looks()
    assert (look["verdict"]["S"], look["reason"]["S"]) == (answer["verdict"], answer["reason"])
    assert json.loads(look["numbers"]["S"])["weight_percent"] == 25.0
    assert (walk.record.tally.looks, walk.record.step.baking_since) == (1, walk.entered)
    assert walk.record.reason == ""


def test_a_look_is_measured_for_the_targets_dashboard(ground: Ground, walk: Walk):
    walk.look()
    walk.pause(240)  # a minute's values can be read some time after its end

    asked = [
        {
            "Id": name.lower(),
            "MetricStat": {
                "Metric": {
                    "Namespace": NAMESPACE,
                    "MetricName": name,
                    "Dimensions": [{"Name": DIMENSION, "Value": "orders"}],
                },
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        for name in NAMES
    ]
    span = {"StartTime": walk.entered - 600, "EndTime": walk.now}
    data = ground.aws.client("cloudwatch").get_metric_data(MetricDataQueries=asked, **span)["MetricDataResults"]
    values = {one["Id"]: one["Values"][0] for one in data if one["Values"]}
    assert values["weightpercent"] == 25.0
    assert values["verdict"] in {0.0, 1.0}
    assert "evidencelog10" in values


def test_a_retry_of_the_same_entry_repeats_the_verdict(ground: Ground, walk: Walk):
    entered = walk.now
    first = walk.look(entered)
    before = walk.record
    ground.fire()
    again = walk.look(entered)

    assert again == first
    assert len(walk.looks()) == 1
    assert walk.record == before


def test_a_firing_alarm_rolls_back_and_is_the_reason(ground: Ground, walk: Walk):
    ground.fire()
    answer = walk.look()

    assert answer["verdict"] == "ROLL_BACK"
    assert f"alarm {PAYMENTS} is firing" in answer["reason"]
    assert walk.record.reason == answer["reason"]
    assert ground.percent == 25.0


def test_a_weight_that_someone_changed_rolls_back(ground: Ground, walk: Walk):
    ground.patch("/canarySettings/percentTraffic", "99.0")
    answer = walk.look()

    assert answer["verdict"] == "ROLL_BACK"
    assert "changed from 25 % to 99" in answer["reason"]


def test_a_proven_step_advances_without_a_reason_in_the_record(ground: Ground):
    walk = ground.walk(policy=replace(QUICK, detect={"errors": 0.9})).shift()
    for _ in range(8):
        walk.pause(60)
        answer = walk.look()
        if answer["verdict"] == "ADVANCE":
            break

    assert answer["verdict"] == "ADVANCE"
    assert walk.record.step.requests >= 5
    assert walk.record.reason == ""
    assert len(walk.looks()) == walk.record.tally.looks


def test_a_target_without_access_log_is_judged_on_lambdas_metrics(ground: Ground):
    walk = ground.walk(name="orders-bare", access_log_group=None).shift()
    assert "the whole stage's" not in " ".join(walk.record.plan.notes)
    walk.pause(240)
    walk.look()

    (look,) = walk.looks()
    counts = [seen["errors"] for _, _, seen, _ in json.loads(look["numbers"]["S"])["minutes"]]
    assert any(canary > 0 and base > 0 for canary, _, base, _ in counts)


def test_a_canary_with_all_traffic_is_not_looked_at(ground: Ground):
    walk = ground.walk().take_all()
    with pytest.raises(TaskFailedError, match="is taking_all; it has no bake to look at") as failed:
        walk.look()

    assert failed.value.kind == "OwnershipLostError"
    assert walk.looks() == []


def test_a_rollout_taken_over_is_not_looked_at(ground: Ground, walk: Walk):
    ground.rig.records.take_over(walk.owned, "guard:test")
    with pytest.raises(TaskFailedError, match="is now owned by guard:test"):
        walk.look()

    assert walk.looks() == []


def test_after_an_outage_looks_judge_what_is_waiting_in_portions(walk: Walk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(completeness, "MOST_MINUTES", 4)
    walk.ground.aws.clock.run_for(11 * 60)
    answers = []
    while not answers or "still to be judged" in answers[-1]["reason"]:
        answers.append(walk.look())
        walk.pause(1)
    folded = [len(json.loads(look["numbers"]["S"])["minutes"]) for look in walk.looks()]

    assert [answer["verdict"] for answer in answers[:-1]] == ["CONTINUE"] * (len(answers) - 1)
    assert folded[:2] == [4, 4]
    assert len(answers) == 3
    assert max(folded) == 4
