"""A traffic file: what it means, and how each of its mistakes is reported."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded_aws.dataplane.served import Invoked, Served
from embedded_aws.dataplane.stage_traffic import StageTraffic
from embedded_aws.dataplane.traffic_file import TrafficFileError, TrafficPlan, parse_traffic, read_traffic
from tests.embedded_aws.dataplane.serving_world import World, a_method, an_orders_world

FILE = """
api: orders
requests_per_minute: 300
headers: {X-Shop: corner}
routes:
  - route: GET /orders/{id}
    share: 3
    path: {id: [17, "a b"]}
    query: {expand: true}
  - route: POST /orders
    headers: {X-Shop: online}
    body: {article: tea}
  - route: GET /pages/{page+}
"""


def plans(text: str) -> tuple[TrafficPlan, ...]:
    return (parse_traffic(yaml.safe_load(text)),)


def serve(world: World, *given: TrafficPlan, **more: Any) -> list[Served]:
    served: list[Served] = []
    world.dataplane.on_served(served.append)
    world.dataplane.add_source(StageTraffic(world.gateway, given, rng=random.Random(1), **more))
    return served


def test_the_files_routes_are_called_by_share_with_their_values() -> None:
    world = an_orders_world()
    world.deploy(a_method("/orders/{id}"), a_method(verb="POST"), a_method("/pages/{page+}"))
    world.pass_time(60)  # for so long, some requests still see the old deployment
    served = serve(world, *plans(FILE))
    world.pass_time(600)

    gets = [each.request for each in served if each.request.path.startswith("/orders/")]
    posts = [each.request for each in served if each.request.method == "POST"]
    assert len(served) == pytest.approx(3000, rel=0.1)
    assert len(gets) / len(posts) == pytest.approx(3, rel=0.2)
    assert {each.path for each in gets} == {"/orders/17", "/orders/a%20b"}
    assert {(each.query, each.headers["X-Shop"]) for each in gets} == {((("expand", "true"),), "corner")}
    assert {each.body for each in posts} == {json.dumps({"article": "tea"})}
    assert {tuple(each.headers.items()) for each in posts} == {(("X-Shop", "online"), ("Content-Type", "application/json"))}
    assert {each.status for each in served} == {200}
    assert len({each.request.path for each in served if each.request.path.startswith("/pages/")}) > 100


def test_a_file_without_routes_sets_rate_and_headers_of_the_definitions_traffic() -> None:
    world = an_orders_world()
    served = serve(world, *plans("{requests_per_minute: 60, headers: {X-Shop: corner}}"))
    world.pass_time(600)

    assert len(served) == pytest.approx(600, rel=0.2)
    assert {(each.request.path, each.request.headers["X-Shop"]) for each in served} == {("/orders", "corner")}


def test_a_stage_that_the_file_does_not_name_gets_traffic_from_its_definition() -> None:
    world = an_orders_world()
    told: list[str] = []
    served = serve(world, *plans(FILE.replace("api: orders", "api: orders\nstage: beta")), per_minute=60, tell=told.append)
    world.pass_time(60)

    assert {each.request.path for each in served} == {"/orders"}
    assert told == ["60 requests per minute to orders (api1), stage prod, by its definition: GET /orders"]


def test_a_stage_that_is_left_out_gets_no_requests() -> None:
    world = an_orders_world()
    served = serve(world, without=[("api1", "prod")])
    world.pass_time(120)
    assert served == []


def test_functions_that_a_file_names_are_invoked_through_their_alias() -> None:
    world = an_orders_world()
    invoked: list[Invoked] = []
    world.dataplane.on_invoked(invoked.append)
    serve(world, *plans("invocations: [{function: orders, requests_per_minute: 120, event: {a: 1}}]"))
    world.pass_time(300)

    asked = Counter((each.request.function, each.request.qualifier, str(each.request.event)) for each in invoked)
    assert set(asked) == {("orders", "live", "{'a': 1}")}
    assert asked.total() == pytest.approx(600, rel=0.2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "file: got []; write a mapping with routes, invocations or requests_per_minute"),
        ("{}", "file: got {}; write a mapping with routes, invocations or requests_per_minute"),
        ("{requests_per_minute: 0}", "requests_per_minute: got 0; write requests per minute, above 0 and up to 60000"),
        ("{routes: []}", "routes: got []; list the routes; without it, they are taken from the definition"),
        (
            "{routes: [{route: /orders}]}",
            'routes[0].route: got "/orders"; write a method, a space and a path, such as GET /orders/{id}',
        ),
        ("{routes: [{share: 1}]}", "routes[0].route: missing; write a method, a space and a path, such as GET /orders/{id}"),
        (
            "{routes: [{route: GET /a, weight: 2}]}",
            "routes[0]: unknown key weight; the keys are body, headers, path, query, route, share",
        ),
        (
            "{routes: [{route: GET /a, share: -1}]}",
            "routes[0].share: got -1; write a number above 0: 3 is called three times as often as 1",
        ),
        (
            "{routes: [{route: 'GET /a/{id}', path: {id: 17}}]}",
            "routes[0].path.id: got 17; list the values, such as [17, 18]; each request takes one",
        ),
        (
            "{routes: [{route: 'GET /a/{id}', path: {key: [17]}}]}",
            "routes[0].path.key: GET /a/{id} has no parameter {key}; drop it, or put it into the route",
        ),
    ],
)
def test_a_mistake_is_reported_with_field_value_and_fix(text: str, problem: str) -> None:
    with pytest.raises(TrafficFileError) as refused:
        parse_traffic(yaml.safe_load(text))
    assert str(refused.value).startswith(problem)


def test_all_files_of_a_folder_are_read_and_all_their_problems_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(FILE, encoding="utf-8")
    (tmp_path / "b.yml").write_text("requests_per_minute: 5", encoding="utf-8")
    assert [plan.per_minute for plan in read_traffic(tmp_path)] == [300, 5]

    (tmp_path / "c.yaml").write_text("routes: [", encoding="utf-8")
    (tmp_path / "d.yaml").write_bytes(b"api: \xff")
    with pytest.raises(TrafficFileError) as refused:
        read_traffic(tmp_path)
    broken, foreign = str(refused.value).splitlines()
    assert broken.startswith(f"{tmp_path / 'c.yaml'}: it is no valid YAML (")
    assert foreign == f"{tmp_path / 'd.yaml'}: it is not UTF-8, got the byte 0xff; save it as UTF-8"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        TrafficFileError, match=r"nowhere.yaml: it cannot be read \(No such file or directory\); name a traffic"
    ):
        read_traffic(tmp_path / "nowhere.yaml")
    with pytest.raises(TrafficFileError, match="the folder has no YAML file"):
        read_traffic(tmp_path)


def test_a_file_with_invocations_alone_hides_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("invocations: [{function: orders}]", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("{api: orders, requests_per_minute: 120}", encoding="utf-8")
    told: list[str] = []
    world = an_orders_world()
    serve(world, *read_traffic(tmp_path), tell=told.append)
    world.pass_time(60)
    assert told == ["120 requests per minute to orders (api1), stage prod, by its definition: GET /orders"]


def test_a_date_without_quotes_stays_text(tmp_path: Path) -> None:
    file = tmp_path / "traffic.yaml"
    file.write_text(
        """
headers: {X-Day: 2026-01-05}
routes: [{route: POST /orders, body: {day: 2026-01-05}}]
invocations: [{function: orders, event: {at: 2026-01-05T12:00:00Z}}]
""",
        encoding="utf-8",
    )
    [plan] = read_traffic(file)
    assert plan.headers == {"X-Day": "2026-01-05"}
    assert plan.shapes[0].body == json.dumps({"day": "2026-01-05"})
    assert plan.invocations[0].event == {"at": "2026-01-05T12:00:00Z"}


def test_a_parameter_named_n_takes_its_listed_values_and_no_other_parameters() -> None:
    world = an_orders_world()
    world.deploy(a_method("/pages/{n}/{id}"))
    world.pass_time(60)  # for so long, some requests still see the old deployment
    served = serve(world, *plans("routes: [{route: 'GET /pages/{n}/{id}', path: {n: [first, last]}}]"))
    world.pass_time(600)

    parts = [each.request.path.split("/")[2:] for each in served]
    assert {n for n, _ in parts} == {"first", "last"}
    assert all(number.isdecimal() for _, number in parts)
    assert {each.status for each in served} == {200}
