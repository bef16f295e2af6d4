import json
import random

import pytest

from canary.rules.targets.access_log import metric_filters
from canary.rules.targets.target import Metrics
from embedded_aws.cloudwatch.metric_store import MetricStore, identify
from embedded_aws.cloudwatch.statistics import parse_statistic
from embedded_aws.logs.filter_pattern import parse_pattern
from embedded_aws.logs.ingest import LogIngest
from embedded_aws.wire.refusal import NotBuiltError, RefusalError
from tests.builders import a_target

START = 1_767_571_200
GROUP = "/apigw/orders"
EVENT = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "status": 503,
    "latency": 41.5,
    "flag": True,
    "nothing": None,
    "quoted": "500",
    "users": [{"email": "john@example.com"}, {"email": "jane@example.com"}],
    "coordinates": [[0, 1, 2], [4, 5, 6]],
    "deep": {"a-b": {"c_d": "x"}},
    "cluster.name": "c",
}


def matches(pattern: str, line: str | dict[str, object] = EVENT) -> bool:  # type: ignore[assignment]
    text = line if isinstance(line, str) else json.dumps(line)
    event = json.loads(text) if text.startswith("{") else None
    return parse_pattern(pattern).matches(text, event)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{ $.eventType = UpdateTrail }", True),
        ('{$.eventType="UpdateTrail"}', True),
        ('{ $.eventType != "UpdateTrail" }', False),
        ('{ $.eventType = "Update*" }', True),
        ('{ $.eventType = "*Trail" }', True),
        ('{ $.eventType = "*Tra*" }', True),
        ('{ $.eventType = "Upd*ail" }', False),
        ('{ $.eventType = "Trail*" }', False),
        ('{ $.eventType = "*" }', True),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ("{ $.sourceIPAddress != 111.* }", False),
        ("{ $.status = 503 }", True),
        ("{ $.status = 5.03e2 }", True),
        ("{ $.status != 503 }", False),
        ("{ $.status = 5* }", True),
        ("{ $.status = 4* }", False),
        ("{ $.status >= 500 }", True),
        ("{ $.status > 503 }", False),
        ("{ $.status <= 503 }", True),
        ("{ $.status < 503 }", False),
        ("{ $.latency > 41 }", True),
        ("{ $.latency < -1 }", False),
        ("{ $.flag IS TRUE }", True),
        ("{ $.flag IS FALSE }", False),
        ("{ $.nothing IS NULL }", True),
        ("{ $.eventType IS NULL }", False),
        ("{ $.other NOT EXISTS }", True),
        ("{ $.nothing NOT EXISTS }", False),
        ("{ $.users[1].email = jane@example.com }", True),
        ("{ $.users[2].email NOT EXISTS }", True),
        ("{ $.coordinates[1][2] = 6 }", True),
        ('{ $.deep.a-b.c_d = "x" }', True),
        ("{ $.['cluster.name'] = \"c\" }", True),
        ("{ $.eventType = %Tr[a-z]il$% }", True),
        ("{ $.eventType = %^Trail% }", False),
        # what is no value matches no comparison
        ('{ $.users = "x" }', False),
        ('{ $.users != "x" }', False),
        ('{ $.other != "x" }', False),
        ("{ $.quoted > 400 }", False),
        # numbers and texts
        ("{ $.quoted = 500 }", True),
        ('{ $.status = "503" }', False),
    ],
)
def test_conditions_on_a_json_line(pattern: str, expected: bool):  # noqa: FBT001
    assert matches(pattern) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{ $.status = 503 && $.flag IS TRUE }", True),
        ("{ $.status = 503 && $.flag IS FALSE }", False),
        ("{ $.status = 1 || $.flag IS TRUE }", True),
        ("{ $.status = 503 || $.flag IS FALSE && $.status = 1 }", True),
        ("{ ($.status = 503 || $.flag IS FALSE) && $.status = 1 }", False),
        ("{ (($.status = 503)) && ($.other NOT EXISTS) }", True),
    ],
)
def test_conditions_combine_and_before_or(pattern: str, expected: bool):  # noqa: FBT001
    assert matches(pattern) is expected


def test_json_patterns_match_no_other_lines():
    assert not matches("{ $.a NOT EXISTS }", "plain text")


