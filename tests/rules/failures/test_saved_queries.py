"""The saved queries, run on a recorded log: what a person sees who runs them in the console."""

import json
from collections import Counter

import pytest

from canary.rules.failures.query import MOST_GROUPS
from canary.rules.failures.saved_queries import REQUEST_ID, Asks, saved_queries
from canary.rules.targets.target import Outside, OutsideRoute
from embedded_aws.logs.insights.commands import parse_query
from embedded_aws.wire.unknowns import Unknowns
from tests.builders import STAGE, a_target
from tests.rules.failures.recorded import read as read_recorded
from tests.rules.failures.recorded import rows_of

RECORDED = read_recorded()
GROUP = "/apigw/orders-prod"
ANSWERS = [json.loads(text) for _, _, text in RECORDED["lines"][GROUP]]
HERE = type(STAGE)(RECORDED["rest_api_id"], STAGE.stage_name, STAGE.alias_variable)


def queries(**changes):
    return {one.asks: one for one in saved_queries(a_target(**{"stage": HERE, **changes}))}


def run(query, text=""):
    """The rows of a query over the recorded lines of its groups."""
    rows, _ = parse_query(text or query.text, Unknowns()).run([*rows_of(RECORDED, query.groups)])
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in rows]


def counted(**wanted):
    return sum(all(answer[key] == value for key, value in wanted.items()) for answer in ANSWERS)


def failed(**wanted):
    return sum(all(answer[key] == value for key, value in wanted.items()) for answer in ANSWERS if answer["status"] >= 500)


def test_a_target_with_an_access_log_is_asked_by_arm_and_any_other_by_version():
    assert [*queries()] == [Asks.BY_ARM, Asks.ERRORS_BESIDE_BASE, Asks.BY_VERSION, Asks.ONE_REQUEST]
    without = [Asks.ERRORS_BY_VERSION, Asks.BY_VERSION, Asks.ONE_REQUEST]
    assert [*queries(stage=None)] == [*queries(access_log_group=None)] == without


def test_the_console_shows_a_targets_queries_in_its_folder():
    assert {one.name for one in queries().values()} == {f"canary/orders/{asks}" for asks in queries()}


def test_both_arms_are_counted_beside_each_other():
    rows = {row["which_arm"]: row for row in run(queries()[Asks.BY_ARM])}
    assert {arm: int(row["requests"]) for arm, row in rows.items()} == {
        "canary": counted(isCanary="true"),
        "base": counted(isCanary="false"),
    }
    assert float(rows["canary"]["percent_5xx"]) == 100 * failed(isCanary="true") / counted(isCanary="true") > 0
    assert rows["base"]["percent_5xx"] == "0"
    latencies = sorted(answer["responseLatency"] for answer in ANSWERS if answer["isCanary"] == "true")
    assert int(rows["canary"]["p50_ms"]) == latencies[len(latencies) // 2 - 1]
    assert int(rows["canary"]["p99_ms"]) == latencies[-1]


def test_the_canarys_errors_stand_beside_bases_by_route():
    rows = run(queries()[Asks.ERRORS_BESIDE_BASE])
    errors = [int(row["canary_errors"]) for row in rows]
    assert errors == sorted(errors, reverse=True)
    for row in rows:
        route = {"httpMethod": row["httpMethod"], "resourcePath": row["resourcePath"]}
        assert int(row["canary_errors"]) == failed(**route, isCanary="true") > 0
        assert int(row["canary_requests"]) == counted(**route, isCanary="true")
        assert (int(row["base_errors"]), int(row["base_requests"])) == (0, counted(**route, isCanary="false"))
    assert len(rows) == 3


def test_calls_and_error_lines_are_counted_by_the_version_that_ran():
    rows = run(queries()[Asks.BY_VERSION])
    calls = {(row["@log"].rpartition("/")[2], row["ran_version"]): int(row["calls"]) for row in rows}
    reports = Counter(
        (function, stream.partition("[")[2].partition("]")[0])
        for function in ("orders-read", "orders-write")
        for _, stream, text in RECORDED["lines"][f"/aws/lambda/{function}"]
        if text.startswith("REPORT")
    )
    assert calls == dict(reports)
    lines = {(row["@log"].rpartition("/")[2], row["ran_version"]): int(row["error_lines"]) for row in rows}
    assert lines[("orders-read", "1")] == lines[("orders-write", "1")] == 0
    assert lines[("orders-read", "2")] + lines[("orders-write", "2")] == failed(isCanary="true")


def test_without_an_access_log_the_errors_of_each_version_say_what_failed():
    rows = run(queries(access_log_group=None)[Asks.ERRORS_BY_VERSION])
    assert {(row["ran_version"], row["what_it_said"]) for row in rows} == {("2", "DatabaseError: the database does not answer")}
    assert sum(int(row["calls"]) for row in rows) == failed(isCanary="true")


def test_one_requests_lines_are_found_in_every_log_in_order():
    query = queries()[Asks.ONE_REQUEST]
    assert run(query) == []
    answer = next(answer for answer in ANSWERS if answer["status"] == 503)
    rows = run(query, query.text.replace(REQUEST_ID, answer["functionRequestId"]))
    said = [row["@message"].split()[0][:6] for row in rows]
    assert said == ["START", '{"leve', "END", "REPORT", '{"requ']
    assert {row["which_arm"] for row in rows if "which_arm" in row} == {"canary"}
    assert {row["which_version"] for row in rows[:4]} == {"2"}
    assert [row["@timestamp"] for row in rows] == sorted(row["@timestamp"] for row in rows)
    by_its_own_id = run(query, query.text.replace(REQUEST_ID, answer["requestId"]))
    assert [row["@log"].rpartition(":")[2] for row in by_its_own_id] == ["/aws/lambda/orders-read", GROUP]


def test_another_stage_and_routes_outside_are_not_counted():
    other = type(HERE)(HERE.rest_api_id, "test", HERE.alias_variable)
    assert run(queries(stage=other)[Asks.BY_ARM]) == []
    outside = Outside((OutsideRoute("/orders", ("GET",)),))
    rows = run(queries(outside=outside)[Asks.ERRORS_BESIDE_BASE])
    assert {(row["httpMethod"], row["resourcePath"]) for row in rows} == {("POST", "/orders"), ("GET", "/orders/{id}")}


@pytest.mark.parametrize("stage", [HERE, None])
def test_a_query_reads_as_many_groups_as_logs_insights_takes(stage):
    target = a_target(*(f"function-{number}" for number in range(MOST_GROUPS + 5)), stage=stage)
    assert max(len(one.groups) for one in saved_queries(target)) == MOST_GROUPS
