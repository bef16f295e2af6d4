import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.families import Family, is_coarse, is_failure, is_worse_when_cold, stakes
from tests.builders import FAMILIES, families


def test_callers_make_4xx_and_a_cold_start_makes_requests_slow():
    assert [family for family in Family if is_coarse(family)] == [Family.CLIENT_ERRORS]
    assert [family for family in Family if is_worse_when_cold(family)] == [Family.SLOW]


def test_a_bad_request_has_failed_unless_it_is_slow_or_its_callers_error():
    assert [family for family in Family if is_failure(family)] == [Family.ERRORS, Family.BUSINESS]


@pytest.mark.parametrize(
    ("metrics", "shares"),
    [
        ((), {}),
        (("errors",), {"errors": 1}),
        (("slow_p50", "slow_p99"), {"slow_p50": 1 / 2, "slow_p99": 1 / 2}),
        (("errors", "slow_p50", "slow_p99"), {"errors": 1 / 2, "slow_p50": 1 / 4, "slow_p99": 1 / 4}),
        (("client_errors",), {"client_errors": 1}),
        (("errors", "client_errors"), {"errors": 0.9, "client_errors": 0.1}),
        (
            ("errors", "client_errors", "slow_p50", "slow_p99"),
            {"errors": 0.45, "client_errors": 0.1, "slow_p50": 0.225, "slow_p99": 0.225},
        ),
    ],
)
def test_all_latency_limits_share_the_stake_of_one_metric_and_client_errors_get_a_tenth(metrics, shares):
    assert stakes(families(*metrics)) == pytest.approx(shares)


def test_client_errors_get_no_more_than_any_other_metric():
    business = {f"business_{number}": Family.BUSINESS for number in range(19)}
    assert [*stakes({**business, "client_errors": Family.CLIENT_ERRORS}).values()] == pytest.approx([1 / 20] * 20)


@given(st.sets(st.sampled_from(sorted(FAMILIES)), min_size=1))
def test_stakes_add_up_to_one(metrics):
    assert sum(stakes(families(*metrics)).values()) == pytest.approx(1)
    assert metrics == {"client_errors"} or stakes(families(*metrics)).get("client_errors", 0) <= 0.1
