import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.targets.access_log import metric_filters
from canary.rules.targets.alarms import EXPRESSIONS, THRESHOLD, WATCHED, Alarm, alarm_note, target_alarms
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import BusinessMetric, Metrics, Stage, Target, TargetFunction
from embedded_aws.cloudwatch.metric_algebra import World
from embedded_aws.cloudwatch.metric_math import parse_expression

FUNCTIONS = (TargetFunction("orders-read", "live", "canary"), TargetFunction("orders-write", "live", "canary"))


def a_target(**changes: object) -> Target:
    given = {
        "name": "orders",
        "functions": FUNCTIONS,
        "policy": STANDARD,
        "stage": Stage("a1b2c3", "prod", "lambdaAlias"),
        "access_log_group": "/apigw/orders",
    }
    return Target(**(given | changes))


def score(*minutes: tuple[float | None, float | None, float | None, float | None]) -> list[float | None]:
    """The watched expression over minutes of (nc, ec, nb, eb); None is a missing point."""
    values: dict[str, object] = {
        name: {60 * place: float(row[index]) for place, row in enumerate(minutes) if row[index] is not None}
        for index, name in enumerate(("nc", "ec", "nb", "eb"))
    }
    grid = range(0, 60 * len(minutes), 60)
    for name, text in EXPRESSIONS.items():
        values[name] = parse_expression(text).compute(World(values, ["nc", "ec", "nb", "eb"], grid, 60))
    watched = values[WATCHED]
    assert isinstance(watched, dict)
    return [watched.get(at) for at in grid]


def z(nc: float, ec: float, nb: float, eb: float) -> float:
    p = (ec + eb) / (nc + nb)
    return (ec / nc - eb / nb) / math.sqrt(p * (1 - p) * (1 / nc + 1 / nb))


@given(nc=st.integers(20, 10_000), nb=st.integers(1, 10_000), canary=st.floats(0, 1), base=st.floats(0, 1))
def test_the_score_is_that_of_two_proportions(nc: int, nb: int, canary: float, base: float):
    ec, eb = round(nc * canary), round(nb * base)

    (found,) = score((nc, ec, nb, eb))

    everything_bad = ec + eb == nc + nb
    times = 4 if ec / nc - eb / nb > 0.6 else 1
    assert found == pytest.approx(0 if ec < 10 or everything_bad else times * z(nc, ec, nb, eb))


def test_a_catastrophe_scores_far_above_the_threshold():
    assert score((60, 60, 540, 3))[0] > THRESHOLD


def test_equal_arms_score_about_zero():
    assert abs(score((60, 6, 540, 54))[0]) < 1e-9


def test_an_outage_of_both_arms_scores_zero():
    assert score((60, 60, 540, 540)) == [0]


@pytest.mark.parametrize(
    "minute",
    [
        (9, 9, 540, 0),
        (60, 9, 540, 0),
        (60, 60, 0, 0),
        (60, 60, None, None),
        (None, None, 540, 3),
        (None, None, None, None),
    ],
)
def test_a_minute_with_too_little_to_compare_scores_zero_and_is_not_missing(minute: tuple[float | None, ...]):
    assert score(minute) == [0]


def test_a_minute_without_data_beside_others_scores_zero():
    first, second = score((60, 60, 540, 3), (None, None, None, None))

    assert first > THRESHOLD
    assert second == 0


def test_a_stage_target_gets_an_alarm_for_each_thing_that_is_counted():
    metrics = Metrics(latency_limits_ms=(300,), business=(BusinessMetric("CheckoutFailed", "Orders"),))

    names = [alarm.name for alarm in target_alarms(a_target(metrics=metrics))]

    assert names == ["canary-orders-errors", "canary-orders-slow-300ms", "canary-orders-CheckoutFailed"]


def test_the_counts_are_those_of_the_metric_filters():
    published = {(one.namespace, one.metric) for one in metric_filters(a_target(metrics=Metrics(latency_limits_ms=(300,))))}

    for alarm in target_alarms(a_target(metrics=Metrics(latency_limits_ms=(300,)))):
        assert {(one.namespace, one.metric) for one in (alarm.nc, alarm.ec, alarm.nb, alarm.eb)} <= published


