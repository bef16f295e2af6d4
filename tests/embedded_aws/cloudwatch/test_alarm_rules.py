import pytest

from embedded_aws.cloudwatch.alarm_rules import Comparison, Missing, Point, State, evaluate
from embedded_aws.cloudwatch.composite_rules import RuleError, parse_rule

OK, ALARM, INSUFFICIENT = State.OK, State.ALARM, State.INSUFFICIENT_DATA
KEEPS = None
TREATMENTS = (Missing.MISSING, Missing.IGNORE, Missing.BREACHING, Missing.NOT_BREACHING)


def points(drawn: str) -> list[Point | None]:
    """`0 - X` as the user guide draws points, oldest first."""
    values = drawn.split()
    return [None if one == "-" else Point(60 * place, 1.0, one == "X") for place, one in enumerate(values)]


def states(drawn: str, *, datapoints: int) -> tuple[State | None, ...]:
    return tuple(evaluate(points(drawn), periods=3, datapoints=datapoints, missing=missing).state for missing in TREATMENTS)


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ("0 - X - X", (OK, OK, OK, OK)),
        ("0 - - - -", (OK, OK, OK, OK)),
        ("- - - - -", (INSUFFICIENT, KEEPS, ALARM, OK)),
        ("0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
        ("- - X - -", (ALARM, KEEPS, ALARM, OK)),
    ],
)
def test_three_of_three_follows_the_published_table(drawn: str, expected: tuple[State | None, ...]):
    assert states(drawn, datapoints=3) == expected


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ("0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
        ("0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
        ("0 - X - -", (OK, OK, ALARM, OK)),
        ("- - - - 0", (OK, OK, ALARM, OK)),
        ("- - - X -", (ALARM, KEEPS, ALARM, OK)),
    ],
)
def test_two_of_three_follows_the_published_table(drawn: str, expected: tuple[State | None, ...]):
    assert states(drawn, datapoints=2) == expected


@pytest.mark.parametrize("drawn", ["- - - - X", "- - - X -"])
def test_a_single_young_breach_waits_for_the_next_point(drawn: str):
    assert states(drawn, datapoints=3)[0] is OK


def test_only_the_newest_points_count_when_none_is_missing():
    found = evaluate(points("X X 0 0 0"), periods=3, datapoints=2, missing=Missing.MISSING)

    assert found.state is OK
    assert [point.at for point in found.points] == [240, 180, 120]
    assert found.filled == 0


def test_older_points_stand_in_for_missing_ones():
    found = evaluate(points("X X - - 0"), periods=3, datapoints=2, missing=Missing.NOT_BREACHING)

    assert found.state is ALARM
    assert [point.at for point in found.points] == [240, 60, 0]


def test_a_last_point_is_judged_again_after_the_metric_stopped():
    assert evaluate(points("X - -"), periods=1, datapoints=1, missing=Missing.NOT_BREACHING).state is ALARM


def test_what_is_filled_is_counted():
    assert evaluate(points("0 - - - -"), periods=3, datapoints=3, missing=Missing.BREACHING).filled == 2


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        (Comparison.GREATER, [11]),
        (Comparison.GREATER_OR_EQUAL, [10, 11]),
        (Comparison.LESS, [9]),
        (Comparison.LESS_OR_EQUAL, [9, 10]),
    ],
)
def test_comparisons_include_the_threshold_or_not(comparison: Comparison, breaching: list[int]):
    assert [value for value in (9, 10, 11) if comparison.breaches(value, 10)] == breaching


STATES = {"fires": ALARM, "rests": OK, "new": INSUFFICIENT, "my alarm": ALARM}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(fires)", True),
        ('ALARM("my alarm")', True),
        ("ALARM(rests)", False),
        ("OK(rests) AND INSUFFICIENT_DATA(new)", True),
        ("ALARM(rests) OR ALARM(fires)", True),
        ("ALARM(fires) AND NOT OK(rests)", False),
        ("NOT (ALARM(rests) OR OK(fires))", True),
        ("ALARM(fires) OR ALARM(rests) AND ALARM(rests)", True),
        ("(ALARM(fires) OR ALARM(rests)) AND ALARM(rests)", False),
        ("TRUE", True),
        ("FALSE OR NOT TRUE", False),
    ],
)
def test_composite_rules_combine_states(rule: str, expected: bool):  # noqa: FBT001
    assert parse_rule(rule).is_true(STATES.__getitem__) is expected


def test_a_composite_rule_names_its_children_once():
    assert parse_rule('ALARM(a) OR (OK("b") AND ALARM(a))').children == ("a", "b")


@pytest.mark.parametrize("rule", ["", "ALARM", "ALARM(a", "ALARM(a) OR", "a", "(ALARM(a)", "ALARM(a) ALARM(b)", "NOT"])
def test_what_is_no_composite_rule_is_refused(rule: str):
    with pytest.raises(RuleError):
        parse_rule(rule)
