from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from canary.edge import fields
from canary.edge.fields import ServerErrors, ShippedPolicy, VersionNumber, WeightPercent
from canary.rules.targets.policy import HOTFIX


def refused(kind, value):
    with pytest.raises(PydanticCustomError) as caught:
        kind.read(value)
    return caught.value.message()


def is_taken(name, value):
    kind = get_args(getattr(fields, name))[1]
    try:
        return kind.read(value) == value
    except PydanticCustomError:
        return False


@pytest.mark.parametrize(
    ("value", "weight"),
    [(10, "10"), (10.0, "10"), ("10", "10"), ("10.00", "10"), (12.5, "12.5"), ("0.01", "0.01"), (99.99, "99.99")],
)
def test_takes_a_weight_as_it_was_written(value, weight):
    read = WeightPercent().read(value)
    assert (read, str(read)) == (Decimal(weight), weight)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (100, "a step's weight is below 100, got 100; remove the step; promotion follows the last one"),
        ("100.0", "a step's weight is below 100, got 100; remove the step; promotion follows the last one"),
        (150, "a step's weight is below 100, got 150; give the percent of requests the canary gets"),
        (0, "a step's weight is above 0, got 0; remove the step; without traffic it proves nothing"),
        (-5, "a step's weight is above 0, got -5; remove the step; without traffic it proves nothing"),
        (12.345, "a weight has at most two decimals, got 12.345; round it"),
        ("1e-99", 'a weight has at most two decimals, got "1e-99"; round it'),
        ("ten", 'a weight is a percentage, got "ten"; write 10 or 12.5'),
        (True, "a weight is a percentage, got true; write 10 or 12.5"),
        (None, "a weight is a percentage, got null; write 10 or 12.5"),
    ],
)
def test_refuses_a_weight_that_no_step_can_have(value, answer):
    assert refused(WeightPercent(), value) == answer


@given(st.integers(1, 9999))
def test_takes_every_hundredth_of_a_percent_as_float_and_as_string(hundredths):
    weight = Decimal(hundredths) / 100
    assert WeightPercent().read(float(weight)) == WeightPercent().read(str(weight)) == weight


@pytest.mark.parametrize("value", ["7", 7, 7.0, " 7 "])
def test_takes_a_version_number_as_text(value):
    assert VersionNumber().read(value) == "7"


def test_refuses_the_unpublished_version_with_the_reason():
    assert refused(VersionNumber(), "$LATEST") == (
        'got "$LATEST"; aliases point only at published versions; publish a version and give its number'
    )


@pytest.mark.parametrize(
    "value", ["v1", "", "0", 0, "-1", "07", 1.5, True, None, "live", "arn:x:7", [7], pytest.param(10**5000, id="huge")]
)
def test_refuses_a_value_that_is_not_a_version_number(value):
    assert "aliases point only at published versions" in refused(VersionNumber(), value)


def test_takes_a_shipped_policy_by_its_name():
    assert ShippedPolicy().read("hotfix") is HOTFIX


@pytest.mark.parametrize(
    ("value", "fix"),
    [("standrad", "did you mean standard?"), ("zzz", "write standard or cautious or fast or hotfix"), ([], "write st")],
)
def test_lists_the_policies_for_an_unknown_one(value, fix):
    assert fix in refused(ShippedPolicy(), value)


@pytest.mark.parametrize(("value", "compared"), [("5xx", True), (False, False), ("false", False)])
def test_takes_5xx_as_errors_or_none(value, compared):
    assert ServerErrors().read(value) is compared


@pytest.mark.parametrize("value", ["4xx", True, 0, None, []])
def test_refuses_other_answers_as_errors(value):
    assert refused(ServerErrors(), value).startswith("neither 5xx nor false, got ")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("TargetName", ["orders", "o-2"], ["Orders", "2o", "", "a" * 41, "../orders", "a.b"]),
        ("FunctionName", ["orders-read", "A_1", "f" * 64], ["f" * 65, "fn:live", "arn:aws:lambda:x", "a b", ""]),
        ("AliasName", ["live", "1a", "a" * 128], ["7", "123", "a" * 129, "a.b", "$LATEST", ""]),
        ("StageVariableName", ["lambdaAlias", "a_1"], ["lambda-alias", "a.b", "", "x" * 65]),
        ("StageName", ["prod", "v1-x_y"], ["$default", "a/b", ""]),
        ("RestApiId", ["a1b2c3d4e5"], ["A1", "https://a1b2.execute-api", "arn:aws", ""]),
        ("LogGroupName", ["/apigw/orders-prod"], ["arn:aws:logs:x", "a b", ""]),
        ("MetricName", ["CheckoutFailed"], ["a b", "", "a:b"]),
        ("Namespace", ["Orders", "AWS/Lambda", "a:b"], [":a", "", "a b"]),
        ("Percentile", ["p50", "p1", "p99"], ["p0", "p100", "99", "p99.9", "P99"]),
        ("Deployment", ["present", "unchanged", "ab12cd"], ["Present", "", "a-b"]),
        ("OverrideName", ["newCheckout", "a1", "x" * 64], ["new_checkout", "new-checkout", "a.b", "", "x" * 65]),
        (
            "AlarmName",
            [
                "orders payment failures",
                "a",
                "Größe > 5 % \u2013 \u65e5\u672c \U0001f525",
                ' "5xx" {*}?$ ',
                "arn:odd",
                "a" * 255,
            ],
            ["", "a\n", "a\x7f", "a\ud800", "a" * 256, None, 5],
        ),
    ],
)
def test_takes_names_by_the_rules_aws_has_for_them(name, good, bad):
    assert [value for value in good if not is_taken(name, value)] == []
    assert [value for value in bad if is_taken(name, value)] == []


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders",
        "arn:aws-us-gov:cloudwatch:us-gov-west-1:123456789012:alarm:orders",
        f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{'x' * 255}",
    ],
)
def test_refuses_an_alarm_of_another_account_with_what_to_do(arn):
    answer = refused(fields.OwnAlarm(), arn)
    assert answer.startswith("not an alarm name; only alarms of this account and Region can be read, got ")
    assert answer.endswith("; give the alarm's name, not its ARN; for a metric of another account, create an alarm on it here")
