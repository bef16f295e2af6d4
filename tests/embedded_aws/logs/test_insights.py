"""Logs Insights over boto3: the language as far as it is built, the life of a query, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded_aws.embedded import EmbeddedAws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = count(1)
ORDERS = (
    {"route": "/orders", "status": 200, "ms": 12.5, "who": {"arms": ["base", "canary"]}},
    {"route": "/orders", "status": 502, "ms": 30, "who": {"arms": ["canary"]}},
    {"route": "/orders/{id}", "status": 503, "ms": 41},
    {"status": 404},
)

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


@pytest.fixture(scope="module")
def logs(aws: EmbeddedAws) -> Any:
    """A client that asks once."""
    assert aws
    return boto3.client("logs", config=Config(retries={"max_attempts": 0}))


@pytest.fixture(autouse=True)
def ended(aws: EmbeddedAws) -> Iterator[None]:
    """No query runs on into another test."""
    yield
    aws.clock.run_for(2)


class Group:
    """A log group with lines that were logged a second apart."""

    def __init__(self, aws: EmbeddedAws, *lines: object, name: str = "", stream: str = "one") -> None:
        self.aws = aws
        self.client = boto3.client("logs", config=Config(retries={"max_attempts": 0}))
        self.name = name or f"/apigw/{next(NAMES)}"
        self.start = aws.clock.now()
        self.client.create_log_group(logGroupName=self.name)
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        aws.logs.ingest_many(self.name, [(self.start + at, text) for at, text in enumerate(texts)], stream=stream)

    def begin(self, query: str, *others: Group, seconds: int = 60, **more: Any) -> str:
        names, start = [self.name, *(other.name for other in others)], int(self.start)
        asked = {"logGroupNames": names, "startTime": start, "endTime": start + seconds, **more}
        return str(self.client.start_query(queryString=query, **asked)["queryId"])

    def answer(self, query: str, *others: Group, **more: Any) -> dict[str, Any]:
        query_id = self.begin(query, *others, **more)
        self.aws.clock.run_for(2)
        return dict(self.client.get_query_results(queryId=query_id))

    def ask(self, query: str, *others: Group, **more: Any) -> Rows:
        return [{one["field"]: one["value"] for one in row} for row in self.answer(query, *others, **more)["results"]]


@pytest.fixture(scope="module")
def orders(aws: EmbeddedAws) -> Group:
    return Group(aws, *ORDERS)


def refusal(call: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("condition", "statuses"),
    [
        ("status = 502", ["502"]),
        ('status = "502"', ["502"]),
        ("status >= 502", ["502", "503"]),
        ("status > 502", ["503"]),
        ("status < 404", ["200"]),
        ("status <= 404", ["200", "404"]),
        ("status != 200", ["404", "502", "503"]),
        ("status > 200 and status < 503", ["404", "502"]),
        ("status = 200 or status = 503 and ms > 100", ["200"]),
        ("(status = 200 or status = 503) and ms > 40", ["503"]),
        ("not status = 200", ["404", "502", "503"]),
        ("not (status >= 500)", ["200", "404"]),
        ("status in [200, 503]", ["200", "503"]),
        ("status not in [200, 503]", ["404", "502"]),
        ('route = "/orders"', ["200", "502"]),
        ('route like "{id}"', ["503"]),
        (r"route like /^\/orders$/", ["200", "502"]),
        (r"route =~ /(?i)ORDERS\/\{/", ["503"]),
        ("ispresent(route) and status >= 500", ["502", "503"]),
        ("not ispresent(route)", ["404"]),
        ('who.arms.1 = "canary"', ["200"]),
        ("strlen(tolower(route)) = 7", ["200", "502"]),
        ("status >= 500 # a comment", ["502", "503"]),
    ],
)
def test_a_filter_finds_events_by_their_fields(orders: Group, condition: str, statuses: list[str]):
    assert sorted(row["status"] for row in orders.ask(f"fields status | filter {condition}")) == statuses


@pytest.mark.parametrize(
    "condition", ['route != "/orders"', 'not route = "/orders"', 'route not like "x"', 'route not in ["x"]']
)
def test_whether_an_absent_field_differs_is_an_open_question(aws: EmbeddedAws, orders: Group, condition: str):
    assert refusal(orders.begin, f"filter {condition}")[0] == "NotRecorded"
    with aws.unknowns.answering("insights-absent-field", "true"):
        assert {"404"} <= {row["status"] for row in orders.ask(f"fields status | filter {condition}")}
    with aws.unknowns.answering("insights-absent-field", "not-true"):
        assert "404" not in {row["status"] for row in orders.ask(f"fields status | filter {condition}")}


def test_an_earlier_condition_spares_the_question(orders: Group):
    assert len(orders.ask('fields status | filter ispresent(route) and route != "/orders"')) == 1


def test_events_come_newest_first_with_their_own_fields(orders: Group):
    rows = orders.ask("fields @timestamp, @log, @logStream, status")

    assert [row["status"] for row in rows] == ["404", "503", "502", "200"]
    assert rows[-1]["@log"] == f"123456789012:{orders.name}"
    assert rows[-1]["@logStream"] == "one"
    assert rows[-1]["@timestamp"] == f"{datetime.fromtimestamp(orders.start, UTC):%Y-%m-%d %H:%M:%S}.000"
    assert len({row["@ptr"] for row in rows}) == 4
    assert {"@timestamp", "@message", "@ptr"} == {*orders.ask("filter status = 404")[0]}
    assert [*orders.ask("fields status | display ms | sort status | limit 1")[0]] == ["ms", "@ptr"]


def test_the_range_includes_both_its_ends(orders: Group):
    assert len(orders.ask("fields status", seconds=2)) == 3


def test_stats_count_what_is_alike_and_leave_out_absent_fields(orders: Group):
    counted = "count(*) as requests, count(ms) as timed, sum(ms) as total, avg(ms), min(ms) as least, max(ms) as most"
    rows = orders.ask(f"stats {counted} by route")

    assert {row.get("route", ""): row["requests"] for row in rows} == {"/orders": "2", "/orders/{id}": "1", "": "1"}
    both = next(row for row in rows if row.get("route") == "/orders")
    assert (both["timed"], both["total"], both["avg(ms)"], both["least"], both["most"]) == ("2", "42.5", "21.25", "12.5", "30")
    alone = next(row for row in rows if "route" not in row)
    assert alone == {"requests": "1", "timed": "0"}


def test_stats_choose_by_order_or_by_time(orders: Group):
    (row,) = orders.ask(
        "stats sortsFirst(route) as first, sortsLast(route) as last, earliest(status) as oldest, latest(status) as newest, "
        "latest(nothing) as none, count_distinct(route) as routes"
    )
    assert row == {"first": "/orders", "last": "/orders/{id}", "oldest": "200", "newest": "404", "routes": "2"}


def test_a_second_stats_counts_the_groups_of_the_first(orders: Group):
    query = "stats count(*) as requests by route | filter requests > 1 | stats count(*) as routes, sum(requests) as sum"
    assert orders.ask(query) == [{"routes": "1", "sum": "2"}]
    assert orders.ask("stats count(*) as n by route | stats max(n) as most by n | sort most desc | limit 1") == [
        {"n": "2", "most": "2"}
    ]


def test_what_was_parsed_and_computed_is_a_field(aws: EmbeddedAws):
    group = Group(aws, "GET /orders 502 by 7", "no request", stream="2026/01/05/[7]ab")
    query = (
        r"parse @message /(?<verb>[A-Z]+) (?<path>\/\S*) (?<code>\d+)/ | parse @logStream /\[(?<ran>[^\]]+)\]/ "
        '| fields coalesce(path, "none") as route, case(code >= 500, "bad", code < 500, "good", "unknown") as kind, '
        'substr(@message, 3) as rest, substr(@message, 0, 2) as begin, concat(ran, ":", @message) as all | display '
        "verb, route, kind, rest, begin, all, ran"
    )
    one, other = ({key: row[key] for key in row if key != "@ptr"} for row in group.ask(query))

    parsed = {"route": "none", "kind": "unknown", "rest": "request", "begin": "no", "all": "7:no request", "ran": "7"}
    assert one == parsed
    assert (other["verb"], other["route"], other["kind"], other["begin"]) == ("GET", "/orders", "bad", "GE")


def test_lambdas_logs_have_the_fields_of_their_first_json_fragment(aws: EmbeddedAws):
    mixed = '[INFO] it says {"level": "INFO", "n": 1} and {"n": 2}'
    function, other = Group(aws, mixed, name="/aws/lambda/orders"), Group(aws, mixed, "{broken", '["a list"]')

    assert function.ask("fields n | filter ispresent(n)")[0]["n"] == "1"
    assert other.ask("filter ispresent(n)") == []


def test_one_query_reads_several_groups_and_says_what_it_scanned(aws: EmbeddedAws, orders: Group):
    other = Group(aws, {"status": 502, "said": "ä"})
    answer = orders.answer("filter status = 502 | stats count(*) as requests by @log", other, seconds=600)
    sizes = [len(json.dumps(line).encode()) for line in (*ORDERS, {"status": 502, "said": "ä"})]

    assert answer["queryLanguage"] == "CWLI"
    assert answer["statistics"] == {
        "recordsMatched": 2.0,
        "recordsScanned": 5.0,
        "bytesScanned": float(sum(sizes)),
        "logGroupsScanned": 2.0,
    }
    assert len(answer["results"]) == 2


def test_a_query_is_scheduled_then_runs_and_is_then_complete(aws: EmbeddedAws, orders: Group, logs: Any):
    query_id = orders.begin("fields status")

    def seen() -> tuple[str, int]:
        answer = logs.get_query_results(queryId=query_id)
        return answer["status"], len(answer["results"])

    assert seen() == ("Scheduled", 0)
    aws.clock.run_for(0.5)
    assert seen() == ("Running", 0)
    aws.clock.run_for(0.5)
    assert seen() == ("Complete", 4)
    assert refusal(logs.stop_query, queryId=query_id) == ("InvalidParameterException", f"Query {query_id} is not running")


def test_a_stopped_query_has_no_results(orders: Group, logs: Any):
    query_id = orders.begin("fields status")

    assert logs.stop_query(queryId=query_id)["success"] is True
    answer = logs.get_query_results(queryId=query_id)
    assert (answer["status"], answer["results"]) == ("Cancelled", [])


def test_results_come_in_pages_and_within_limits(orders: Group, logs: Any):
    query_id = orders.begin("fields status", limit=3)
    orders.aws.clock.run_for(2)
    first = logs.get_query_results(queryId=query_id, maxItems=2)
    second = logs.get_query_results(queryId=query_id, maxItems=2, nextToken=first["nextToken"])

    assert (len(first["results"]), len(second["results"]), "nextToken" in second) == (2, 1, False)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "bogus command",
        "filter status",
        "filter status = ",
        "filter (status = 1",
        "filter status like 5",
        "filter status ~ 5",
        "fields status |",
        "fields status status",
        "fields and",
        "parse @message 5",
        "parse @message /(/",
        "parse @message /no group/",
        "limit many",
        "stats count(5)",
        "stats count(*) by route | stats sum(status)",
        "sort status | stats count(*)",
        "limit 5 | stats count(*)",
        "stats count(*) as a | stats sum(a) as b | stats sum(b)",
    ],
)
def test_a_malformed_query_is_refused(orders: Group, query: str):
    assert refusal(orders.begin, query)[0] == "MalformedQueryException"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("fields -status", "arithmetic"),
        ("fields jsonParse(@message) as m", "the function jsonParse"),
        ("stats stddev(ms)", "the function stddev"),
        ("dedup route", "the command dedup"),
        ('parse @message "status *" as s', "wildcards"),
        ("stats count(*) as n by route | fields n", "fields after stats"),
        ("stats count(*) as n by route | parse route /(?<a>b)/", "new fields after stats"),
        ("sort route", "where a sort puts rows without the field"),
        ("fields concat(route, status) as both", "concat"),
        ("fields @requestId", "@requestId"),
        ("stats max(route) as most, sum(route) as sum", "a sum of texts"),
        ("fields coalesce(route, status) as either | stats max(either)", "numbers among texts"),
    ],
)
def test_what_is_not_built_says_so(orders: Group, query: str, why: str):
    code, message = refusal(orders.begin, query)

    assert code == "NotBuilt"
    assert why in message


@pytest.mark.parametrize("line", [{"ok": True}, {f"f{number}": number for number in range(201)}])
def test_fields_whose_value_is_not_recorded_are_not_built(aws: EmbeddedAws, line: dict[str, object]):
    assert refusal(Group(aws, line).begin, "filter ok = 1")[0] == "NotBuilt"


def test_texts_and_numbers_are_not_ordered(aws: EmbeddedAws):
    group = Group(aws, {"status": "-"}, {"status": "502"}, {"status": None}, {"status": {"code": 1}})

    assert [row["status"] for row in group.ask("fields status | filter status >= 500")] == ["502"]
    assert [row["status"] for row in group.ask('fields status | filter status = "-"')] == ["-"]
    assert len(group.ask("fields status | filter ispresent(status) and status != 502")) == 1


def test_texts_are_sorted_as_texts(aws: EmbeddedAws):
    group = Group(aws, {"a": "x", "b": 2}, {"a": "y", "b": 10}, {"a": "x", "b": 10})

    assert [(row["a"], row["b"]) for row in group.ask("fields a, b | sort a desc, b asc")] == [
        ("y", "10"),
        ("x", "2"),
        ("x", "10"),
    ]


def test_a_field_with_special_characters_is_written_in_backticks(aws: EmbeddedAws):
    assert Group(aws, {"user-agent": "curl"}).ask("fields `user-agent`")[0]["user-agent"] == "curl"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"logGroupNames": ["/not/there"]}, "ResourceNotFoundException"),
        ({"logGroupNames": [f"/g/{number}" for number in range(51)]}, "InvalidParameterException"),
        ({"logGroupName": "/apigw/1"}, "InvalidParameterException"),
        ({"logGroupNames": None}, "NotBuilt"),
        ({"queryLanguage": "SQL"}, "NotBuilt"),
        ({"limit": 100_001}, "InvalidParameterException"),
        ({"endTime": 1}, "InvalidParameterException"),
        ({"queryString": f"fields {'a' * 10_000}"}, "InvalidParameterException"),
    ],
)
def test_requests_outside_the_limits_are_refused(orders: Group, changed: dict[str, Any], code: str):
    start = int(orders.start)
    asked = {"logGroupNames": [orders.name], "startTime": start, "endTime": start + 1, "queryString": "fields status"}
    given = {key: value for key, value in {**asked, **changed}.items() if value is not None}
    assert refusal(orders.client.start_query, **given)[0] == code


def test_a_group_is_named_by_its_name_or_its_arn(orders: Group, logs: Any):
    arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{orders.name}"
    start = int(orders.start)
    for names in ({"logGroupName": orders.name}, {"logGroupIdentifiers": [arn]}):
        assert logs.start_query(**names, startTime=start, endTime=start + 9, queryString="fields status")["queryId"]


def test_a_missing_group_is_named(orders: Group):
    other = Group(orders.aws)
    orders.client.delete_log_group(logGroupName=other.name)
    _, message = refusal(orders.begin, "fields status", other)

    assert message == f"Log group '{other.name}' does not exist for account ID '123456789012'"


def test_only_so_many_queries_run_at_once(orders: Group, logs: Any):
    running = [orders.begin("fields status") for _ in range(100)]
    assert refusal(orders.begin, "fields status")[0] == "LimitExceededException"
    logs.stop_query(queryId=running[0])
    assert orders.begin("fields status")


def test_cheaper_classes_are_not_built(orders: Group, logs: Any):
    logs.create_log_group(logGroupName="/cheap", logGroupClass="INFREQUENT_ACCESS")
    assert refusal(orders.begin, "fields status", logGroupNames=["/cheap"])[0] == "NotBuilt"


def test_the_list_of_queries_is_not_built(logs: Any):
    assert refusal(logs.describe_queries)[0] == "NotBuilt"


def test_an_unknown_query_is_not_found(logs: Any):
    assert refusal(logs.get_query_results, queryId="none")[0] == "ResourceNotFoundException"


def test_a_percentile_is_a_value_that_was_logged(orders):
    (row,) = orders.ask("stats pct(ms, 50) as middle, pct(ms, 99), pct(none, 50)")
    assert row == {"middle": "30", "pct(ms,99)": "41"}


@pytest.mark.parametrize("percent", ["101", "x", ""])
def test_a_percentile_needs_a_percentage(orders, percent):
    with pytest.raises(ClientError, match="unexpected symbol"):
        orders.begin(f"stats pct(ms, {percent})")
