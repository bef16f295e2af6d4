"""How late settings reach the data plane: in one unit, in a stage, in an alias."""

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.time.propagation import Propagation
from tests.embedded_aws.dataplane.serving_world import (
    ANSWER,
    START,
    EverySecond,
    World,
    a_method,
    a_mock,
    an_orders_world,
    start_canary,
)

if TYPE_CHECKING:
    from embedded_aws.dataplane.served import Served


def seen(unit: Propagation[str], at: float, draws: int = 200) -> set[str]:
    rng = random.Random(1)
    return {unit.seen(at, rng) for _ in range(draws)}


def test_old_and_new_are_seen_until_the_time_is_over() -> None:
    unit = Propagation("old")
    unit.change(100, "new")
    assert unit.newest == "new"
    assert seen(unit, 100) == {"old", "new"}
    assert seen(unit, 129.9) == {"old", "new"}
    assert seen(unit, 130) == {"new"}


def test_all_settings_of_the_last_seconds_may_be_seen_and_no_older_one() -> None:
    unit = Propagation("first")
    unit.change(100, "second")
    unit.change(120, "third")
    assert seen(unit, 125) == {"first", "second", "third"}
    assert seen(unit, 131) == {"second", "third"}
    assert seen(unit, 150) == {"third"}


def test_without_a_delay_a_change_is_seen_at_once() -> None:
    unit = Propagation("old", seconds=0)
    unit.change(100, "new")
    assert seen(unit, 100) == {"new"}


@given(st.lists(st.tuples(st.floats(0, 300), st.integers(0, 5)), max_size=8), st.floats(0, 400))
def test_what_is_seen_was_in_force_within_the_last_seconds(changes: list[tuple[float, int]], at: float) -> None:
    unit, history = Propagation(-1), [(float("-inf"), -1)]
    for when, value in sorted(changes):
        if when <= at:
            unit.change(when, value)
            history.append((when, value))
    ends = [when for when, _ in history[1:]] + [float("inf")]
    in_force = {value for (_, value), end in zip(history, ends, strict=True) if end + 30 > at}
    assert {unit.seen(at, random.Random(seed)) for seed in range(40)} <= in_force


def deployments(world: World, number: int = 300) -> set[str | None]:
    return {served.deployment_id for served in world.requests(number)}


def test_a_stage_update_reaches_requests_within_thirty_seconds() -> None:
    world = an_orders_world()
    old = world.gateway.stage("api1", "prod").deployment_id
    new = world.deploy(a_method(), variables={"lambdaAlias": "live"})
    assert deployments(world) == {old, new}
    world.pass_time(29)
    assert deployments(world) == {old, new}
    world.pass_time(1)
    assert deployments(world) == {new}


def test_a_stage_is_seen_as_a_whole() -> None:
    world = World()
    first = world.deploy(a_method(integration=a_mock('{"v": "$stageVariables.v"}')), variables={"v": "1"})
    world.pass_time(60)
    world.unknowns.choose("stage-fields-on-existing-stage", "merged")
    second = world.deploy(a_method(integration=a_mock('{"v": "$stageVariables.v"}')), variables={"v": "2"})
    pairs = {(served.deployment_id, served.body) for served in world.requests(300)}
    assert pairs == {(first, '{"v": "1"}'), (second, '{"v": "2"}')}


def test_the_canarys_removal_reaches_requests_within_thirty_seconds() -> None:
    world = an_orders_world()
    start_canary(world, "50")
    world.gateway.update_stage("api1", "prod", [{"op": "remove", "path": "/canarySettings"}])
    world.pass_time(29)
    assert {served.arm for served in world.requests(300)} == {"base", "canary"}
    world.pass_time(1)
    assert {served.arm for served in world.requests(300)} == {"base"}


def test_a_new_stage_is_there_at_once() -> None:
    world = World()
    world.deploy(a_method(integration=a_mock("{}")))
    assert {served.status for served in world.requests(50)} == {200}


def test_a_deleted_stage_fades_away() -> None:
    world = World()
    world.deploy(a_method(integration=a_mock("{}")))
    world.pass_time(60)
    world.gateway.delete_stage("api1", "prod")
    assert {served.status for served in world.requests(100)} == {200, 403}
    world.pass_time(30)
    assert {served.status for served in world.requests(100)} == {403}


def versions(world: World, number: int = 300) -> set[str]:
    return {world.lambdas.invoke("orders", {}, qualifier="live").executed_version for _ in range(number)}


def test_an_alias_update_reaches_invocations_within_thirty_seconds() -> None:
    world = an_orders_world()
    world.put_alias("orders", "live", "2")
    assert world.lambdas.alias("orders", "live").version == "2"
    assert versions(world) == {"1", "2"}
    world.pass_time(30)
    assert versions(world) == {"2"}


def test_each_alias_is_a_unit_of_its_own() -> None:
    world = an_orders_world()
    world.put_function("stock", ANSWER, ANSWER)
    world.put_alias("stock", "live", "1")
    world.put_alias("stock", "live", "2")
    world.put_alias("orders", "live", "2")
    answers = {
        tuple(world.lambdas.invoke(name, {}, qualifier="live").executed_version for name in ("orders", "stock"))
        for _ in range(300)
    }
    assert answers == {("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")}


def test_a_new_revision_of_the_same_routing_does_not_propagate() -> None:
    world = an_orders_world()
    world.put_alias("orders", "live", "2")
    world.pass_time(31)
    world.put_alias("orders", "live", "2")
    assert versions(world) == {"2"}


@pytest.mark.parametrize("seconds", [5, 90])
def test_the_time_of_propagation_can_be_set(seconds: int) -> None:
    world = an_orders_world()
    world.dataplane.propagation_seconds = seconds
    world.lambdas.propagation_seconds = seconds
    start_canary(world, "100", settle=False)
    world.put_alias("orders", "live", "2")
    world.pass_time(seconds - 0.5)
    assert {served.arm for served in world.requests(200)} == {"base", "canary"}
    assert versions(world) == {"1", "2"}
    world.pass_time(0.5)
    assert {served.arm for served in world.requests(200)} == {"canary"}
    assert versions(world) == {"2"}


def test_propagation_can_be_answered_to_be_at_once() -> None:
    world = an_orders_world()
    world.unknowns.choose("stage-propagation", "at-once")
    world.unknowns.choose("alias-propagation", "at-once")
    start_canary(world, "100", settle=False)
    world.put_alias("orders", "live", "2")
    assert {served.arm for served in world.requests(100)} == {"canary"}
    assert versions(world) == {"2"}


def test_traffic_up_to_a_change_is_served_before_it() -> None:
    """Requests that arrived while the clock's listeners were not running still see the settings in force at their arrival."""
    world = an_orders_world()
    old = world.gateway.stage("api1", "prod").deployment_id
    served: list[Served] = []
    world.dataplane.on_served(served.append)
    world.dataplane.add_source(EverySecond())
    world.time += 10
    world.deploy(a_method(), variables={"lambdaAlias": "live"})
    assert {each.deployment_id for each in served} == {old}
    assert [each.at for each in served] == [START + 60 + second for second in range(1, 11)]
