import io
import json
import random
import zipfile
from collections import Counter

import pytest

from canary.rules.targets.access_log import metric_namespace
from demo.base_history import write_day, write_ship_day
from demo.controller import create_controller, register_target
from demo.guest import CONTROLLER
from demo.orders_traffic import OrdersTraffic, Outage
from demo.sample import PAYMENTS_ALARM, SHIP, create_sample, create_ship_sample, publish_release
from demo.sample_code import RELEASE, SOURCES, UnknownNumberError, archive, bake
from embedded_aws.cloudwatch.metric_store import MetricStore, identify
from embedded_aws.cloudwatch.statistics import parse_statistic
from embedded_aws.dataplane.served import Request
from embedded_aws.embedded import EmbeddedAws

MINUTE = 60
TEN_MINUTES = 600
NOON = 1_767_614_400
NEVER_FAILS = {"FAILING_SHARE": 0.0}


@pytest.fixture(scope="module")
def sample():
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield aws, create_sample(aws.client, NEVER_FAILS)


def ask(sample, method, path, body=None, **headers):
    aws, target = sample
    request = Request(target.stage.rest_api_id, "prod", method, path, aws.clock.now(), headers, (), body)
    return aws.dataplane.serve(request)


def body_of(served):
    return json.loads(served.body)


# The service.


def test_an_order_is_found_by_its_id(sample):
    served = ask(sample, "GET", "/orders/17")
    assert (served.status, body_of(served)) == (200, {"id": "17", "total_cents": 619})
    assert ask(sample, "GET", "/orders/9999").status == 404


def test_a_checkout_is_answered_with_its_total_or_declined_now_and_then(sample):
    checkout = json.dumps({"items": [{"article": "tea", "quantity": 2}]})
    answers = [ask(sample, "POST", "/orders", checkout) for _ in range(300)]
    made = [one for one in answers if one.status == 201]
    assert {one.status for one in answers} <= {201, 402, 503}
    assert len(made) > 270
    assert body_of(made[0])["total_cents"] == 2 * 450 + 490
    assert ("Location", f"/orders/{body_of(made[0])['id']}") in made[0].headers


def test_the_newest_orders_are_listed_with_their_sum(sample):
    listed = body_of(ask(sample, "GET", "/orders"))
    assert len(listed["orders"]) == 10
    assert listed["total_cents"] == sum(order["total_cents"] for order in listed["orders"])


@pytest.mark.parametrize("body", [None, "{", "[]", '{"items": []}', '{"items": [{"article": "gold", "quantity": 1}]}'])
def test_a_body_that_is_no_order_is_the_clients_fault(sample, body):
    assert ask(sample, "POST", "/orders", body).status == 400


def test_an_order_takes_as_long_as_its_query(sample):
    served = [ask(sample, "GET", "/orders/17") for _ in range(400)]
    latencies = sorted(one.latency for one in served)
    assert 40 < latencies[200] < 55
    assert latencies[-1] > 100


def test_a_request_that_carries_the_fault_finds_the_database_down(sample):
    assert ask(sample, "GET", "/orders/17", **{"X-Fault": "database"}).status == 503


def test_the_line_of_a_failure_says_who_answered_and_for_which_arm(sample):
    aws, _ = sample
    served = ask(sample, "GET", "/orders/17", **{"X-Fault": "database"})
    pattern = f'{{ $.request = "{served.request_id}" }}'
    lines = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/orders-read", filterPattern=pattern)
    who = {"function": "orders-read", "version": "1", "arm": "base", "service": "orders"}
    ids = {"request": served.request_id, "function_request_id": served.invocation.request_id}
    said = {"level": "ERROR", "message": "the request failed", "error": "DatabaseError: the database does not answer"}
    assert [json.loads(event["message"]) for event in lines["events"]] == [{**ids, **who, **said, "status": 503}]


def test_a_canary_request_is_logged_and_counted_as_the_canarys(sample):
    aws, target = sample
    client, stage = aws.client("apigateway"), target.stage
    names = {"restApiId": stage.rest_api_id, "stageName": stage.stage_name}
    deployment = client.get_stage(**names)["deploymentId"]
    patch = {
        "/canarySettings/deploymentId": deployment,
        "/canarySettings/stageVariableOverrides/lambdaAlias": "canary",
        "/canarySettings/percentTraffic": "100",
    }
    operations = [{"op": "replace", "path": path, "value": value} for path, value in patch.items()]
    client.update_stage(**names, patchOperations=operations)
    aws.clock.run_for(MINUTE)
    minute = int(aws.clock.now()) // MINUTE * MINUTE
    served = [ask(sample, "POST", "/orders", '{"items": [{"article": "cup", "quantity": 1}]}') for _ in range(50)]
    aws.clock.run_for(3 * MINUTE)
    client.update_stage(**names, patchOperations=[{"op": "remove", "path": "/canarySettings"}])
    aws.clock.run_for(MINUTE)

    failed = identify("Orders", "CheckoutFailed", {"arm": "canary"})
    counted = aws.metrics.series(failed, parse_statistic("SampleCount"), start=minute, end=minute + MINUTE, seconds=MINUTE)
    bad = aws.metrics.series(failed, parse_statistic("Sum"), start=minute, end=minute + MINUTE, seconds=MINUTE)
    assert {one.qualifier for one in served} == {"canary"}
    assert counted == {minute: 50}
    assert bad == {minute: sum(one.status != 201 for one in served)}


