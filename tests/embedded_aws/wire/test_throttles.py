import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.wire.throttles import RATES, ThrottledError, Throttles


class Time:
    def __init__(self) -> None:
        self.now = 1_750_000_000.25

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def admitted(throttles: Throttles, service: str, operation: str, *, calls: int) -> int:
    """How many of this many calls at one instant are accepted."""
    passed = 0
    for _ in range(calls):
        try:
            throttles.admit(service, operation)
        except ThrottledError:
            continue
        passed += 1
    return passed


def test_nothing_is_throttled_until_switched_on(time) -> None:
    throttles = Throttles(time)
    assert admitted(throttles, "apigateway", "CreateDeployment", calls=100) == 100
    throttles.turn_on("apigateway")
    assert admitted(throttles, "apigateway", "CreateDeployment", calls=100) == 1
    assert admitted(throttles, "cloudwatch", "DescribeAlarms", calls=100) == 100
    throttles.turn_off("apigateway")
    assert admitted(throttles, "apigateway", "CreateDeployment", calls=100) == 100


def test_one_deployment_goes_through_every_five_seconds(time) -> None:
    throttles = Throttles(time, on=["apigateway"])
    for _ in range(20):
        assert admitted(throttles, "apigateway", "CreateDeployment", calls=3) == 1
        time.now += 5


@pytest.mark.parametrize(("after", "wait"), [(0, 5), (0.1, 5), (1, 4), (4.9, 1)])
def test_a_throttled_call_says_in_whole_seconds_when_to_come_back(time, after, wait) -> None:
    throttles = Throttles(time, on=["apigateway"])
    throttles.admit("apigateway", "CreateDeployment")
    time.now += after
    with pytest.raises(ThrottledError, match=f"apigateway CreateDeployment came too soon; call again in {wait} s"):
        throttles.admit("apigateway", "CreateDeployment")
    time.now += wait
    throttles.admit("apigateway", "CreateDeployment")


def test_a_handler_may_make_forty_calls_at_one_instant_and_ten_a_second_later(time) -> None:
    throttles = Throttles(time, on=["apigateway"])
    assert admitted(throttles, "apigateway", "UpdateStage", calls=50) == 40
    time.now += 1
    assert admitted(throttles, "apigateway", "GetStage", calls=50) == 10
    time.now += 60
    assert admitted(throttles, "apigateway", "GetStage", calls=50) == 40


def test_every_call_counts_towards_the_total(time) -> None:
    throttles = Throttles(time, on=["apigateway"])
    assert admitted(throttles, "apigateway", "GetStage", calls=40) == 40
    assert admitted(throttles, "apigateway", "CreateDeployment", calls=1) == 0


def test_a_refused_call_costs_nothing(time) -> None:
    throttles = Throttles(time, on=["apigateway"])
    assert admitted(throttles, "apigateway", "CreateDeployment", calls=30) == 1
    assert admitted(throttles, "apigateway", "GetStage", calls=50) == 39


def test_operations_have_rates_of_their_own(time) -> None:
    throttles = Throttles(time, on=["cloudwatch", "apigateway"])
    assert admitted(throttles, "cloudwatch", "DescribeAlarms", calls=20) == 9
    assert admitted(throttles, "cloudwatch", "PutMetricAlarm", calls=20) == 3
    assert admitted(throttles, "cloudwatch", "PutMetricData", calls=20) == 20
    assert admitted(throttles, "apigateway", "GetResources", calls=20) == 5


def test_a_switch_starts_from_full_buckets(time) -> None:
    throttles = Throttles(time, on=["apigateway"])
    throttles.admit("apigateway", "CreateDeployment")
    throttles.turn_on("apigateway")
    throttles.admit("apigateway", "CreateDeployment")
    throttles.reset()
    assert not throttles.is_on("apigateway")


def test_a_service_without_rates_is_refused_with_those_that_have_some(time) -> None:
    with pytest.raises(ValueError, match="no rates of 'apigatewy' are known; choose one of apigateway"):
        Throttles(time, on=["apigatewy"])


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=40), st.sampled_from(sorted(RATES["apigateway"])))
def test_no_stretch_of_time_sees_more_than_burst_and_rate(pauses, operation) -> None:
    time = Time()
    throttles = Throttles(time, on=["apigateway"])
    start, passed = time.now, 0
    rate = RATES["apigateway"][operation]
    for pause in pauses:
        time.now += pause
        passed += admitted(throttles, "apigateway", operation, calls=3)
        assert passed <= rate.burst + (time.now - start) * rate.per_second + 1e-3


def test_lambdas_calls_are_counted_together_and_a_few_apart(time: Time):
    throttles = Throttles(time, on=["lambda"])
    assert admitted(throttles, "lambda", "GetPolicy", calls=50) == 15
    assert admitted(throttles, "lambda", "GetFunction", calls=150) == 100
    assert admitted(throttles, "lambda", "Invoke", calls=500) == 500
    assert admitted(throttles, "lambda", "GetAlias", calls=10) == 10
    assert admitted(throttles, "lambda", "ListVersionsByFunction", calls=10) == 5
    time.now += 1
    assert admitted(throttles, "lambda", "UpdateAlias", calls=50) == 15
