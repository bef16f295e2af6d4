import math
import random

import pytest

from embedded_aws.cloudwatch.metric_algebra import MathError, Series, World
from embedded_aws.cloudwatch.metric_math import parse_expression
from embedded_aws.cloudwatch.metric_queries import compute, parse_queries
from embedded_aws.cloudwatch.metric_store import MetricStore
from embedded_aws.wire.refusal import NotBuiltError, RefusalError

START = 1_767_571_200


def series(*values: float | None) -> Series:
    return {60 * place: float(value) for place, value in enumerate(values) if value is not None}


METRICS = {
    "metric1": series(1, 1, 0, 0, None),
    "metric2": series(30, None, 0, 0, 30),
    "metric3": series(0, 0, 20, None, 20),
    "high": series(30, 20, 0, 0),
    "low": series(20, None, 20, None),
    "empty": series(),
    "ramp": series(None, 10, None, None, 40),
}
WORLD = World(METRICS, ["metric1", "metric2", "metric3"], range(0, 300, 60), 60)


def value_of(expression: str) -> object:
    return parse_expression(expression).compute(WORLD)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # the examples of the user guide
        ("high < low", series(0, 0, 1, 0)),
        ("high >= 30", series(1, 0, 0, 0)),
        ("high > 15 AND low > 15", series(1, 0, 0, 0)),
        ("IF(metric1, metric2, metric3)", series(30, 0, 20, 0)),
        ("IF(metric1, 5, metric3)", series(5, 5, 20)),
        ("IF(metric1, metric2, 5)", series(30, 0, 5, 5)),
        # a missing point is 0 beside one that is there, and missing where there is none
        ("high + low", series(50, 20, 20, 0)),
        ("high - low", series(10, 20, -20, 0)),
        ("low * 2", series(40, None, 40)),
        ("5 - low", series(-15, None, -15)),
        ("-low", series(-20, None, -20)),
        # what cannot be computed is dropped
        ("high / low", series(1.5, None, 0)),
        ("low / high", series(20 / 30, 0)),
        ("1 / metric1", series(1, 1)),
        ("(0 - high) ^ 0.5", series(None, None, 0, 0)),
        ("LOG(high)", series(math.log(30), math.log(20))),
        # conditions
        ("IF(high > 15, high)", series(30, 20)),
        ("IF(high > 15, 1, 2)", series(1, 1, 2, 2)),
        ("IF(1, high, low)", METRICS["high"]),
        ("IF(0, high)", series()),
        ("IF(empty, high, 1)", series()),
        ("high == 20 || high == 30", series(1, 1, 0, 0)),
        ("high != 0 && low != 0", series(1, 0, 0, 0)),
        # filling
        ("FILL(low, 0)", series(20, 0, 20, 0, 0)),
        ("FILL(empty, 7)", series(7, 7, 7, 7, 7)),
        ("FILL(low, metric1)", series(20, 1, 20, 0)),
        ("FILL(ramp, REPEAT)", series(None, 10, 10, 10, 40)),
        ("FILL(ramp, LINEAR)", series(None, 10, 20, 30, 40)),
        ("IF(FILL(empty, 0) >= 1, high, 0)", series(0, 0, 0, 0, 0)),
        # arrays
        ("SUM(METRICS())", series(31, 1, 20, 0, 50)),
        ('SUM(METRICS("1"))', series(1, 1, 0, 0)),
        ('SUM([METRICS("1"), METRICS("2")])', series(31, 1, 0, 0, 30)),
        ("AVG([high, low])", series(25, 10, 10, 0)),
        ("MIN([high, low])", series(20, 20, 0, 0)),
        ("MAX([high, low])", series(30, 20, 20, 0)),
        ("SUM(ABS(-[high, low]))", series(50, 20, 20, 0)),
        ("SUM(100 / [metric1, metric2])", series(100 + 100 / 30, 100, None, None, 100 / 30)),
        # scalars inside
        ("high - MIN(high)", series(30, 20, 0, 0)),
        ("high / MAX(high)", series(1, 20 / 30, 0, 0)),
        ("high - AVG(high)", series(17.5, 7.5, -12.5, -12.5)),
        ("high / SUM(high) * 100", series(60, 40, 0, 0)),
        ("high / PERIOD(high)", series(0.5, 20 / 60, 0, 0)),
        ("high / DATAPOINT_COUNT(high)", series(7.5, 5, 0, 0)),
        ("high + METRIC_COUNT(METRICS())", series(33, 23, 3, 3)),
        ("TIME_SERIES(2 + 1)", series(3, 3, 3, 3, 3)),
        ("FIRST([low, high]) * 1", series(20, None, 20)),
        ("SUM([low, high] - low)", series(10, 20, -20, 0)),
        ("SUM(high - [low])", series(10, 20, -20, 0)),
        ("high + AVG(empty)", series()),
        # along time
        ("DIFF(high)", series(None, -10, -20, 0)),
        ("RATE(high)", series(None, -10 / 60, -20 / 60, 0)),
        ("RUNNING_SUM(high)", series(30, 50, 50, 50)),
        ("CEIL(high / 60)", series(1, 1, 0, 0)),
        ("FLOOR(high / 20)", series(1, 1, 0, 0)),
    ],
)
def test_expressions_mean_what_cloudwatch_says(expression: str, expected: Series):
    assert value_of(expression) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("2 ^ 3 * 2", 16),
        ("-2 ^ 2", -4),
        ("2 ^ -1", 0.5),
        ("8 / 4 / 2", 1),
        ("1 + 1 > 1", 1),
        ("1 > 0 AND 0 > 1 OR 1", 1),
        ("1.5e2", 150),
    ],
)
def test_operators_bind_as_everywhere(expression: str, expected: float):
    assert value_of(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1 +",
        "(1",
        "high high",
        "nope(1)",
        "FILL(high)",
        "high $ low",
        "High",
        "IF(1)",
        "[1, 2]",
        '"text" + 1',
        "[high, low] + [high, low]",
        "IF(high, [low])",
        "TIME_SERIES(high)",
        "FIRST(high)",
        "METRICS(1)",
    ],
)
def test_what_is_no_expression_is_refused(expression: str):
    with pytest.raises(MathError):
        value_of(expression)


