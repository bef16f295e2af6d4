import json
import random

import pytest

from canary.rules.targets.alarms import target_alarms
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import Stage, Target, TargetFunction
from embedded_aws.cloudwatch.alarm_answers import describe_alarm_history, describe_alarms, describe_alarms_for_metric
from embedded_aws.cloudwatch.alarms import Alarms
from embedded_aws.cloudwatch.metric_store import MetricStore
from embedded_aws.wire.refusal import NotBuiltError, RefusalError

START = 1_767_571_200  # 2026-01-05T00:00:00Z
SINGLE = {
    "Namespace": "N",
    "MetricName": "m",
    "Period": 60,
    "Statistic": "Sum",
    "EvaluationPeriods": 1,
    "Threshold": 10,
    "ComparisonOperator": "GreaterThanThreshold",
}


class World:
    """Alarms on a clock that is set by hand; a minute's metrics are available as soon as it has ended."""

    def __init__(self) -> None:
        self.now = float(START)
        self.store = MetricStore(lambda: self.now, rng=random.Random(1), arrival_seconds=0)
        self.alarms = Alarms(self.store, lambda: self.now)
        self.changes = []
        self.alarms.on_change(self.changes.append)

    def put(self, name: str = "a", **changes: object) -> None:
        self.alarms.put_metric_alarm({"AlarmName": name, **SINGLE, **changes})

    def minute(self, *values: float, metric: str = "m") -> None:
        """Let a minute pass in which the metric gets these values; alarms are evaluated at its end."""
        if values:
            self.store.put("N", metric, {}, self.now, values)
        self.now += 60
        self.alarms.evaluate(self.now)

    def state(self, name: str = "a") -> str:
        return self.describe(name)["StateValue"]

    def describe(self, name: str = "a") -> dict[str, object]:
        answer = describe_alarms(self.alarms, {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]})
        (shown,) = answer["MetricAlarms"] + answer["CompositeAlarms"]
        return shown


@pytest.fixture
def world() -> World:
    return World()


def test_a_new_alarm_has_insufficient_data(world: World):
    world.put()

    assert world.state() == "INSUFFICIENT_DATA"
    assert world.describe()["StateReason"] == "Unchecked: Initial alarm creation"
    assert "StateReasonData" not in world.describe()


def test_an_alarm_fires_and_recovers_with_its_metric(world: World):
    world.put()

    world.minute(5)
    assert world.state() == "OK"
    world.minute(11)
    assert world.state() == "ALARM"
    world.minute(10)
    assert world.state() == "OK"


def test_the_last_point_is_judged_again_until_it_leaves_the_range(world: World):
    world.put()
    world.minute(11)

    world.minute()
    world.minute()
    assert world.state() == "ALARM"
    world.minute()
    assert world.state() == "INSUFFICIENT_DATA"
    assert world.describe()["StateReason"] == "Insufficient Data: 1 datapoint was unknown."


def test_an_alarm_sees_data_from_before_it_was_made(world: World):
    world.minute(11)

    world.put(EvaluationPeriods=2, DatapointsToAlarm=2)
    world.minute(11)

    assert world.state() == "ALARM"


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "INSUFFICIENT_DATA"),
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
    ],
)
def test_no_data_counts_as_the_alarm_says(world: World, treatment: str, expected: str):
    world.put(TreatMissingData=treatment)

    world.minute()

    assert world.state() == expected


def test_ignoring_missing_data_keeps_the_state(world: World):
    world.put(TreatMissingData="ignore")
    world.minute(11)

    for _ in range(10):
        world.minute()

    assert world.state() == "ALARM"


def test_alarms_on_dynamodb_ignore_missing_data_unless_told(world: World):
    world.put(Namespace="AWS/DynamoDB")
    world.alarms.set_alarm_state("a", "ALARM", "by hand")

    for _ in range(5):
        world.minute()

    assert world.state() == "ALARM"


def test_reasons_read_as_cloudwatch_writes_them(world: World):
    world.put(EvaluationPeriods=3, DatapointsToAlarm=2)

    world.minute(11.5)
    world.minute(12)
    assert world.describe()["StateReason"] == (
        "Threshold Crossed: 2 datapoints [12.0 (05/01/26 00:01:00), 11.5 (05/01/26 00:00:00)] were greater than the "
        "threshold (10.0)."
    )
    world.minute(1)
    world.minute(2)
    assert world.describe()["StateReason"] == (
        "Threshold Crossed: 2 out of the last 3 datapoints [2.0 (05/01/26 00:03:00), 1.0 (05/01/26 00:02:00)] were not "
        "greater than the threshold (10.0) (minimum 2 datapoints for ALARM -> OK transition)."
    )
    world.minute(20)
    world.minute(30)
    assert "(minimum 2 datapoints for OK -> ALARM transition)" in str(world.describe()["StateReason"])


