"""A record of the previous version can be read: it can be judged to its end, and made safe."""

import json
from pathlib import Path

import pytest

from canary.rules.judging import evidence_json
from canary.rules.judging.history import History, freeze_history, to_json
from canary.rules.judging.history import from_json as history_from_json
from canary.rules.looks.look_schedule import longest_interval
from canary.rules.looks.sources import all_sources
from canary.rules.rollouts import upgrades
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.phases import Phase, RemoveCanary, plan_pass
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.schema_version import SCHEMA_VERSION
from canary.rules.rollouts.steering import NOT_STEERED
from canary.rules.rollouts.upgrades import READABLE, UPGRADES, upgrade, upgrade_history
from canary.rules.targets.target import Metrics
from tests.builders import a_canary, a_live, a_rollout, a_stage, families

SCHEMA_2 = json.loads(Path(__file__).with_name("record_schema_2.json").read_text(encoding="utf-8"))
"""A rollout in its first step, and its frozen history, as a controller of schema 2 recorded them."""


@pytest.fixture
def upgraded():
    return decode(Rollout, upgrade(SCHEMA_2["record"], 2))


def test_the_schema_before_the_present_one_is_read():
    assert (*range(min(UPGRADES), SCHEMA_VERSION), SCHEMA_VERSION) == READABLE
    assert READABLE[-2:] == (SCHEMA_VERSION - 1, SCHEMA_VERSION)


def test_a_record_of_a_schema_without_an_upgrade_is_read_with_defaults(monkeypatch):
    record = encode(a_rollout())
    older = {**record, "target": {**record["target"], "metrics": {"errors": False}}}
    monkeypatch.setattr(upgrades, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    assert SCHEMA_VERSION not in UPGRADES
    assert decode(Rollout, upgrade(older, SCHEMA_VERSION)).target.metrics == Metrics(errors=False)


def test_a_record_of_the_present_schema_is_as_it_is():
    record = encode(a_rollout())
    assert upgrade(record, SCHEMA_VERSION) is record


def test_a_history_of_the_present_schema_is_as_it_is():
    history = to_json(History(0.01, families("errors"), {"errors": 1.0}, {"errors": freeze_history([])}))
    assert upgrade_history(history) == history


def test_a_rollout_of_schema_2_goes_back_like_any_other(upgraded):
    live = a_live(stage=a_stage(a_canary()))
    made = plan_pass(upgraded.standing, live, 1_769_861_000.0)
    assert (upgraded.phase, made.after.phase, made.moves) == (Phase.SHIFTING, Phase.ROLLING_BACK, (RemoveCanary(),))


def test_a_rollout_of_schema_2_is_judged_on_what_it_began_with(upgraded):
    sources = all_sources(upgraded.target, upgraded.snapshot, upgraded.intent, upgraded.limits_ms)
    evidence = evidence_json.from_json(upgraded.evidence, history_from_json(upgrade_history(SCHEMA_2["history"])))
    assert [source.metric for source in sources] == [*evidence.metrics] == ["errors", "slow_p99"]
    assert {source.metric: source.family for source in sources} == evidence.history.families


@pytest.mark.parametrize("metric", ["client_errors", "business_CheckoutFailed", "slow_250ms"])
def test_a_metric_of_schema_4_has_the_family_that_its_name_said(metric):
    frozen = upgrade_history({"alpha": 0.01, "metrics": {metric: {"stake": 1.0}}})
    is_slow = metric == "slow_250ms"
    assert frozen["metrics"] == {metric: {"family": families(metric)[metric], "stake": 1.0, "is_slow": is_slow}}


def test_a_latency_limit_of_schema_8_is_known_by_its_family():
    frozen = upgrade_history({"alpha": 0.01, "metrics": {"checkout": {"family": "slow", "stake": 1.0, "is_coarse": False}}})
    assert frozen["metrics"] == {"checkout": {"family": "slow", "stake": 1.0, "is_coarse": False, "is_slow": True}}
    record = encode(a_rollout())
    assert UPGRADES[8](record) == record


def test_a_rollout_of_schema_10_keeps_its_look_each_minute():
    record = encode(a_rollout())
    for part in (record["target"], record["plan"]):
        del part["policy"]["calm_look_seconds"]
    del record["is_calm"]
    rollout = decode(Rollout, upgrade(record, 10))
    assert (rollout.plan.policy.calm_look_seconds, rollout.target.policy.calm_look_seconds, rollout.is_calm) == (60, 60, False)
    assert longest_interval(rollout.plan.policy, rollout.plan.look_seconds) == rollout.plan.look_seconds


def test_a_record_of_schema_4_is_as_it_is_in_schema_5():
    record = encode(a_rollout())
    assert UPGRADES[4](record) == record


def test_a_rollout_that_schema_3_calls_held_is_parked():
    held = upgrade(SCHEMA_2["record"], 2) | {"phase": "held", "hold_after": 1, "held_since": 1.0, "held_until": 2.0}
    parked = decode(Rollout, upgrade(held, 3))
    assert (parked.phase, parked.park_after, parked.parked_since, parked.parked_until) == (Phase.PARKED, 1, 1.0, 2.0)
    assert parked.plan.policy.max_parked_seconds == 259_200


def test_a_rollout_of_schema_4_has_no_labels_and_retries_nothing(upgraded):
    assert (upgraded.labels, upgraded.retry_of) == ({}, None)


def test_a_rollout_whose_plan_counted_no_pauses_is_not_paused(upgraded):
    assert upgraded.plan.policy.max_pause_seconds == 0
    assert upgraded.steering == NOT_STEERED


def test_an_upgraded_record_is_written_as_one_of_the_present_schema(upgraded):
    assert decode(Rollout, json.loads(json.dumps(encode(upgraded)))) == upgraded
