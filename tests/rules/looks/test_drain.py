import pytest

from canary.rules.looks.drain import (
    LIMIT_SECONDS,
    MARGIN_SECONDS,
    Drain,
    DrainKind,
    MinuteTraffic,
    doubt_silence,
    drain_minutes,
    is_silent,
    judge_drain,
    judge_settling,
)
from canary.rules.targets.shifters import ShifterKind
from tests.builders import NOON

DELAY = 120
LIMIT = LIMIT_SECONDS + DELAY
FIRST = int(NOON) + 60


def judged(minutes, after=200):
    found = {FIRST + 60 * index: MinuteTraffic(*traffic) for index, traffic in enumerate(minutes)}
    return judge_drain(found, since=NOON, now=NOON + after, metric_delay_seconds=DELAY)


@pytest.mark.parametrize("second", [0, 1, 59, 60])
def test_reads_only_minutes_that_began_a_minute_after_the_write(second):
    start, _ = drain_minutes(NOON + second, NOON + 900, DELAY)
    assert start % 60 == 0
    assert 0 <= start - (NOON + second + MARGIN_SECONDS) < 60


@pytest.mark.parametrize(("after", "ends_at"), [(179, 0), (180, 60), (239, 60), (240, 120)])
def test_reads_only_minutes_that_are_complete(after, ends_at):
    assert drain_minutes(NOON, NOON + after, DELAY)[1] == NOON + ends_at


def test_drained_is_one_minute_with_canary_requests_and_none_of_base():
    drain = judged([(3, 1), (4, 0), (5, 2)])
    assert drain == Drain(DrainKind.DRAINED, f"base had no request in the minute {FIRST + 60} and the canary had 4")


@pytest.mark.parametrize("minutes", [[], [(0, 0)], [(3, 1)], [(0, 2)], [(0, 0), (9, 9)]])
def test_waits_until_a_minute_shows_it(minutes):
    assert judged(minutes, after=LIMIT - 1) == Drain(DrainKind.WAIT, "no minute has shown yet that base has no traffic")


@pytest.mark.parametrize("minutes", [[], [(0, 0), (0, 0)]])
def test_a_time_without_requests_counts_as_drained(minutes):
    assert judged(minutes, after=LIMIT) == Drain(DrainKind.DRAINED, "neither arm had a request in 10 minutes")


@pytest.mark.parametrize("minutes", [[(3, 1), (4, 1)], [(0, 2), (0, 0)]])
def test_goes_back_at_the_limit_while_base_still_has_traffic(minutes):
    drain = judged(minutes, after=LIMIT)
    assert drain == Drain(
        DrainKind.ROLL_BACK,
        "base still had 2 requests although the canary had been given all traffic 10 minutes before",
    )


def test_a_minute_that_shows_it_counts_at_the_limit_too():
    assert judged([(3, 1), (4, 0)], after=LIMIT).kind is DrainKind.DRAINED


class TestFaults:
    fault = ("the metric filter canary-orders-BaseIntegrated is gone; deploy the target again",)

    def test_counts_of_an_instrument_that_fails_show_nothing(self):
        minutes = {0: MinuteTraffic(100, 0)}
        drain = judge_drain(minutes, since=0, now=300, metric_delay_seconds=60, faults=self.fault)
        assert drain == Drain(DrainKind.WAIT, self.fault[0])

    def test_a_fault_that_lasts_to_the_limit_goes_back(self):
        drain = judge_drain({}, since=0, now=660, metric_delay_seconds=60, faults=self.fault)
        assert drain == Drain(DrainKind.ROLL_BACK, self.fault[0])


class TestSilence:
    minutes = dict.fromkeys(range(0, 600, 60), MinuteTraffic(0, 0))
    drained = Drain(DrainKind.DRAINED, "neither arm had a request in 10 minutes")

    def test_no_requests_and_no_invocations_agree(self):
        assert is_silent(self.minutes)
        assert doubt_silence(self.drained, self.minutes, invoked=0) == self.drained

    def test_a_log_that_is_not_written_shows_nothing_of_base(self):
        drain = doubt_silence(self.drained, self.minutes, invoked=900)
        assert drain.kind is DrainKind.ROLL_BACK
        assert "neither arm logged any in 10 minutes in which Lambda ran the canary's functions 900 times" in drain.reason


@pytest.mark.parametrize(("after", "kind"), [(59, DrainKind.WAIT), (60, DrainKind.DRAINED)])
def test_weights_settle_for_a_minute(after, kind):
    assert judge_settling(ShifterKind.ALIAS, since=NOON, now=NOON + after).kind is kind


def test_behind_a_stage_requests_are_counted():
    assert judge_settling(ShifterKind.STAGE, since=NOON, now=NOON + 60) is None