def test_reasons_tell_what_was_made_of_missing_data(world: World):
    world.put(TreatMissingData="breaching", EvaluationPeriods=2)
    world.put("b", TreatMissingData="notBreaching", EvaluationPeriods=2)

    world.minute()
    assert world.describe()["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."
    )
    world.minute(5)
    assert world.describe()["StateReason"] == (
        "Threshold Crossed: 1 datapoint [5.0 (05/01/26 00:01:00)] was not greater than the threshold (10.0) and "
        "1 missing datapoint was treated as [Breaching]."
    )


def test_reason_data_holds_the_figures(world: World):
    world.put(Statistic="Average", Unit="None")
    world.minute(21, 22)

    data = json.loads(str(world.describe()["StateReasonData"]))

    assert data == {
        "version": "1.0",
        "queryDate": "2026-01-05T00:01:00.000+0000",
        "startDate": "2026-01-05T00:00:00.000+0000",
        "unit": "None",
        "statistic": "Average",
        "period": 60,
        "recentDatapoints": [21.5],
        "threshold": 10.0,
        "evaluatedDatapoints": [{"timestamp": "2026-01-05T00:00:00.000+0000", "sampleCount": 2.0, "value": 21.5}],
    }


def test_longer_periods_slide_by_the_minute(world: World):
    world.put(Period=300)
    for _ in range(5):
        world.minute(2)
    assert world.state() == "OK"

    world.minute(9)

    assert world.state() == "ALARM"  # 2 + 2 + 2 + 2 + 9 in the last five minutes


def test_percentiles_are_not_judged_on_few_samples_if_the_alarm_says_so(world: World):
    world.put(Statistic=None, ExtendedStatistic="p90", EvaluateLowSampleCountPercentile="ignore")
    world.put("b", Statistic=None, ExtendedStatistic="p90")

    world.minute(*[20.0] * 99)
    assert (world.state(), world.state("b")) == ("INSUFFICIENT_DATA", "ALARM")
    world.minute(*[20.0] * 100)
    assert world.state() == "ALARM"


def test_changing_an_alarm_keeps_its_state(world: World):
    world.put()
    world.minute(11)
    since = world.describe()["StateTransitionedTimestamp"]

    world.put(Threshold=100)

    assert world.state() == "ALARM"
    assert world.describe()["Threshold"] == 100
    assert world.describe()["StateTransitionedTimestamp"] == since
    world.minute(11)
    assert world.state() == "OK"


def test_a_state_set_by_hand_lasts_until_the_next_evaluation(world: World):
    world.put()
    world.minute(5)

    world.alarms.set_alarm_state("a", "ALARM", "a drill")
    assert (world.state(), world.describe()["StateReason"]) == ("ALARM", "a drill")
    world.minute(5)
    assert world.state() == "OK"


def test_update_and_transition_are_two_times(world: World):
    world.put()
    world.minute(5)
    transitioned = world.describe()["StateTransitionedTimestamp"]
    world.now += 30

    world.alarms.set_evaluation_state("a", "EVALUATION_FAILURE")

    shown = world.describe()
    assert shown["EvaluationState"] == "EVALUATION_FAILURE"
    assert shown["StateTransitionedTimestamp"] == transitioned
    assert shown["StateUpdatedTimestamp"] > transitioned


def test_a_broken_alarm_is_not_evaluated_until_it_is_fixed(world: World):
    world.put()
    world.minute(5)
    world.alarms.set_evaluation_state("a", "EVALUATION_ERROR")

    world.minute(11)
    assert world.state() == "OK"
    world.alarms.set_evaluation_state("a", None)
    world.minute(11)
    assert world.state() == "ALARM"
    assert "EvaluationState" not in world.describe()


def test_an_alarm_that_cannot_be_evaluated_says_so(world: World):
    world.put()
    world.store.put("N", "m", {}, START, [1.0], unit="Count")

    world.minute(11)

    assert world.describe()["EvaluationState"] == "EVALUATION_ERROR"
    assert "give one" in str(world.describe()["StateReason"])