# Its releases.


def test_a_releases_numbers_are_baked_into_its_zip():
    with zipfile.ZipFile(io.BytesIO(archive({"FAILING_SHARE": 0.5, "NAME": "worse"}))) as opened:
        baked = opened.read(f"orders/{RELEASE}").decode()
        names = opened.namelist()
    assert "FAILING_SHARE = 0.5" in baked
    assert "NAME = 'worse'" in baked
    assert "orders/orders_read.py" in names


def test_the_same_numbers_give_the_same_zip():
    assert archive({"SPREAD": 0.4}) == archive({"SPREAD": 0.4})


def test_a_number_that_no_release_has_is_refused():
    with pytest.raises(UnknownNumberError, match="no number FAILING"):
        bake((SOURCES / RELEASE).read_text(encoding="utf-8"), {"FAILING": 1})


def test_a_release_that_fails_returns_5xx_and_one_that_does_not_catch_raises(sample):
    aws, target = sample
    returns = publish_release(aws.client, target, {"FAILING_SHARE": 1.0})
    raises = publish_release(aws.client, target, {"FAILING_SHARE": 1.0, "CATCHES_FAILURES": False})
    event = {"headers": {}, "pathParameters": {"id": "1"}, "requestContext": {"requestId": "r"}, "stageVariables": None}
    assert aws.invoke("orders-read", event, qualifier=returns["orders-read"]).payload["statusCode"] == 503
    crashed = aws.invoke("orders-read", event, qualifier=raises["orders-read"])
    assert (crashed.function_error, crashed.payload["errorType"]) == ("Unhandled", "DatabaseError")


def test_a_release_that_leaks_connections_breaks_beyond_a_rate(sample):
    aws, target = sample
    leaking = publish_release(aws.client, target, {"RETURNS_CONNECTIONS": False, "FAILING_SHARE": 0.0})["orders-read"]
    event = {"headers": {}, "pathParameters": {"id": "1"}, "requestContext": {"requestId": "r"}, "stageVariables": None}

    def statuses(per_minute, at):
        found = (
            aws.lambdas.invoke("orders-read", event, qualifier=leaking, at=at + n * 60 / per_minute)
            for n in range(per_minute * 2)
        )
        return Counter(one.payload["statusCode"] for one in found)

    now = aws.clock.now()
    assert statuses(140, now) == {200: 280}
    assert statuses(200, now + 300)[503] > 50


def test_a_slow_release_is_slower_in_the_tail_only(sample):
    aws, target = sample
    slow = publish_release(aws.client, target, {"SLOW_SHARE": 0.04, "SLOW_FACTOR": 6.0})["orders-read"]
    event = {"headers": {}, "pathParameters": {"id": "1"}, "requestContext": {"requestId": "r"}, "stageVariables": None}
    durations = {
        version: sorted(aws.invoke("orders-read", event, qualifier=version).duration_ms for _ in range(2000))
        for version in ("1", slow)
    }
    assert durations[slow][1000] == pytest.approx(durations["1"][1000], rel=0.1)
    assert durations[slow][1980] > 1.5 * durations["1"][1980]


# Its surroundings.


def test_the_users_alarm_is_ok_once_it_has_been_evaluated(sample):
    aws, _ = sample
    aws.clock.run_for(3 * MINUTE)
    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[PAYMENTS_ALARM])["MetricAlarms"]
    assert alarm["StateValue"] == "OK"


def test_an_outage_hits_its_share_of_the_requests_in_its_time_only():
    stage = type("Stage", (), {"rest_api_id": "a", "stage_name": "prod"})()
    traffic = OrdersTraffic(stage, rng=random.Random(1))
    traffic.plan_outage(Outage(after_seconds=600, lasts_seconds=300, share=0.2), NOON)
    hit = [request.at - NOON for request in traffic.requests(NOON, NOON + 1800) if request.headers.get("X-Fault")]
    assert 600 <= min(hit) < max(hit) < 900
    assert 0.15 < len(hit) / 3000 < 0.25


