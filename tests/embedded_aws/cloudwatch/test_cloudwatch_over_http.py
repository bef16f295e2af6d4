"""CloudWatch and CloudWatch Logs as clients see them: moto's server with these two seams, over loopback."""

import inspect
import json
import random
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import boto3
import botocore.model
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.backends import get_backend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.logs.responses import LogsResponse
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from canary.rules.targets.access_log import metric_filters
from canary.rules.targets.alarms import target_alarms
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import Metrics, Stage, Target, TargetFunction
from embedded_aws.cloudwatch.alarms import Alarms
from embedded_aws.cloudwatch.metric_store import MetricStore
from embedded_aws.logs.ingest import LogIngest
from embedded_aws.moto_seams import cloudwatch as cloudwatch_seam
from embedded_aws.moto_seams import logs as logs_seam
from embedded_aws.moto_seams.hooks import find
from embedded_aws.wire.throttles import Throttles
from embedded_aws.wire.unknowns import Unknowns

START = 1_767_571_200.0  # 2026-01-05T00:00:00Z
EXCLUSIVE = (
    "The parameters MetricData.member.1.Value and MetricData.member.1.{} are mutually exclusive and you have specified both."
)
PROTOCOLS = ("json", "smithy-rpc-v2-cbor")
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260105/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=x"


class Aws:
    """What the seams need from the embedded AWS, on a clock that is set by hand."""

    def __init__(self) -> None:
        self.time = START + 3_600
        self.clock = SimpleNamespace(now=lambda: self.time)
        self.metrics = MetricStore(self.clock.now, rng=random.Random(1))
        self.alarms = Alarms(self.metrics, self.clock.now)
        self.logs = LogIngest(self.metrics, self.clock.now)
        self.throttles = Throttles(self.clock.now)
        self.unknowns = Unknowns()

    def reset(self) -> None:
        self.time = START + 3_600
        for part in (self.metrics, self.alarms, self.logs, self.throttles):
            part.reset()
        for regions in get_backend("logs").values():
            for backend in regions.values():
                backend.reset()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Aws, str]]:
    aws = Aws()
    uninstall = [seam.install(aws) for seam in (cloudwatch_seam, logs_seam)]
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield aws, f"http://{host}:{port}"
    server.stop()
    for each in uninstall:
        each()


@pytest.fixture
def aws(served: tuple[Aws, str]) -> Aws:
    served[0].reset()
    return served[0]


def a_client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def url(served: tuple[Aws, str], aws: Aws) -> str:
    assert aws is served[0]  # empty for each test
    return served[1]


@pytest.fixture
def logs(url: str) -> Any:
    return a_client("logs", url)