def test_changes_are_told_as_events(world: World):
    world.put(AlarmDescription="too many")
    world.minute(11)

    (change,) = world.changes
    event = change.event()

    assert event["source"] == "aws.cloudwatch"
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a"]
    detail = event["detail"]
    assert detail["alarmName"] == "a"
    assert detail["state"]["value"] == "ALARM"
    assert detail["state"]["timestamp"] == "2026-01-05T00:01:00.000+0000"
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert detail["configuration"]["description"] == "too many"
    (query,) = detail["configuration"]["metrics"]
    assert query["metricStat"] == {
        "metric": {"namespace": "N", "name": "m", "dimensions": {}},
        "period": 60,
        "stat": "Sum",
    }


def test_an_unchanged_state_is_reported_once(world: World):
    world.put()
    for _ in range(3):
        world.minute(11)

    assert len(world.changes) == 1


def test_history_tells_changes_newest_first(world: World):
    world.put()
    world.minute(5)
    world.minute(11)

    items = describe_alarm_history(world.alarms, {"AlarmName": "a", "HistoryItemType": "StateUpdate"})["AlarmHistoryItems"]

    assert [item["HistorySummary"] for item in items] == [
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ]
    data = json.loads(items[1]["HistoryData"])
    assert data["oldState"] == {"stateValue": "INSUFFICIENT_DATA", "stateReason": "Unchecked: Initial alarm creation"}
    assert data["newState"]["stateReasonData"]["recentDatapoints"] == [5.0]


def test_history_is_read_by_time_and_page(world: World):
    world.put()
    for values in ((5,), (11,), (5,), (11,)):
        world.minute(*values)
    request = {"HistoryItemType": "StateUpdate", "ScanBy": "TimestampAscending"}

    late = describe_alarm_history(world.alarms, {**request, "StartDate": START + 180, "EndDate": START + 180})
    first = describe_alarm_history(world.alarms, {**request, "MaxRecords": 3})
    rest = describe_alarm_history(world.alarms, {**request, "MaxRecords": 3, "NextToken": first["NextToken"]})

    assert len(late["AlarmHistoryItems"]) == 1
    assert (len(first["AlarmHistoryItems"]), len(rest["AlarmHistoryItems"])) == (3, 1)
    assert "NextToken" not in rest


def test_without_types_only_metric_alarms_are_shown(world: World):
    world.put()
    world.alarms.put_composite_alarm({"AlarmName": "both", "AlarmRule": "ALARM(a)"})

    shown = describe_alarms(world.alarms, {})

    assert [alarm["AlarmName"] for alarm in shown["MetricAlarms"]] == ["a"]
    assert shown["CompositeAlarms"] == []
    assert describe_alarms(world.alarms, {"AlarmNames": ["both"]})["MetricAlarms"] == []
    assert len(describe_alarms(world.alarms, {"AlarmTypes": ["CompositeAlarm"]})["CompositeAlarms"]) == 1


def test_names_that_do_not_exist_are_left_out_in_silence(world: World):
    world.put()

    shown = describe_alarms(world.alarms, {"AlarmNames": ["a", "nobody"]})

    assert [alarm["AlarmName"] for alarm in shown["MetricAlarms"]] == ["a"]


def test_alarms_are_found_by_prefix_state_and_action(world: World):
    world.put("orders-a", AlarmActions=["arn:aws:sns:x"])
    world.put("orders-b")
    world.put("users")
    world.alarms.set_alarm_state("orders-b", "ALARM", "x")

    def names(**request: object) -> list[str]:
        return [alarm["AlarmName"] for alarm in describe_alarms(world.alarms, request)["MetricAlarms"]]

    assert names(AlarmNamePrefix="orders") == ["orders-a", "orders-b"]
    assert names(StateValue="ALARM") == ["orders-b"]
    assert names(ActionPrefix="arn:aws:sns") == ["orders-a"]
    assert names(MaxRecords=2) == ["orders-a", "orders-b"]
    assert names(MaxRecords=2, NextToken="2") == ["users"]


def test_more_than_a_hundred_names_are_refused(world: World):
    with pytest.raises(RefusalError, match="less than or equal to 100"):
        describe_alarms(world.alarms, {"AlarmNames": [str(number) for number in range(101)]})