def test_errors_and_limits_that_are_not_compared_get_no_alarm():
    assert target_alarms(a_target(metrics=Metrics(errors=False))) == ()


def test_a_business_alarm_compares_the_arms_of_one_metric():
    (alarm,) = target_alarms(a_target(metrics=Metrics(errors=False, business=(BusinessMetric("Failed", "Orders"),))))

    assert [one.statistic for one in (alarm.nc, alarm.ec)] == ["SampleCount", "Sum"]
    assert alarm.nc.dimensions == (("arm", "canary"),)
    assert alarm.nb.dimensions == alarm.eb.dimensions == (("arm", "base"),)


def test_without_an_access_log_each_function_is_compared_by_alias():
    read, write = target_alarms(a_target(access_log_group=None, metrics=Metrics(latency_limits_ms=(300,))))

    assert read.name == "canary-orders-errors-orders-read"
    assert write.ec.metric == "Errors"
    assert write.ec.dimensions == (("FunctionName", "orders-write"), ("Resource", "orders-write:canary"))
    assert write.nb.dimensions == (("FunctionName", "orders-write"), ("Resource", "orders-write:live"))


def test_weighted_aliases_get_no_alarm_and_a_note_that_says_why():
    assert target_alarms(a_target(stage=None)) == ()

    note = alarm_note(a_target(stage=None))
    assert note is not None
    assert "an alarm created before the rollout cannot name its versions, and you named none of your own" in note
    assert "your own alarms do (payments)" in str(alarm_note(a_target(stage=None, alarms=("payments",))))


def test_behind_a_stage_there_is_nothing_to_note():
    assert alarm_note(a_target()) is None
    assert alarm_note(a_target(access_log_group=None)) is None


def test_client_errors_get_no_alarm():
    assert target_alarms(a_target(metrics=Metrics(errors=False, client_errors=True))) == ()


def all_alarms() -> list[Alarm]:
    metrics = Metrics(latency_limits_ms=(300, 1000), business=(BusinessMetric("Failed", "Orders"),))
    return [*target_alarms(a_target(metrics=metrics)), *target_alarms(a_target(access_log_group=None))]


@pytest.mark.parametrize("alarm", all_alarms(), ids=lambda alarm: alarm.name)
def test_an_alarm_keeps_within_the_limits_of_cloudwatch(alarm: Alarm):
    arguments = alarm.put_arguments()
    queries = arguments["Metrics"]

    assert sum("MetricStat" in query for query in queries) <= 10
    assert all(len(query["Expression"]) <= 1024 for query in queries if "Expression" in query)
    assert [query["Id"] for query in queries if query["ReturnData"]] == [WATCHED]
    assert {query["MetricStat"]["Period"] for query in queries if "MetricStat" in query} == {60}
    assert len(arguments["AlarmName"]) <= 255


@pytest.mark.parametrize("nb", [180, 60, 20])
def test_a_canary_that_always_fails_is_seen_at_twenty_requests_a_minute(nb: int):
    assert min(score((12, 12, nb, 0), (28, 28, nb, 0))) > THRESHOLD


def test_the_score_of_a_collapse_counts_four_times():
    assert score((60, 36, 540, 0)) == [pytest.approx(z(60, 36, 540, 0))]
    assert score((60, 37, 540, 0)) == [pytest.approx(4 * z(60, 37, 540, 0))]


def test_the_description_says_when_it_fires():
    assert target_alarms(a_target())[0].description.endswith("far more often than base: score above 15 in 7 of 9 minutes.")


def test_seven_of_nine_minutes_fire_and_missing_ones_do_not():
    arguments = target_alarms(a_target())[0].put_arguments()

    assert arguments["Threshold"] == 15
    assert arguments["ComparisonOperator"] == "GreaterThanThreshold"
    assert (arguments["DatapointsToAlarm"], arguments["EvaluationPeriods"]) == (7, 9)
    assert arguments["TreatMissingData"] == "notBreaching"
