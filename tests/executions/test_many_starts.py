"""Starts at the same moment on the embedded AWS, whose functions run in threads: one owner, as the policy promises."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.targets.policy import OnNewer
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.rig import HOUR, QUICK, Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

TWENTY = 20
NAMES = re.compile(r"\br\d+\b")


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Rig(aws, policy=replace(QUICK, on_newer=request.param))


def start_many(rig: Rig, count: int) -> dict[str, dict[str, Any]]:
    """The ended executions by name, of as many starts as one second holds; some of them begin in the same millisecond."""
    rig.publish()
    arns = []
    for number in range(count):
        arns.append(rig.start())
        if number % 3:
            rig.settle(1 / count)
    client = rig.aws.client("stepfunctions")
    for arn in arns:
        rig.finish(arn, limit=2 * HOUR)
    found = [client.describe_execution(executionArn=arn) for arn in arns]
    return {one["name"]: one for one in found}


def newer_than(one: dict[str, Any], found: dict[str, dict[str, Any]]) -> set[str]:
    age = one["startDate"], one["name"]
    return {name for name, other in found.items() if (other["startDate"], name) > age}


@pytest.mark.parametrize("rig", [OnNewer.REPLACE], indirect=True)
@pytest.mark.parametrize("count", [pytest.param(2, marks=pytest.mark.slow), TWENTY])
def test_the_newest_of_many_starts_is_promoted_and_every_other_one_names_a_newer(rig: Rig, count: int):
    found = start_many(rig, count)
    (newest,) = [name for name, one in found.items() if not newer_than(one, found)]

    assert found[newest]["status"] == "SUCCEEDED", found[newest].get("cause")
    for name, one in found.items():
        if name != newest:
            assert one["error"] in {"Refused", "RolledBack"}, one
            assert {*NAMES.findall(one["cause"])} & newer_than(one, found), one["cause"]
    assert rig.is_at_rest()


@pytest.mark.parametrize("rig", [OnNewer.REFUSE], indirect=True)
@pytest.mark.parametrize("count", [2, TWENTY])
def test_the_first_of_many_starts_is_promoted_and_the_others_are_refused_by_its_name(rig: Rig, count: int):
    found = start_many(rig, count)
    (owner,) = [name for name, one in found.items() if one["status"] == "SUCCEEDED"]

    others = [one for name, one in found.items() if name != owner]
    assert {one["error"] for one in others} == {"Refused"}
    assert all(owner in NAMES.findall(one["cause"]) for one in others)
    assert rig.is_at_rest()


@pytest.mark.parametrize("rig", [OnNewer.REPLACE], indirect=True)
def test_a_newer_release_replaces_the_one_that_rolls_out(rig: Rig):
    rig.publish()
    older = rig.start()
    rig.settle(150)
    assert rig.stage["canarySettings"]["percentTraffic"] == 25.0
    versions = rig.publish()
    ended = rig.run()

    assert (ended.status, ended.states.count("ReplaceRollout")) == ("SUCCEEDED", 3)
    assert {name: live for name, (live, _) in rig.aliases().items()} == versions
    described = rig.aws.client("stepfunctions").describe_execution(executionArn=older)
    assert (described["status"], described["error"]) == ("ABORTED", "RolledBack")
    assert f"{len(ended.states)} transitions" in ended.output["price"]
    assert rig.is_at_rest()