def test_alarms_are_found_by_the_metric_they_watch(world: World):
    world.put()
    world.put("other", MetricName="n")

    found = describe_alarms_for_metric(world.alarms, {"Namespace": "N", "MetricName": "m"})

    assert [alarm["AlarmName"] for alarm in found["MetricAlarms"]] == ["a"]


def a_composite(world: World) -> None:
    world.put("a")
    world.put("b", MetricName="n")
    world.alarms.put_composite_alarm({"AlarmName": "either", "AlarmRule": 'ALARM("a") OR ALARM("b")'})


def test_a_composite_alarm_starts_without_data_and_is_then_evaluated(world: World):
    a_composite(world)
    assert world.state("either") == "INSUFFICIENT_DATA"

    world.minute(5)

    assert world.state("either") == "OK"
    assert str(world.describe("either")["StateReason"]).endswith("was created and its alarm rule evaluates to OK")


def test_a_composite_alarm_follows_its_children_at_once(world: World):
    a_composite(world)
    world.minute(5)

    world.alarms.set_alarm_state("a", "ALARM", "x")

    assert world.state("either") == "ALARM"
    assert world.describe("either")["StateReason"] == (
        "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a transitioned to ALARM at Monday 05 January, 2026 00:01:00 UTC"
    )
    (triggering,) = json.loads(str(world.describe("either")["StateReasonData"]))["triggeringAlarms"]
    assert triggering["state"]["value"] == "ALARM"


def test_a_composite_alarm_that_fires_already_does_not_change_again(world: World):
    a_composite(world)
    world.minute(5)
    world.alarms.set_alarm_state("a", "ALARM", "x")
    before = world.describe("either")

    world.alarms.set_alarm_state("b", "ALARM", "x")

    assert world.describe("either") == before


def test_composite_alarms_may_follow_each_other(world: World):
    a_composite(world)
    world.alarms.put_composite_alarm({"AlarmName": "above", "AlarmRule": "ALARM(either) AND NOT ALARM(b)"})

    world.minute(11)

    assert world.state("above") == "ALARM"


def test_a_cycle_of_composite_alarms_comes_to_rest(world: World):
    a_composite(world)
    world.alarms.put_composite_alarm({"AlarmName": "above", "AlarmRule": "NOT ALARM(either)"})
    world.alarms.put_composite_alarm({"AlarmName": "either", "AlarmRule": "ALARM(above)"})

    world.minute(5)

    assert world.state("a") == "OK"


def test_a_composite_alarm_of_unknown_alarms_is_refused(world: World):
    with pytest.raises(RefusalError, match="do not exist"):
        world.alarms.put_composite_alarm({"AlarmName": "x", "AlarmRule": "ALARM(nobody)"})


def test_an_alarm_that_a_composite_refers_to_is_not_deleted(world: World):
    a_composite(world)

    with pytest.raises(RefusalError, match="composite"):
        world.alarms.delete_alarms(["a"])
    world.alarms.delete_alarms(["either", "a", "b", "nobody"])

    assert list(world.alarms) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"Threshold": None},
        {"ComparisonOperator": None},
        {"Statistic": None},
        {"ExtendedStatistic": "p99"},
        {"Period": None},
        {"Period": 90},
        {"EvaluationPeriods": 2, "DatapointsToAlarm": 3},
        {"EvaluationPeriods": 1441},
        {"TreatMissingData": "perhaps"},
        {"Metrics": [{"Id": "a", "Expression": "TIME_SERIES(1)"}]},
    ],
)
def test_what_cloudwatch_refuses_is_refused(world: World, changes: dict[str, object]):
    with pytest.raises(RefusalError):
        world.put(**changes)


@pytest.mark.parametrize("changes", [{"Period": 10}, {"ThresholdMetricId": "band"}, {"WarmUpConfiguration": {"x": 1}}])
def test_what_is_not_built_says_so(world: World, changes: dict[str, object]):
    with pytest.raises(NotBuiltError):
        world.put(**changes)