@pytest.mark.parametrize(
    ("pattern", "line", "expected"),
    [
        ("", "anything", True),
        (" ", "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "[error 400]", False),
        ("ERROR ARGUMENTS", "[ERROR 420] INVALID ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", False),
        ("?ERROR ?ARGUMENTS", "INVALID ARGUMENTS", True),
        ("?ERROR ?ARGUMENTS", "fine", False),
        ("?ERROR REQUEST", "BAD REQUEST", True),
        ('"BAD REQUEST"', "[ERROR 400] BAD REQUEST", True),
        ('"REQUEST BAD"', "[ERROR 400] BAD REQUEST", False),
        ("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
        ("ERROR -ARGUMENTS", "[ERROR 420] INVALID ARGUMENTS", False),
        ("%AUTH[A-Z]*%", "[ERROR 401] UNAUTHORIZED", True),
    ],
)
def test_terms_match_text(pattern: str, line: str, expected: bool):  # noqa: FBT001
    assert matches(pattern, line) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a }",
        "{ $.a = }",
        "{ a = 1 }",
        "{ $.a = 1",
        "{ $.a = 1 } x",
        "{ $.a > x }",
        "{ $.a IS x }",
        "{ $.a = 1 && }",
        "%(%",
        "{ }",
    ],
)
def test_broken_patterns_are_refused(pattern: str):
    with pytest.raises(RefusalError, match="InvalidParameterException: Invalid filter pattern"):
        parse_pattern(pattern)


@pytest.mark.parametrize("pattern", ["[ip, user]", "{ $.users[*].email = 1 }"])
def test_patterns_that_are_not_built_say_so(pattern: str):
    with pytest.raises(NotBuiltError):
        parse_pattern(pattern)