def test_functions_that_are_not_built_say_so():
    with pytest.raises(NotBuiltError, match="SEARCH"):
        parse_expression('SEARCH("x", "Sum")')


def test_an_expression_knows_what_it_refers_to():
    expression = parse_expression("FILL(nc, 0) + IF(e1 > 2, nc)")

    assert expression.names == {"nc", "e1"}
    assert expression.functions == {"FILL", "IF"}


def a_store() -> MetricStore:
    store = MetricStore(lambda: START + 7_200.0, rng=random.Random(1))
    for minute, errors in enumerate((0, 5, 0, 2)):
        store.put("N", "Requests", {}, START + 60 * minute, [1.0] * 10)
        if errors:
            store.put("N", "Errors", {}, START + 60 * minute, [1.0] * errors)
    return store


def a_metric(name: str, metric: str, *, period: int = 60, stat: str = "Sum", **fields: object) -> dict[str, object]:
    return {
        "Id": name,
        "MetricStat": {"Metric": {"Namespace": "N", "MetricName": metric}, "Period": period, "Stat": stat},
    } | fields


def computed(*queries: dict[str, object], minutes: int = 5) -> dict[str, Series]:
    found = compute(a_store(), parse_queries(queries), start=START, end=START + 60 * minutes)
    return {name: {at - START: value for at, value in points.items()} for name, points in found.items()}


def test_expressions_build_on_each_other_in_any_order():
    found = computed(
        {"Id": "percent", "Expression": "rate * 100"},
        {"Id": "rate", "Expression": "e / r"},
        a_metric("r", "Requests"),
        a_metric("e", "Errors"),
    )

    assert found["percent"] == series(0, 50, 0, 20)


def test_a_metric_that_does_not_exist_is_empty_and_can_be_filled():
    found = computed(a_metric("nothing", "Typo"), {"Id": "filled", "Expression": "FILL(nothing, 1)"})

    assert found == {"nothing": {}, "filled": series(1, 1, 1, 1, 1)}


def test_filling_covers_the_newest_minute_that_has_not_arrived():
    store = a_store()
    queries = parse_queries([a_metric("r", "Requests"), {"Id": "filled", "Expression": "FILL(r, 0)"}])

    found = compute(store, queries, start=START + 180, end=START + 300)

    assert found["filled"] == {START + 180: 10, START + 240: 0}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"Id": "Upper", "Expression": "1"}, "Id"),
        ({"Id": "a"}, "either a MetricStat or an Expression"),
        ({"Id": "a", "Expression": "b + 1"}, "no metric or expression has the id 'b'"),
        ({"Id": "a", "Expression": "1 +"}, "Error in expression 'a'"),
        (a_metric("a", "m", period=90), "multiple of 60"),
        (a_metric("a", "m", stat="median"), "median"),
    ],
)
def test_queries_that_cloudwatch_refuses_are_refused(query: dict[str, object], told: str):
    with pytest.raises(RefusalError, match="ValidationError") as refused:
        parse_queries([query])

    assert told in str(refused.value)


def test_ids_are_unique():
    with pytest.raises(RefusalError, match="not unique"):
        parse_queries([a_metric("a", "m"), a_metric("a", "n")])


@pytest.mark.parametrize("expression", ["a", "b"])
def test_expressions_do_not_go_in_circles(expression: str):
    with pytest.raises(RefusalError, match="depends on itself"):
        computed({"Id": "a", "Expression": "b + 0"}, {"Id": "b", "Expression": f"{expression} + 0"})


def test_a_number_is_no_result():
    with pytest.raises(RefusalError, match="must be a time series"):
        computed(a_metric("a", "Requests"), {"Id": "b", "Expression": "SUM(a)"})


@pytest.mark.parametrize(
    "queries",
    [
        (a_metric("a", "m", period=10),),
        ({"Id": "a", "Expression": "SELECT AVG(m) FROM n"},),
        (a_metric("a", "m"), a_metric("b", "m", period=300), {"Id": "c", "Expression": "a + b"}),
        (a_metric("a", "m"), {"Id": "c", "Expression": "METRICS() * 2"}),
    ],
)
def test_what_is_not_built_says_so(queries: tuple[dict[str, object], ...]):
    with pytest.raises(NotBuiltError):
        computed(*queries)


def test_without_a_unit_a_metric_in_several_units_is_not_guessed_at():
    store = a_store()
    store.put("N", "Requests", {}, START, [1.0], unit="Count")

    with pytest.raises(NotBuiltError, match="so give one"):
        compute(store, parse_queries([a_metric("a", "Requests")]), start=START, end=START + 60)