@pytest.fixture(params=PROTOCOLS)
def cloudwatch(request: pytest.FixtureRequest, url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client for each protocol that botocore knows for this service."""
    own = botocore.model.ServiceModel.resolved_protocol
    spoken = property(lambda model: request.param if model.service_name == "cloudwatch" else own.__get__(model, type(model)))
    monkeypatch.setattr(botocore.model.ServiceModel, "resolved_protocol", spoken)
    return a_client("cloudwatch", url)


def at(minute: float) -> datetime:
    return datetime.fromtimestamp(START + 60 * minute, UTC)


def a_metric(name: str, metric: str = "m", **changes: object) -> dict[str, object]:
    stat = {"Metric": {"Namespace": "N", "MetricName": metric}, "Period": 60, "Stat": "Sum"} | changes
    return {"Id": name, "MetricStat": stat}


def put(cloudwatch: Any, minute: float, *values: float, metric: str = "m", **fields: object) -> None:
    datum = {"MetricName": metric, "Timestamp": at(minute), "Values": list(values), **fields}
    cloudwatch.put_metric_data(Namespace="N", MetricData=[datum])


def get(cloudwatch: Any, *queries: dict[str, object], minutes: int = 10, **options: object) -> list[dict[str, Any]]:
    answer = cloudwatch.get_metric_data(MetricDataQueries=list(queries), StartTime=at(0), EndTime=at(minutes), **options)
    return answer["MetricDataResults"]


def refused(call: Any, **request: object) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response


@pytest.mark.parametrize("hook", cloudwatch_seam.HOOKS + logs_seam.HOOKS)
def test_every_name_that_is_replaced_is_moto_s(hook: str):
    find(hook)


def test_what_is_added_is_not_moto_s_already():
    source = inspect.getsource(CloudWatchResponse)
    for name in cloudwatch_seam.ADDITIONS:
        assert f"def {name.rpartition('.')[2]}(" not in source


def test_uninstalling_puts_moto_back():
    before = (dict(vars(CloudWatchResponse)), dict(vars(LogsResponse)))
    for seam in (cloudwatch_seam, logs_seam):
        seam.install(Aws())()

    assert (dict(vars(CloudWatchResponse)), dict(vars(LogsResponse))) == before


def test_metric_data_go_in_and_come_out(cloudwatch: Any):
    put(cloudwatch, 0, 1, 10, Counts=[4, 2])
    put(cloudwatch, 1, 5)

    (result,) = get(cloudwatch, a_metric("m1"))

    assert result["Id"] == "m1"
    assert result["Label"] == "m"
    assert result["StatusCode"] == "Complete"
    assert result["Timestamps"] == [at(1), at(0)]  # newest first
    assert result["Values"] == [5, 24]


def test_math_is_computed_beside_its_metrics(cloudwatch: Any):
    put(cloudwatch, 0, 3)

    hidden, total = a_metric("m1"), {"Id": "e1", "Expression": "FILL(m1, 0) * 2", "Label": "twice"}
    (result,) = get(cloudwatch, hidden | {"ReturnData": False}, total, minutes=2, ScanBy="TimestampAscending")

    assert (result["Id"], result["Label"], result["Values"]) == ("e1", "twice", [6, 0])


@pytest.mark.parametrize(
    ("queries", "labels"),
    [
        ((a_metric("a"), a_metric("b", Stat="Minimum")), ["m Sum", "m Minimum"]),
        ((a_metric("a"), a_metric("b", Period=300)), ["m 60", "m 300"]),
        ((a_metric("a"), a_metric("b", Stat="p99", Period=300)), ["m Sum 60", "m p99 300"]),
        ((a_metric("a"), a_metric("b", "n")), ["m", "n"]),
        ((a_metric("a") | {"Label": "mine"}, a_metric("b")), ["mine", "m"]),
    ],
)
def test_labels_tell_what_differs(url: str, queries: tuple[dict[str, object], ...], labels: list[str]):
    assert [result["Label"] for result in get(a_client("cloudwatch", url), *queries)] == labels


def test_a_metric_that_does_not_exist_is_complete_and_empty(cloudwatch: Any):
    (result,) = get(cloudwatch, a_metric("m1", "typo"))

    assert (result["StatusCode"], result["Values"], result["Timestamps"]) == ("Complete", [], [])


def test_the_start_is_rounded_down_to_the_minute(cloudwatch: Any):
    put(cloudwatch, 0, 7)

    answer = cloudwatch.get_metric_data(MetricDataQueries=[a_metric("m1")], StartTime=at(0.9), EndTime=at(1))

    assert answer["MetricDataResults"][0]["Values"] == [7]


def test_data_points_come_in_pages_unless_there_is_math(cloudwatch: Any):
    for minute in range(5):
        put(cloudwatch, minute, minute)
        put(cloudwatch, minute, 10 * minute, metric="n")
    queries = [a_metric("m1"), a_metric("n1", "n")]
    seen: dict[str, list[float]] = {"m1": [], "n1": []}
    options: dict[str, object] = {"MaxDatapoints": 4, "StartTime": at(0), "EndTime": at(5)}
    statuses = []

    while True:
        answer = cloudwatch.get_metric_data(MetricDataQueries=queries, **options)
        for result in answer["MetricDataResults"]:
            seen[result["Id"]] += result["Values"]
        statuses.append([result["StatusCode"] for result in answer["MetricDataResults"]])
        if "NextToken" not in answer:
            break
        options["NextToken"] = answer["NextToken"]

    assert seen == {"m1": [4, 3, 2, 1, 0], "n1": [40, 30, 20, 10, 0]}
    assert statuses == [["PartialData"], ["Complete", "PartialData"], ["Complete"]]
    del options["NextToken"]
    with_math = cloudwatch.get_metric_data(MetricDataQueries=[*queries, {"Id": "e", "Expression": "m1 + n1"}], **options)
    assert "NextToken" not in with_math
    assert len(with_math["MetricDataResults"][2]["Values"]) == 5


def test_statistics_of_one_metric_come_by_period_and_unit(cloudwatch: Any):
    put(cloudwatch, 0, 1, 2, 3, Unit="Seconds")
    put(cloudwatch, 0, 5, Unit="Count")

    answer = cloudwatch.get_metric_statistics(
        Namespace="N",
        MetricName="m",
        StartTime=at(0),
        EndTime=at(1),
        Period=60,
        Statistics=["Average", "SampleCount"],
        ExtendedStatistics=["p100"],
    )

    assert answer["Label"] == "m"
    assert sorted(answer["Datapoints"], key=lambda point: point["Average"]) == [
        {"Timestamp": at(0), "Average": 2, "SampleCount": 3, "ExtendedStatistics": {"p100": 3}, "Unit": "Seconds"},
        {"Timestamp": at(0), "Average": 5, "SampleCount": 1, "ExtendedStatistics": {"p100": 5}, "Unit": "Count"},
    ]


def test_a_unit_filters(cloudwatch: Any):
    put(cloudwatch, 0, 1, Unit="Seconds")

    seconds, count = get(cloudwatch, a_metric("a", Unit="Seconds"), a_metric("b", Unit="Count"))

    assert (seconds["Values"], count["Values"]) == ([1], [])


def test_metrics_are_listed_by_dimension(cloudwatch: Any):
    put(cloudwatch, 0, 1)
    put(cloudwatch, 0, 1, Dimensions=[{"Name": "a", "Value": "1"}])
    put(cloudwatch, 0, 1, Dimensions=[{"Name": "a", "Value": "2"}, {"Name": "b", "Value": "1"}])

    def listed(**request: object) -> int:
        return len(cloudwatch.list_metrics(Namespace="N", **request)["Metrics"])

    assert listed() == 3
    assert listed(Dimensions=[{"Name": "a"}]) == 2
    assert listed(Dimensions=[{"Name": "a", "Value": "2"}]) == 1
    assert listed(MetricName="other") == 0


def test_metrics_are_listed_five_hundred_a_page(aws: Aws, cloudwatch: Any):
    for number in range(501):
        aws.metrics.put("N", f"m{number:03}", {}, START, [1.0])

    first = cloudwatch.list_metrics(Namespace="N")
    rest = cloudwatch.list_metrics(Namespace="N", NextToken=first["NextToken"])

    assert (len(first["Metrics"]), len(rest["Metrics"])) == (500, 1)
    assert "NextToken" not in rest


def test_only_recently_active_metrics_are_listed_if_asked_so(aws: Aws, cloudwatch: Any):
    aws.time = START + 86_400
    put(cloudwatch, 0, 1, metric="old")
    put(cloudwatch, 1_439, 1, metric="new")

    (metric,) = cloudwatch.list_metrics(RecentlyActive="PT3H")["Metrics"]

    assert metric["MetricName"] == "new"


@pytest.mark.parametrize(
    ("datum", "code", "message"),
    [
        (
            {"Value": 1.5, "Values": [1.0, 10.0]},
            "InvalidParameterCombination",
            EXCLUSIVE.format("Values"),
        ),
        (
            {"Values": [1.0, 10.0], "Counts": [2, 4, 5]},
            "InvalidParameterValue",
            "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        ),
        (
            {"Value": 1.5, "StatisticValues": {"SampleCount": 10, "Sum": 55, "Minimum": 1, "Maximum": 10}},
            "InvalidParameterCombination",
            EXCLUSIVE.format("StatisticValues"),
        ),
    ],
)
def test_refusals_of_metric_data_are_those_recorded(
    aws: Aws, cloudwatch: Any, datum: dict[str, object], code: str, message: str
):
    response = refused(cloudwatch.put_metric_data, Namespace="N", MetricData=[{"MetricName": "m", **datum}])

    assert response["Error"] == {
        "Code": code,
        "Message": message,
        "QueryErrorCode": f"{code}Exception",
        "Type": "Sender",
    }
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert aws.metrics.metrics() == []


def test_a_statistic_set_is_taken_in(cloudwatch: Any):
    figures = {"SampleCount": 10.0, "Sum": 55.0, "Minimum": 1.0, "Maximum": 10.0}
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Timestamp": at(0), "StatisticValues": figures}])

    average, most, p50 = get(cloudwatch, *(a_metric(f"m{stat.lower()}", Stat=stat) for stat in ("Average", "Maximum", "p50")))

    assert (average["Values"], most["Values"], p50["Values"]) == ([5.5], [10], [])


@pytest.mark.parametrize(
    ("datum", "told"),
    [
        ({"Timestamp": at(200)}, "no more than two hours in the future"),
        ({"Timestamp": at(-15 * 1_440)}, "within the past two weeks"),
        ({"Values": [1.0] * 151}, "size greater than 150"),
        ({"Value": float("inf")}, "invalid"),
        ({"Dimensions": [{"Name": str(number), "Value": "x"} for number in range(31)]}, "size greater than 30"),
    ],
)
def test_metric_data_beyond_the_limits_are_refused(url: str, datum: dict[str, object], told: str):
    cloudwatch = a_client("cloudwatch", url)

    response = refused(cloudwatch.put_metric_data, Namespace="N", MetricData=[{"MetricName": "m", **datum}])

    assert response["Error"]["Code"] == "InvalidParameterValue"
    assert told in response["Error"]["Message"]


def test_refusals_of_statistics_are_those_recorded(cloudwatch: Any):
    request = {"Namespace": "N", "MetricName": "m", "Period": 1, "Statistics": ["Sum"]}

    too_many = refused(cloudwatch.get_metric_statistics, StartTime=at(0), EndTime=at(1_440), **request)
    no_range = refused(cloudwatch.get_metric_statistics, StartTime=at(1), EndTime=at(0), **request)

    assert too_many["Error"]["Code"] == "InvalidParameterCombination"
    assert too_many["Error"]["Message"] == (
        "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints "
        "requested by increasing Period, or decreasing the time range."
    )
    assert no_range["Error"]["Message"] == "The parameter StartTime must be less than the parameter EndTime."


def test_refusals_of_a_state_set_by_hand_are_those_recorded(cloudwatch: Any):
    bad = refused(cloudwatch.set_alarm_state, AlarmName="a", StateValue="INVALID", StateReason="x")
    unknown = refused(cloudwatch.set_alarm_state, AlarmName="a", StateValue="OK", StateReason="x")

    assert (bad["Error"]["Code"], bad["Error"]["QueryErrorCode"]) == ("ValidationError", "ValidationException")
    assert bad["Error"]["Message"] == (
        "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy "
        "enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
    )
    assert unknown["Error"] == {
        "Code": "ResourceNotFound",
        "Message": "",
        "QueryErrorCode": "ResourceNotFound",
        "Type": "Sender",
    }
    assert unknown["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_what_is_not_built_is_no_answer_of_aws(cloudwatch: Any):
    with pytest.raises(ClientError) as caught:
        get(cloudwatch, a_metric("m1", Period=10))
    response = caught.value.response

    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert response["Error"]["Code"] == "NotBuilt"


def test_throttles_hold_when_they_are_on(aws: Aws, cloudwatch: Any):
    aws.throttles.turn_on("cloudwatch")

    for _ in range(9):
        cloudwatch.describe_alarms()
    response = refused(cloudwatch.describe_alarms)

    assert (response["Error"]["Code"], response["Error"]["Message"]) == ("Throttling", "Rate exceeded")


MINIMAL = {
    "AlarmName": "a",
    "MetricName": "m",
    "Namespace": "N",
    "EvaluationPeriods": 1,
    "Period": 60,
    "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 30,
}


def test_a_minimal_alarm_is_described_as_recorded(aws: Aws, cloudwatch: Any):
    cloudwatch.put_metric_alarm(**MINIMAL)

    answer = cloudwatch.describe_alarms(AlarmNames=["a", "nobody"])

    created = datetime.fromtimestamp(aws.time, UTC)
    assert answer["CompositeAlarms"] == []
    assert answer["MetricAlarms"] == [
        {
            "AlarmName": "a",
            "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a",
            "AlarmConfigurationUpdatedTimestamp": created,
            "ActionsEnabled": True,
            "OKActions": [],
            "AlarmActions": [],
            "InsufficientDataActions": [],
            "StateValue": "INSUFFICIENT_DATA",
            "StateReason": "Unchecked: Initial alarm creation",
            "StateUpdatedTimestamp": created,
            "StateTransitionedTimestamp": created,
            "MetricName": "m",
            "Namespace": "N",
            "Statistic": "Sum",
            "Dimensions": [],
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 30.0,
            "ComparisonOperator": "GreaterThanThreshold",
        }
    ]


def test_an_alarm_fires_and_is_reported_everywhere(aws: Aws, cloudwatch: Any):
    cloudwatch.put_metric_alarm(**MINIMAL)
    cloudwatch.put_composite_alarm(AlarmName="above", AlarmRule='ALARM("a")')
    put(cloudwatch, 58, 31)

    aws.alarms.evaluate(aws.time)

    assert cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"][0]["AlarmName"] == "a"
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]["StateValue"] == "ALARM"
    history = cloudwatch.describe_alarm_history(AlarmName="a", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == ["Alarm updated from INSUFFICIENT_DATA to ALARM"]
    watching = cloudwatch.describe_alarms_for_metric(Namespace="N", MetricName="m")["MetricAlarms"]
    assert json.loads(watching[0]["StateReasonData"])["recentDatapoints"] == [31.0]


def test_alarms_are_tagged_switched_and_deleted(cloudwatch: Any):
    cloudwatch.put_metric_alarm(**MINIMAL, Tags=[{"Key": "team", "Value": "x"}])
    arn = cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmArn"]

    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "tier", "Value": "y"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "tier", "Value": "y"}]
    cloudwatch.disable_alarm_actions(AlarmNames=["a"])
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is False
    cloudwatch.delete_alarms(AlarmNames=["a", "nobody"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def a_target() -> Target:
    return Target(
        name="orders",
        functions=(TargetFunction("orders", "live", "canary"),),
        policy=STANDARD,
        stage=Stage("a1b2c3", "prod", "lambdaAlias"),
        access_log_group="/apigw/orders",
    )


def test_a_canary_alarm_and_its_filters_go_in_as_they_are(aws: Aws, cloudwatch: Any, logs: Any):
    logs.create_log_group(logGroupName="/apigw/orders")
    for one in metric_filters(a_target()):
        logs.put_metric_filter(**one.put_arguments("/apigw/orders"))
    for alarm in target_alarms(a_target()):
        cloudwatch.put_metric_alarm(**alarm.put_arguments())
    answered = {"apiId": "a1b2c3", "stage": "prod", "responseLatency": 1, "integrationLatency": "1", "integrationStatus": "200"}
    bad = json.dumps({"isCanary": "true", "status": 502, **answered})
    good = json.dumps({"isCanary": "false", "status": 200, **answered})
    for minute in range(51, 59):
        aws.logs.ingest_many("/apigw/orders", [(START + 60 * minute, line) for line in [bad] * 60 + [good] * 500])

    aws.alarms.evaluate(aws.time)

    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["canary-orders-errors"])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"
    assert [query["Id"] for query in alarm["Metrics"] if query["ReturnData"]] == ["score"]


def post(url: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, headers={"Authorization": SIGNED, **headers})  # noqa: S310 (loopback)
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def query(url: str, **parameters: str) -> tuple[int, ET.Element]:
    body = urllib.parse.urlencode({"Version": "2010-08-01", **parameters}).encode()
    status, answer = post(f"{url}/", body, **{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
    return status, ET.fromstring(answer)  # noqa: S314 (our own answer)


def texts(answer: ET.Element, name: str) -> list[str | None]:
    return [element.text for element in answer.iter(f"{{http://monitoring.amazonaws.com/doc/2010-08-01/}}{name}")]


def test_the_query_protocol_is_answered_in_xml(aws: Aws, url: str):
    aws.metrics.put("N", "m", {"a": "1"}, START, [1.0, 2.0])
    stat = "MetricDataQueries.member.1.MetricStat"

    status, answer = query(
        url,
        Action="GetMetricData",
        StartTime="2026-01-05T00:00:00Z",
        EndTime="2026-01-05T00:10:00Z",
        **{
            "MetricDataQueries.member.1.Id": "m1",
            f"{stat}.Metric.Namespace": "N",
            f"{stat}.Metric.MetricName": "m",
            f"{stat}.Metric.Dimensions.member.1.Name": "a",
            f"{stat}.Metric.Dimensions.member.1.Value": "1",
            f"{stat}.Period": "60",
            f"{stat}.Stat": "Sum",
        },
    )

    assert status == 200
    assert texts(answer, "Id") == ["m1"]
    assert [element.text for element in answer.iter() if element.tag.endswith("member")][1:] == ["2026-01-05T00:00:00Z", "3.0"]


def test_the_query_protocol_has_codes_of_its_own(url: str):
    state = {"Action": "SetAlarmState", "AlarmName": "a", "StateReason": "x"}

    unknown = query(url, **state, StateValue="OK")
    bad = query(url, **state, StateValue="INVALID")

    assert (unknown[0], texts(unknown[1], "Code"), texts(unknown[1], "Message")) == (404, ["ResourceNotFound"], [])
    assert (bad[0], texts(bad[1], "Code")) == (400, ["ValidationError"])


def test_json_without_query_mode_answers_400_to_everything(url: str):
    body = json.dumps({"AlarmName": "a", "StateValue": "OK", "StateReason": "x"}).encode()
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "GraniteServiceVersion20100801.SetAlarmState"}

    plain = post(f"{url}/", body, **headers)
    in_query_mode = post(f"{url}/", body, **headers, **{"x-amzn-query-mode": "true"})

    assert (plain[0], in_query_mode[0]) == (400, 404)
    assert json.loads(plain[1]) == {"__type": "com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound"}


def test_a_compressed_request_is_read(aws: Aws, cloudwatch: Any):
    data = [{"MetricName": f"a-rather-long-name-{number}", "Value": 1.0, "Timestamp": at(0)} for number in range(400)]

    cloudwatch.put_metric_data(Namespace="N", MetricData=data)

    assert len(aws.metrics.metrics()) == 400


def test_a_missing_parameter_is_named(url: str):
    status, answer = query(url, Action="SetAlarmState", AlarmName="a")

    assert status == 400
    assert texts(answer, "Message") == ["The parameter StateValue is required."]


def test_what_moto_does_well_stays_moto_s(url: str):
    cloudwatch = a_client("cloudwatch", url)

    cloudwatch.put_dashboard(DashboardName="d", DashboardBody="{}")

    assert [entry["DashboardName"] for entry in cloudwatch.list_dashboards()["DashboardEntries"]] == ["d"]
    cloudwatch.delete_dashboards(DashboardNames=["d"])


def test_tags_of_insight_rules_stay_moto_s(url: str):
    cloudwatch = a_client("cloudwatch", url)
    definition = json.dumps({"Schema": {"Name": "CloudWatchLogRule", "Version": 1}})
    cloudwatch.put_insight_rule(RuleName="r", RuleDefinition=definition, Tags=[{"Key": "team", "Value": "x"}])

    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:insight-rule/r"

    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "x"}]


def test_operations_that_moto_alone_knows_are_not_built_in_cbor(url: str):
    headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}

    status, answer = post(f"{url}/service/GraniteServiceVersion20100801/operation/PutDashboard", b"", **headers)

    assert status == 501
    assert b"NotBuilt" in answer


def test_lines_put_by_a_client_run_through_filters_and_are_found(aws: Aws, logs: Any):
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    transformation = {"metricNamespace": "N", "metricName": "Errors", "metricValue": "1", "defaultValue": 0}
    logs.put_metric_filter(
        logGroupName="g", filterName="f", filterPattern="{ $.status >= 500 }", metricTransformations=[transformation]
    )
    now = int(datetime.now(UTC).timestamp() * 1000)  # moto takes only lines of its own time
    aws.time = now / 1000
    events = [{"timestamp": now, "message": json.dumps({"status": status})} for status in (200, 500, 503)]

    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)

    aws.time += 200
    (metric,) = aws.metrics.metrics()
    assert metric[0].name == "Errors"
    found = logs.filter_log_events(logGroupName="g", filterPattern="{ $.status >= 500 }")["events"]
    assert [json.loads(event["message"])["status"] for event in found] == [500, 503]
    read = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)["events"]
    assert [event["message"] for event in read] == [event["message"] for event in events]
    by_arn = logs.filter_log_events(logGroupIdentifier="arn:aws:logs:eu-west-1:123456789012:log-group:g:*")["events"]
    assert len(by_arn) == 3


def test_lines_of_the_embedded_aws_have_a_stream(aws: Aws, logs: Any):
    aws.logs.ingest("/aws/lambda/orders", aws.time, "hello", stream="2026/01/05/[7]abc")

    (stream,) = logs.describe_log_streams(logGroupName="/aws/lambda/orders")["logStreams"]
    assert stream["logStreamName"] == "2026/01/05/[7]abc"
    read = logs.get_log_events(logGroupName="/aws/lambda/orders", logStreamName=stream["logStreamName"])
    assert [event["message"] for event in read["events"]] == ["hello"]


def test_filters_are_described_and_deleted_by_group(logs: Any):
    logs.create_log_group(logGroupName="g")
    for one in metric_filters(replace(a_target(), metrics=Metrics(latency_limits_ms=(300,)))):
        logs.put_metric_filter(**one.put_arguments("g"))

    shown = logs.describe_metric_filters(logGroupName="g", filterNamePrefix="canary-orders-Canary")["metricFilters"]
    assert [one["metricTransformations"][0]["metricName"] for one in shown] == [
        "CanaryClientErrors",
        "CanaryErrors",
        "CanaryLatency",
        "CanaryRefused",
        "CanaryRequests",
        "CanarySlow300",
    ]
    logs.delete_metric_filter(logGroupName="g", filterName="canary-orders-CanaryErrors")
    assert len(logs.describe_metric_filters(logGroupName="g")["metricFilters"]) == 12
    logs.delete_log_group(logGroupName="g")
    assert logs.describe_metric_filters()["metricFilters"] == []


def test_refusals_of_logs_are_those_recorded(logs: Any):
    logs.create_log_group(logGroupName="g")
    transformation = {"metricNamespace": "N", "metricName": "m", "metricValue": "1"}
    request = {"filterPattern": "x", "metricTransformations": [transformation]}

    no_group = refused(logs.put_metric_filter, logGroupName="nobody", filterName="f", **request)
    long_name = refused(logs.put_metric_filter, logGroupName="g", filterName="X" * 513, **request)
    no_stream = refused(logs.get_log_events, logGroupName="g", logStreamName="s")
    long_group = refused(logs.delete_metric_filter, logGroupName="X" * 513, filterName="f")

    assert no_group["Error"]["Code"] == "ResourceNotFoundException"
    assert no_group["Error"]["Message"] == "The specified log group does not exist."
    assert long_name["Error"]["Code"] == "InvalidParameterException"
    assert long_name["Error"]["Message"].endswith(
        "at 'filterName' failed to satisfy constraint: Member must have length less than or equal to 512"
    )
    assert no_stream["Error"]["Message"] == "The specified log stream does not exist."
    assert long_group["Error"]["Message"] == ("Invalid LogGroup or LogStream, both must have length less than or equal to 512.")