def test_a_day_of_history_is_what_a_day_of_traffic_leaves(sample):
    aws, target = sample
    register_target(aws.client, target)
    aws.clock.run_for(-aws.clock.now() % MINUTE)
    start = int(aws.clock.now())
    write_day(aws.metrics, target, until=start, rng=random.Random(3))
    traffic = OrdersTraffic(target.stage, rng=random.Random(4))
    aws.dataplane.add_source(traffic)
    aws.clock.run_for(12 * MINUTE)
    aws.dataplane.remove_source(traffic)
    for metric, statistic, tolerance in COMPARED:
        before = ten_minutes(aws.metrics, metric, statistic, start - 144 * TEN_MINUTES, start)
        after = ten_minutes(aws.metrics, metric, statistic, start, start + TEN_MINUTES)
        assert len(before) == 144
        assert after[0] == pytest.approx(sum(before) / 144, rel=tolerance), (metric, statistic)


SPACE = metric_namespace("orders")
STAGE = {"ApiName": "orders", "Stage": "prod"}
WRITE_LIVE = {"FunctionName": "orders-write", "Resource": "orders-write:live"}
COMPARED = (
    (identify(SPACE, "BaseRequests"), "Sum", 0.05),
    (identify(SPACE, "BaseLatency"), "p50", 0.05),
    (identify(SPACE, "BaseLatency"), "p90", 0.05),
    (identify(SPACE, "BaseLatency"), "p99", 0.15),
    (identify(SPACE, "BaseIntegrated"), "Sum", 0.05),
    (identify("AWS/ApiGateway", "Latency", STAGE), "p90", 0.05),
    (identify("AWS/Lambda", "Duration", WRITE_LIVE), "p90", 0.08),
    (identify("Orders", "CheckoutFailed", {"arm": "base"}), "Average", 0.4),
)


def ten_minutes(store: MetricStore, metric, statistic, start, end):
    return list(store.series(metric, parse_statistic(statistic), start=start, end=end, seconds=TEN_MINUTES).values())


def test_a_day_of_a_function_behind_an_alias_is_counted_by_version():
    store = MetricStore(lambda: NOON + 120, rng=random.Random(1))
    write_ship_day(store, SHIP, until=NOON, rng=random.Random(2), per_minute=60)
    by_version = {"FunctionName": SHIP, "Resource": f"{SHIP}:live", "ExecutedVersion": "1"}
    calls = ten_minutes(store, identify("AWS/Lambda", "Invocations", by_version), "Sum", NOON - 86_400, NOON)
    assert calls == [600.0] * 144


def test_a_function_without_an_api_ships_orders(sample):
    aws, _ = sample
    target = create_ship_sample(aws.client, NEVER_FAILS)
    assert target.stage is None
    assert aws.invoke(SHIP, {"order": "17"}, qualifier="live").payload == {"shipped": "17", "total_cents": 619}
    assert aws.invoke(SHIP, {"order": "x"}, qualifier="live").payload["errorType"] == "UnknownOrderError"


def test_the_controller_has_a_function_for_each_task_and_a_rule_for_each_of_its_clocks(sample):
    aws, _ = sample
    controller = create_controller(aws.client)
    pages = aws.client("lambda").get_paginator("list_functions").paginate()
    handlers = {one["FunctionName"]: one["Handler"] for page in pages for one in page["Functions"]}
    rules = {one["Name"]: one for one in aws.client("events").list_rules()["Rules"]}
    machine = aws.client("stepfunctions").describe_state_machine(stateMachineArn=controller.machine_arn)
    assert handlers["canary-ShiftTraffic"] == "canary.tasks.shift_traffic.handler"
    assert handlers["canary-SweepTargets"] == "canary.tasks.sweep_targets.handler"
    assert handlers[controller.operator] == "canary.tasks.operate_rollout.handler"
    assert "function:canary-ShiftTraffic" in machine["definition"]
    assert "${" not in machine["definition"]
    assert controller.machine_arn in rules["canary-failed-executions"]["EventPattern"]
    assert rules["canary-every-minute"]["ScheduleExpression"] == "rate(1 minute)"


def test_the_stage_is_the_one_that_the_example_target_describes(sample):
    aws, target = sample
    assert target.name == "orders"
    stage = aws.client("apigateway").get_stage(restApiId=target.stage.rest_api_id, stageName=target.stage.stage_name)
    assert stage["variables"] == {target.stage.alias_variable: target.functions[0].live}
    assert stage["accessLogSettings"]["destinationArn"].endswith(f":log-group:{target.access_log_group}")
