"""The split of base's minutes into two arms, and what each fault does to the canary's."""

from __future__ import annotations

from random import Random

import pytest

from canary_cli.backtest.releases import Fault, Harm, harm_of
from canary_cli.backtest.splitting import PastEndError, SplitArms
from tests.cli.backtest.pasts import GOOD, NOON, a_start

FIRST = int(NOON // 60)
MINUTES = 200


def arms_of(fault: Fault, *, share: float = 0.25, lost: float = 0.5, **start) -> SplitArms:
    arms = SplitArms(a_start(**start), harm_of(fault, lost), Random(5))
    arms.shift(NOON - 100.0, share, is_last=False)
    return arms


def rates(fault: Fault, metric: str, **start) -> tuple[float, float, float]:
    """The canary's share of the requests, and both arms' bad rates."""
    arms = arms_of(fault, **start)
    nc, ec, nb, eb = (sum(one) for one in zip(*(arms.counts(FIRST + k)[metric] for k in range(MINUTES)), strict=True))
    return nc / (nc + nb), ec / nc, eb / nb


def test_a_release_of_the_same_code_gets_a_part_of_base_and_nothing_is_lost():
    arms = arms_of(Fault.NONE)
    for k in range(20):
        for metric, (nc, ec, nb, eb) in arms.counts(FIRST + k).items():
            assert (nc + nb, ec + eb) == GOOD[metric]
    for metric, (requests, bad) in GOOD.items():
        share, canary, base = rates(Fault.NONE, metric)
        assert share == pytest.approx(0.25, abs=0.01)
        assert canary == pytest.approx(bad / requests, rel=0.25)
        assert base == pytest.approx(bad / requests, rel=0.15)


def test_slow_requests_stay_nested():
    arms = arms_of(Fault.SLOW_TAIL)
    for k in range(50):
        counts = arms.counts(FIRST + k)
        (nc, ninety, nb, base_ninety), (of, ninety_nine, base_of, base_ninety_nine) = counts["slow_p90"], counts["slow_p99"]
        assert (nc, nb) == (of, base_of)
        assert nc >= ninety >= ninety_nine
        assert nb >= base_ninety >= base_ninety_nine


@pytest.mark.parametrize(
    ("fault", "metric", "expected"),
    [
        (Fault.ONE_POINT, "errors", 1 / 600 + 0.01),
        (Fault.FIVE_POINTS, "errors", 1 / 600 + 0.05),
        (Fault.TWICE, "errors", 2 / 600),
        (Fault.SLOW_TAIL, "slow_p99", 30 / 600),
        (Fault.LOST_ROUTE, "client_errors", 0.02 + 0.98 * 0.5),
    ],
)
def test_a_fault_hits_the_canary_alone(fault: Fault, metric: str, expected: float):
    _, canary, base = rates(fault, metric)
    assert canary == pytest.approx(expected, rel=0.15)
    assert base == pytest.approx(GOOD[metric][1] / 600, rel=0.15)


def test_a_lost_route_answers_before_the_integration():
    share, canary, _ = rates(Fault.LOST_ROUTE, "errors")
    assert share == pytest.approx(0.125 / 0.875, rel=0.05)
    assert canary < 0.005
    assert rates(Fault.LOST_ROUTE, "client_errors")[0] == pytest.approx(0.25, abs=0.01)
    assert rates(Fault.LOST_ROUTE, "slow_p99")[0] == pytest.approx(0.125 / 0.875, rel=0.05)


def test_a_slow_tail_may_exceed_a_lower_limit_too():
    start = {"tail": 120}
    assert rates(Fault.SLOW_TAIL, "slow_p90", **start)[1] == pytest.approx(120 / 600, rel=0.1)
    assert rates(Fault.SLOW_TAIL, "slow_p90", **start)[2] == pytest.approx(0.1, rel=0.1)
    assert rates(Fault.SLOW_TAIL, "slow_p99", tail=0)[1] == pytest.approx(0.01, rel=0.3)


def test_the_weight_takes_effect_within_the_minute():
    arms = SplitArms(a_start(), Harm(), Random(2))
    arms.shift(NOON + 20.0, 0.5, is_last=True)
    first, second = (arms.counts(FIRST + k)["errors"][0] for k in (0, 1))
    assert 0 < first < 600 * 0.5 * 40 / 60 + 60
    assert second == pytest.approx(300, abs=80)
    assert SplitArms(a_start(), Harm(), Random(2)).counts(FIRST)["errors"] == (0, 0, 600, 1)


def test_minutes_without_data_stay_without_and_the_end_is_the_end():
    arms = arms_of(Fault.TWICE, minutes=2, counts={})
    assert arms.counts(FIRST) == arms.counts(FIRST + 1) == {}
    with pytest.raises(PastEndError):
        arms.counts(FIRST + 2)


def test_nothing_more_can_fail_where_everything_fails():
    assert harm_of(Fault.FIVE_POINTS, 0.0).turned_bad(1.0) == 0.0
    assert harm_of(Fault.TWICE, 0.0).turned_bad(0.75) == pytest.approx(1.0)
    _, canary, _ = rates(Fault.FIVE_POINTS, "errors", counts={**GOOD, "errors": (600, 600)})
    assert canary == 1.0
