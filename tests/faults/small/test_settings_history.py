from __future__ import annotations

from dataclasses import replace

import pytest

from embedded_aws.apigateway.stages.stage import Canary, Stage
from embedded_aws.awslambda.aliases import Alias
from tests.faults.small.sample import make_sample
from tests.faults.small.settings_history import Setting, SettingsHistory, Whole

OLD, NEW = Whole("d1", {"orders-read": "1", "orders-write": "1"}), Whole("d2", {"orders-read": "2", "orders-write": "2"})
STAGE = Stage("prod", "d1", 0, 0, {"lambdaAlias": "live"})
CANARY = Canary("d2", 25.0, {"lambdaAlias": "canary"})
WITH_CANARY = replace(STAGE, canary=CANARY)


@pytest.fixture
def history() -> SettingsHistory:
    return SettingsHistory(make_sample().target)


def aliases(*, live: str = "1", canary: str = "1") -> dict[tuple[str, str], Alias]:
    """Every alias of the sample's functions."""
    versions = {"live": live, "canary": canary}
    return {
        (function, name): Alias("arn", name, version, "r")
        for function in ("orders-read", "orders-write")
        for name, version in versions.items()
    }


def test_base_and_canary_share_the_traffic(history):
    shares = list(history.shares(WITH_CANARY))
    assert [(one.arm, one.deployment, one.alias, one.part) for one in shares] == [
        ("base", "d1", "live", 0.75),
        ("canary", "d2", "canary", 0.25),
    ]
    assert [one.arm for one in history.shares(replace(WITH_CANARY, canary=replace(CANARY, percent_traffic=100.0)))] == [
        "canary"
    ]
    assert [one.arm for one in history.shares(STAGE)] == ["base"]
    assert list(history.shares(None)) == []


def test_a_canary_that_gets_traffic_once_its_alias_has_settled_is_whole(history):
    history.add(Setting(0, STAGE, aliases()))
    history.add(Setting(100, STAGE, aliases(canary="2")))
    history.add(Setting(130, WITH_CANARY, aliases(canary="2")))
    assert history.half_releases(OLD, NEW) == []


def test_a_settle_that_is_a_moment_short_shows(history):
    history.add(Setting(0, STAGE, aliases()))
    history.add(Setting(100, STAGE, aliases(canary="2")))
    history.add(Setting(129.5, WITH_CANARY, aliases(canary="2")))
    found = history.half_releases(OLD, NEW)
    assert [(one.at, one.arm, one.function, one.version) for one in found] == [
        (129.5, "canary", "orders-read", "1"),
        (129.5, "canary", "orders-write", "1"),
    ]
    assert str(found[0]) == "at 130 a canary request reached orders-read:1 through d2"


def test_a_stage_that_is_still_seen_is_looked_at_too(history):
    history.add(Setting(0, WITH_CANARY, aliases(canary="2")))
    history.add(Setting(100, STAGE, aliases(canary="2")))
    history.add(Setting(120, STAGE, aliases(canary="1")))
    assert [one.at for one in history.half_releases(OLD, NEW)] == [120, 120]


def test_of_other_deployments_and_deleted_stages_nothing_is_said(history):
    history.add(Setting(0, replace(STAGE, deployment_id="theirs"), aliases(live="7")))
    history.add(Setting(100, None, {}))
    assert history.half_releases(OLD, NEW) == []