class World:
    """Logs on a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = float(START)
        self.store = MetricStore(lambda: self.now, rng=random.Random(1))
        self.logs = LogIngest(self.store, lambda: self.now)

    def filter(self, name: str, pattern: str, value: str = "1", **transformation: object) -> None:
        self.logs.put_metric_filter(
            {
                "logGroupName": GROUP,
                "filterName": name,
                "filterPattern": pattern,
                "metricTransformations": [{"metricNamespace": "N", "metricName": name, "metricValue": value, **transformation}],
            }
        )

    def log(self, minute: float = 0, **fields: object) -> None:
        self.logs.ingest(GROUP, START + 60 * minute, json.dumps(fields))

    def read(self, name: str, statistic: str = "Sum", dimensions: tuple[tuple[str, str], ...] = ()) -> list[float | None]:
        """The first three minutes, long after they ended."""
        self.now = START + 3_600.0
        metric = identify("N", name, dimensions)
        found = self.store.series(metric, parse_statistic(statistic), start=START, end=START + 180, seconds=60)
        return [found.get(START + 60 * minute) for minute in range(3)]


@pytest.fixture
def world() -> World:
    return World()


def test_a_filter_counts_what_matches_by_the_minute(world: World):
    world.filter("Errors", "{ $.status >= 500 }")
    for minute, status in ((0, 500), (0.5, 200), (0.9, 503), (1, 200), (2, 504)):
        world.log(minute, status=status)

    assert world.read("Errors") == [2, None, 1]


def test_a_default_stands_for_minutes_with_lines_and_no_match(world: World):
    world.filter("Errors", "{ $.status >= 500 }", defaultValue=0)
    world.log(0, status=500)
    world.log(1, status=200)

    assert world.read("Errors") == [1, 0, None]
    assert world.read("Errors", "SampleCount") == [1, 1, None]


def test_a_default_is_not_added_to_what_matched(world: World):
    world.filter("Errors", "{ $.status >= 500 }", defaultValue=7)
    world.log(0, status=500)
    world.log(0, status=200)

    assert world.read("Errors") == [1, None, None]


def test_a_value_from_the_line_is_published(world: World):
    world.filter("Latency", "{ $.isCanary = false }", "$.latency")
    for latency in (10, 20, 30):
        world.log(0, isCanary=False, latency=latency)
    world.log(0, isCanary=False, latency="-")
    world.log(0, isCanary=False)

    assert world.read("Latency", "SampleCount") == [3, None, None]
    assert world.read("Latency", "p50") == [20, None, None]


def test_dimensions_come_from_the_line(world: World):
    world.filter("Requests", "{ $.status = * }", dimensions={"stage": "$.stage", "status": "$.status"})
    world.log(0, stage="prod", status=200)
    world.log(0, stage="prod", status=200)
    world.log(0, stage="test", status=200)
    world.log(0, status=200)

    assert world.read("Requests", dimensions=(("stage", "prod"), ("status", "200"))) == [2, None, None]
    assert world.read("Requests", dimensions=(("stage", "test"), ("status", "200"))) == [1, None, None]
    assert world.read("Requests") == [None, None, None]


def test_a_filter_counts_terms_in_plain_text(world: World):
    world.filter("Errors", "ERROR", "2")
    world.logs.ingest(GROUP, START, "[ERROR] no")
    world.logs.ingest(GROUP, START, "fine")

    assert world.read("Errors") == [2, None, None]


def test_a_unit_is_kept(world: World):
    world.filter("Latency", "{ $.latency = * }", "$.latency", unit="Milliseconds")
    world.log(0, latency=1)

    world.now = START + 3600.0
    assert world.store.units(identify("N", "Latency")) == ["Milliseconds"]


def test_filters_see_the_lines_to_come_only(world: World):
    world.log(0, status=500)
    world.filter("Errors", "{ $.status >= 500 }")
    world.log(0, status=500)
    world.logs.delete_metric_filter(GROUP, "Errors")
    world.log(0, status=500)

    assert world.read("Errors") == [1, None, None]


def test_changing_a_filter_keeps_what_was_counted(world: World):
    world.filter("Errors", "{ $.status >= 500 }", defaultValue=0)
    world.log(0, status=500)
    world.filter("Errors", "{ $.status >= 400 }", defaultValue=0)
    world.log(0, status=404)

    assert world.read("Errors") == [2, None, None]
    assert world.read("Errors", "SampleCount") == [2, None, None]


def test_nothing_is_handed_over_before_its_minute_has_ended(world: World):
    world.filter("Errors", "{ $.status >= 500 }", defaultValue=0)
    world.log(0, status=500)

    world.now = START + 59.0
    world.store.metrics()
    world.log(0.99, status=500)

    assert world.read("Errors", "SampleCount") == [2, None, None]


def test_other_groups_have_filters_of_their_own(world: World):
    world.filter("Errors", "{ $.status >= 500 }")
    world.logs.ingest("/other", START, '{"status": 500}')

    assert world.read("Errors") == [None, None, None]


@pytest.mark.parametrize("line", ['{"status": 500', '["status"]', '{"status": 500} x', "", "null"])
def test_lines_that_are_not_json_objects_do_no_harm(world: World, line: str):
    world.filter("Errors", "{ $.status >= 500 }", defaultValue=0)
    world.logs.ingest(GROUP, START, line)

    assert world.read("Errors") == [0, None, None]


def test_the_targets_own_filters_tell_the_arms_apart(world: World):
    for one in metric_filters(a_target(metrics=Metrics(latency_limits_ms=(300,)))):
        world.logs.put_metric_filter(one.put_arguments(GROUP))
    ours = {"apiId": "a1b2c3d4e5", "stage": "prod"}
    answered = {**ours, "integrationLatency": "38", "integrationStatus": "200"}
    lines = [
        {"isCanary": "true", "status": 500, "responseLatency": 40, **answered},
        {"isCanary": "true", "status": 200, "responseLatency": 400, **answered},
        {"isCanary": "false", "status": 200, "responseLatency": 50, **answered},
        {**ours, "isCanary": "-", "status": 403, "responseLatency": 1, "integrationLatency": "-", "integrationStatus": "-"},
        {"isCanary": "true", "status": 500, "responseLatency": 40, **answered, "stage": "qa"},
    ]
    world.logs.ingest_many(GROUP, [(START, json.dumps(line)) for line in lines])
    world.now = START + 600.0

    def total(name: str) -> float:
        metric = identify("Canary/orders", name)
        return world.store.series(metric, parse_statistic("Sum"), start=START, end=START + 60, seconds=60)[START]

    assert (total("CanaryRequests"), total("CanaryErrors"), total("CanarySlow300")) == (2, 1, 1)
    assert (total("BaseRequests"), total("BaseErrors"), total("BaseSlow300")) == (1, 0, 0)
    assert (total("BaseRefused"), total("BaseIntegrated")) == (1, 1)
    assert (total("CanaryClientErrors"), total("BaseClientErrors")) == (0, 1)
    assert (total("CanaryLatency"), total("BaseLatency")) == (440, 50)


def test_a_filter_is_described_as_it_was_given(world: World):
    world.filter("Errors", "{ $.status >= 500 }", defaultValue=0.0)

    (shown,) = world.logs.describe_metric_filters({"logGroupName": GROUP})["metricFilters"]

    assert shown == {
        "filterName": "Errors",
        "filterPattern": "{ $.status >= 500 }",
        "metricTransformations": [{"metricNamespace": "N", "metricName": "Errors", "metricValue": "1", "defaultValue": 0.0}],
        "creationTime": START * 1000,
        "logGroupName": GROUP,
        "applyOnTransformedLogs": False,
    }


def test_filters_are_found_by_prefix_metric_and_page(world: World):
    for name in ("a1", "a2", "b1"):
        world.filter(name, "x")

    def names(**request: object) -> list[str]:
        return [one["filterName"] for one in world.logs.describe_metric_filters(request)["metricFilters"]]

    assert names(filterNamePrefix="a") == ["a1", "a2"]
    assert names(metricName="b1", metricNamespace="N") == ["b1"]
    assert names(logGroupName="/other") == []
    assert names(limit=2) == ["a1", "a2"]
    assert names(limit=2, nextToken="2") == ["b1"]


@pytest.mark.parametrize(
    ("transformation", "told"),
    [
        ({"dimensions": dict.fromkeys("abcd", "$.x")}, "at most 3 dimensions"),
        ({"dimensions": {"a": "$.x"}, "defaultValue": 0}, "mutually exclusive"),
        ({"metricValue": "latency"}, "not a selector"),
    ],
)
def test_filters_beyond_the_limits_are_refused(world: World, transformation: dict[str, object], told: str):
    with pytest.raises(RefusalError, match=told):
        world.filter("x", "{ $.a = 1 }", **transformation)


def test_one_transformation_a_filter(world: World):
    with pytest.raises(RefusalError, match="Member must have length less than or equal to 1"):
        world.logs.put_metric_filter({"logGroupName": GROUP, "filterName": "x", "metricTransformations": [{}, {}]})


def test_a_group_takes_a_hundred_filters(world: World):
    for number in range(100):
        world.filter(f"f{number}", "x")

    world.filter("f0", "y")
    with pytest.raises(RefusalError, match="LimitExceededException"):
        world.filter("one more", "x")


def an_embedded_metric(**fields: object) -> str:
    directive = {"Namespace": "N", "Dimensions": [["arm"]], "Metrics": [{"Name": "Failed", "Unit": "Count"}]}
    return json.dumps({"_aws": {"Timestamp": START * 1000, "CloudWatchMetrics": [directive]}, **fields})


def test_an_embedded_metric_becomes_a_metric(world: World):
    for failed in (0, 1, 0, [1, 0]):
        world.logs.ingest("/aws/lambda/orders", START + 30, an_embedded_metric(arm="canary", Failed=failed))
    world.now = START + 600.0

    metric = identify("N", "Failed", {"arm": "canary"})
    span = {"start": START, "end": START + 60, "seconds": 60, "unit": "Count"}
    assert world.store.series(metric, parse_statistic("Sum"), **span) == {START: 2}
    assert world.store.series(metric, parse_statistic("SampleCount"), **span) == {START: 5}


@pytest.mark.parametrize(
    "fields", [{"Failed": 1}, {"arm": 7, "Failed": 1}, {"arm": "canary", "Failed": "1"}, {"arm": "canary"}]
)
def test_an_embedded_metric_that_breaks_the_specification_is_left_out(world: World, fields: dict[str, object]):
    world.logs.ingest("/aws/lambda/orders", START, an_embedded_metric(**fields))

    assert world.store.metrics() == []


def test_each_dimension_set_is_a_metric(world: World):
    directive = {"Namespace": "N", "Dimensions": [[], ["a"], ["a", "b"]], "Metrics": [{"Name": "m"}]}
    line = {"_aws": {"CloudWatchMetrics": [directive]}, "a": "1", "b": "2", "m": 3}

    world.logs.ingest(GROUP, START, json.dumps(line))

    assert [metric.dimensions for metric, _ in world.store.metrics()] == [(), (("a", "1"),), (("a", "1"), ("b", "2"))]


def test_lines_are_found_by_pattern_time_and_stream(world: World):
    world.logs.ingest(GROUP, START + 2, '{"status": 500}', stream="one")
    world.logs.ingest(GROUP, START + 1, '{"status": 200}', stream="one")
    world.logs.ingest(GROUP, START + 3, '{"status": 200}', stream="two")

    def found(**request: object) -> list[int]:
        events = world.logs.filter_log_events({"logGroupName": GROUP, **request})["events"]
        return [event["timestamp"] // 1000 - START for event in events]

    assert found() == [1, 2, 3]
    assert found(filterPattern="{ $.status = 200 }") == [1, 3]
    assert found(filterPattern="500") == [2]
    assert found(startTime=(START + 2) * 1000) == [2, 3]
    assert found(endTime=(START + 2) * 1000) == [1, 2]
    assert found(logStreamNames=["two"]) == [3]
    assert found(logStreamNamePrefix="o") == [1, 2]


def test_lines_found_come_in_pages(world: World):
    for second in range(5):
        world.logs.ingest(GROUP, START + second, str(second))
    texts: list[str] = []
    request: dict[str, object] = {"logGroupName": GROUP, "limit": 2}

    while True:
        answer = world.logs.filter_log_events(request)
        texts += [event["message"] for event in answer["events"]]
        if "nextToken" not in answer:
            break
        request["nextToken"] = answer["nextToken"]

    assert texts == ["0", "1", "2", "3", "4"]


def test_a_stream_is_read_from_either_end(world: World):
    for second in range(5):
        world.logs.ingest(GROUP, START + second, str(second), stream="s")
    request = {"logGroupName": GROUP, "logStreamName": "s", "limit": 2}

    def texts(**more: object) -> tuple[list[str], str, str]:
        answer = world.logs.get_log_events({**request, **more})
        return [event["message"] for event in answer["events"]], answer["nextForwardToken"], answer["nextBackwardToken"]

    newest, _, back = texts()
    assert newest == ["3", "4"]
    assert texts(nextToken=back)[0] == ["1", "2"]
    oldest, onwards, _ = texts(startFromHead=True)
    assert oldest == ["0", "1"]
    assert texts(nextToken=onwards)[0] == ["2", "3"]
    _, end, _ = texts(startTime=(START + 3) * 1000, startFromHead=True)
    assert texts(startTime=(START + 3) * 1000, nextToken=end) == ([], end, end.replace("f/", "b/"))
    assert texts(endTime=(START + 1) * 1000)[0] == ["0"]


def test_only_the_newest_lines_are_kept():
    world = World()
    logs = LogIngest(world.store, lambda: world.now, kept_lines=3)
    logs.ingest_many(GROUP, [(START + second, str(second)) for second in range(10)])

    assert [event["message"] for event in logs.filter_log_events({"logGroupName": GROUP})["events"]] == ["7", "8", "9"]


def test_a_new_stream_is_announced_once(world: World):
    announced: list[tuple[str, str]] = []
    world.logs.on_new_stream = lambda group, stream: announced.append((group, stream))

    world.logs.ingest(GROUP, START, "x", stream="s")
    world.logs.ingest(GROUP, START, "y", stream="s")

    assert announced == [(GROUP, "s")]


def test_a_deleted_group_takes_its_filters_and_lines_with_it(world: World):
    world.filter("Errors", "ERROR")
    world.logs.ingest(GROUP, START, "ERROR")

    world.logs.forget_group(GROUP)

    assert world.logs.describe_metric_filters({})["metricFilters"] == []
    assert world.logs.filter_log_events({"logGroupName": GROUP})["events"] == []