def a_query(name: str, *, returns: bool) -> dict[str, object]:
    stat = {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": returns}


@pytest.mark.parametrize(
    "queries",
    [
        [a_query("a", returns=True), a_query("b", returns=True)],
        [a_query("a", returns=False)],
        [*(a_query(f"m{number}", returns=False) for number in range(11)), {"Id": "e", "Expression": "m1"}],
    ],
)
def test_an_alarm_watches_one_series_of_ten_metrics_at_most(world: World, queries: list[dict[str, object]]):
    request = {name: SINGLE[name] for name in ("EvaluationPeriods", "Threshold", "ComparisonOperator")}

    with pytest.raises(RefusalError):
        world.alarms.put_metric_alarm({"AlarmName": "a", "Metrics": queries, **request})


def test_an_alarm_over_more_than_a_day_is_evaluated_by_the_hour(world: World):
    world.put(Period=3600, EvaluationPeriods=48, DatapointsToAlarm=1)

    for _ in range(30):
        world.minute(11)
    assert world.state() == "INSUFFICIENT_DATA"
    for _ in range(30):
        world.minute(11)
    assert world.state() == "ALARM"


def test_a_composite_alarm_tells_its_rule(world: World):
    a_composite(world)
    world.minute(11)

    above = next(change for change in world.changes if change.alarm.name == "either")

    assert above.event()["detail"]["configuration"] == {"alarmRule": 'ALARM("a") OR ALARM("b")'}


def test_an_alarm_keeps_its_kind(world: World):
    a_composite(world)

    with pytest.raises(RefusalError, match="is a CompositeAlarm"):
        world.put("either")
    with pytest.raises(RefusalError, match="must be a valid rule"):
        world.alarms.put_composite_alarm({"AlarmName": "x", "AlarmRule": "ALARM("})


def test_one_composite_alarm_is_deleted_at_a_time(world: World):
    a_composite(world)
    world.alarms.put_composite_alarm({"AlarmName": "other", "AlarmRule": "FALSE"})

    with pytest.raises(RefusalError, match="one composite"):
        world.alarms.delete_alarms(["either", "other"])


def test_reset_forgets_alarms_and_history(world: World):
    world.put()
    world.alarms.reset()

    assert list(world.alarms) == []
    assert world.alarms.history() == []


TARGET = Target(
    name="orders",
    functions=(TargetFunction("orders", "live", "canary"),),
    policy=STANDARD,
    stage=Stage("a1b2c3", "prod", "lambdaAlias"),
    access_log_group="/apigw/orders",
)
NAME = "canary-orders-errors"


@pytest.fixture
def canary_world(world: World) -> World:
    world.store.arrival_seconds = 45
    world.alarms.put_metric_alarm(target_alarms(TARGET)[0].put_arguments())
    return world


def a_minute(world: World, *, canary: int, canary_bad: int, base: int, base_bad: int = 0) -> None:
    for name, count in (
        ("CanaryRequests", canary),
        ("CanaryErrors", canary_bad),
        ("BaseRequests", base),
        ("BaseErrors", base_bad),
    ):
        world.store.put("Canary/orders", name, {}, world.now, [1.0] * count or [0.0])
    world.minute()


def test_the_canary_alarm_fires_after_seven_catastrophic_minutes(canary_world: World):
    for _ in range(5):
        a_minute(canary_world, canary=60, canary_bad=0, base=540)
    assert canary_world.state(NAME) == "OK"

    for _ in range(7):
        a_minute(canary_world, canary=60, canary_bad=60, base=540)
    assert canary_world.state(NAME) == "OK"  # the seventh bad minute has not arrived
    a_minute(canary_world, canary=60, canary_bad=60, base=540)
    assert canary_world.state(NAME) == "ALARM"


def test_the_canary_alarm_rests_when_the_canary_is_gone(canary_world: World):
    for _ in range(10):
        a_minute(canary_world, canary=60, canary_bad=60, base=540)
    assert canary_world.state(NAME) == "ALARM"

    for _ in range(4):
        a_minute(canary_world, canary=0, canary_bad=0, base=600)

    assert canary_world.state(NAME) == "OK"


def test_the_canary_alarm_does_not_fire_on_an_instance_that_is_sick_for_six_minutes(canary_world: World):
    for number in range(20):
        a_minute(canary_world, canary=60, canary_bad=60 if 5 <= number < 11 else 0, base=540)
        assert canary_world.state(NAME) != "ALARM"


def test_the_canary_alarm_rests_without_any_traffic(canary_world: World):
    for _ in range(4):
        canary_world.minute()

    assert canary_world.state(NAME) == "OK"


def test_the_canary_alarm_is_silent_while_both_arms_fail(canary_world: World):
    for _ in range(6):
        a_minute(canary_world, canary=60, canary_bad=55, base=540, base_bad=500)

    assert canary_world.state(NAME) == "OK"
    assert [change.after.state for change in canary_world.changes] == ["OK"]
