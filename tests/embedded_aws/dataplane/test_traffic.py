"""Traffic: when requests come, of what kind, and that each is served by a handler and counted."""

import random
import time
from collections import Counter

import pytest

from embedded_aws.dataplane.served import Invoked, Served
from embedded_aws.dataplane.traffic import InvokeTraffic, Shape, Traffic, arrivals
from tests.embedded_aws.dataplane.serving_world import GROUP, START, World, a_method, an_orders_world, start_canary

HOUR = 3600


def a_traffic(world: World, *shapes: Shape, per_minute: float = 600, seed: int = 7) -> Traffic:
    traffic = Traffic("api1", "prod", shapes or [Shape("GET", "/orders")], per_minute=per_minute, rng=random.Random(seed))
    world.dataplane.add_source(traffic)
    return traffic


def watch(world: World) -> list[Served]:
    served: list[Served] = []
    world.dataplane.on_served(served.append)
    return served


def test_arrivals_are_poisson() -> None:
    times = list(arrivals(60, START, START + 10 * HOUR, random.Random(1)))
    assert times == sorted(times)
    assert times[0] > START
    assert times[-1] <= START + 10 * HOUR
    by_minute = Counter(int(at - START) // 60 for at in times)
    counts = [by_minute[minute] for minute in range(600)]
    mean = sum(counts) / 600
    variance = sum((count - mean) ** 2 for count in counts) / 600
    assert mean == pytest.approx(60, abs=1.5)
    assert variance / mean == pytest.approx(1, abs=0.2)


def test_the_rate_may_change_with_time() -> None:
    def rate(at: float) -> float:
        return 0 if at < START + 60 else 300

    times = list(arrivals(rate, START, START + 120, random.Random(1)))
    assert min(times) >= START + 60
    assert 250 < len(times) < 350


def test_the_rate_can_be_changed() -> None:
    world = an_orders_world()
    served = watch(world)
    traffic = a_traffic(world, per_minute=60)
    world.pass_time(600)
    slow = len(served)
    traffic.per_minute = 600
    world.pass_time(600)
    assert 500 < slow < 700
    assert 5500 < len(served) - slow < 6500


def test_the_same_seed_brings_the_same_requests() -> None:
    runs = []
    for _ in range(2):
        world = an_orders_world()
        served = watch(world)
        a_traffic(world)
        start_canary(world, "25")
        world.pass_time(120)
        runs.append([(each.at, each.arm, each.request_id, each.body) for each in served])
    assert runs[0] == runs[1]


def test_how_the_clock_steps_does_not_lose_or_double_a_minute() -> None:
    counts = []
    for step in (60, 7, 0.5):
        world = an_orders_world()
        served = watch(world)
        a_traffic(world, per_minute=120)
        for _ in range(int(420 / step)):
            world.pass_time(step)
        counts.append(len(served))
        assert [each.at for each in served] == sorted(each.at for each in served)
    assert all(700 < count < 980 for count in counts)


def test_shapes_come_by_weight_with_their_headers_and_bodies() -> None:
    world = an_orders_world()
    world.deploy(a_method(), a_method("/orders/{id}"), a_method(verb="POST"))
    served = watch(world)
    a_traffic(
        world,
        Shape("GET", "/orders/{n}", 3, headers={"X-Shop": "corner"}),
        Shape("POST", "/orders", 1, body='{"soup": 1}'),
    )
    world.pass_time(300)
    kinds = Counter(each.request.method for each in served)
    assert kinds["GET"] / kinds["POST"] == pytest.approx(3, rel=0.2)
    gets = [each for each in served if each.request.method == "GET"]
    assert len({each.request.path for each in gets}) > 500
    assert {each.request.headers["X-Shop"] for each in gets} == {"corner"}
    assert {each.request.body for each in served if each.request.method == "POST"} == {'{"soup": 1}'}


def test_choices_for_n_come_before_numbers() -> None:
    traffic = a_traffic(an_orders_world(), Shape("GET", "/orders/{n}", choices={"n": ["first", "last"]}))
    assert {each.path for each in traffic.requests(START, START + 600)} == {"/orders/first", "/orders/last"}


def test_several_sources_are_served_in_order_of_time() -> None:
    world = an_orders_world()
    served = watch(world)
    for seed in range(3):
        a_traffic(world, per_minute=100, seed=seed)
    world.pass_time(60)
    times = [each.at for each in served]
    assert len(times) > 200
    assert times == sorted(times)


def test_a_removed_source_sends_nothing_more() -> None:
    world = an_orders_world()
    served = watch(world)
    traffic = a_traffic(world)
    world.pass_time(60)
    world.dataplane.remove_source(traffic)
    before = len(served)
    world.pass_time(60)
    assert len(served) == before > 0


def test_direct_invocations_split_by_the_aliass_weight() -> None:
    world = an_orders_world()
    world.put_alias("orders", "live", "1", {"2": 0.25})
    world.pass_time(60)
    invoked: list[Invoked] = []
    world.dataplane.on_invoked(invoked.append)
    world.dataplane.add_source(InvokeTraffic("orders", "live", {"a": 1}, per_minute=600, rng=random.Random(1)))
    world.pass_time(600)
    counts = Counter(each.invocation.executed_version for each in invoked if each.invocation)
    assert counts["2"] / counts.total() == pytest.approx(0.25, abs=0.02)
    world.pass_time(60)
    dimensions = {"FunctionName": "orders", "Resource": "orders:live", "ExecutedVersion": "2"}
    assert world.metrics.total("AWS/Lambda", "Invocations", **dimensions) >= counts["2"]


def test_invoking_a_function_that_is_gone_is_observed_and_stops_nothing() -> None:
    world = an_orders_world()
    invoked: list[Invoked] = []
    world.dataplane.on_invoked(invoked.append)
    world.dataplane.add_source(InvokeTraffic("orders", "live", {}, per_minute=60, rng=random.Random(1)))
    world.pass_time(60)
    world.lambdas.drop_function("orders")
    world.pass_time(60)
    assert [each.invocation is None for each in invoked] == [each.request.at > START + 120 for each in invoked]
    assert len(invoked) > 80


def test_every_request_is_answered_logged_and_counted() -> None:
    world = an_orders_world()
    start_canary(world, "10")
    world.logs.lines.clear()
    world.metrics.samples.clear()
    served = watch(world)
    a_traffic(world)
    began = time.process_time()
    world.pass_time(HOUR / 6)
    seconds = time.process_time() - began
    assert len(served) == pytest.approx(6_000, abs=300)
    assert {each.status for each in served} == {200}
    arms = Counter((each.arm, each.version) for each in served)
    assert set(arms) == {("base", "1"), ("canary", "2")}
    assert arms["canary", "2"] / len(served) == pytest.approx(0.1, abs=0.015)
    assert len(world.logs.lines[GROUP]) == len(served)
    assert world.metrics.total("AWS/ApiGateway", "Count", ApiName="orders", Stage="prod") == len(served)
    assert world.metrics.count("AWS/ApiGateway", "Latency", ApiName="orders") == len(served)
    canary = {"FunctionName": "orders", "Resource": "orders:canary"}
    assert world.metrics.total("AWS/Lambda", "Invocations", **canary) == arms["canary", "2"]
    assert seconds < HOUR / 6 / 10  # of processor time; about 0.3 on an idle core
