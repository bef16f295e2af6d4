"""The figures that are counted from replays, and their text."""

from __future__ import annotations

from dataclasses import replace

from canary.rules.targets.policy import STANDARD
from canary_cli.backtest.backtest_text import lines_of_backtest
from canary_cli.backtest.figures import figures_of
from canary_cli.backtest.releases import Fault
from canary_cli.backtest.replaying import Ending, Replay
from canary_cli.backtest.running import Backtest
from tests.cli.backtest.pasts import NOON

HOUR = 3600.0
NOTHING = Backtest(
    target="orders",
    is_stage=False,
    first_at=None,
    last_at=None,
    minutes=0,
    minutes_without_data=0,
    requests_per_minute=None,
    error_rate=None,
    starts=0,
    every_hours=1,
    young_starts=0,
    starts_without_history=0,
    compared=(),
    lost_share=None,
    not_replayed=(),
    policies=(),
    notes=(),
    metrics_requested=12,
)


def a_replay(hour: int, ending: Ending, minutes: float = 45.0, fault: Fault = Fault.NONE, policy: str = "standard") -> Replay:
    return Replay(NOON + hour * HOUR, policy, fault, ending, minutes)


REPLAYS = [
    a_replay(0, Ending.PROMOTED, 45),
    a_replay(1, Ending.CONDEMNED, 9),
    a_replay(2, Ending.ALARMED, 7),
    a_replay(3, Ending.UNPROVEN, 105),
    a_replay(4, Ending.CUT_OFF, 0),
    *(a_replay(hour, Ending.CONDEMNED, hour + 1.0, Fault.TWICE) for hour in range(10)),
    a_replay(10, Ending.PROMOTED, 45, Fault.TWICE),
    a_replay(11, Ending.UNPROVEN, 45, Fault.TWICE),
    a_replay(12, Ending.CUT_OFF, 0, Fault.TWICE),
    a_replay(0, Ending.PROMOTED, 45, Fault.LOST_ROUTE),
    a_replay(0, Ending.CONDEMNED, 1, policy="fast"),
]
FIGURES = figures_of(STANDARD, 14_400, REPLAYS)


def test_each_ending_is_counted_once():
    assert (FIGURES.replayed, FIGURES.cut_off, FIGURES.promoted, FIGURES.held) == (4, 1, 1, 1)
    assert (FIGURES.rolled_back, FIGURES.by_alarms, FIGURES.false_share, FIGURES.median_minutes) == (2, 1, 0.5, 45)
    assert (FIGURES.false_hours, FIGURES.held_hours) == ((13, 14), (15,))
    twice, lost = FIGURES.faults
    assert (twice.replayed, twice.caught, twice.promoted, twice.held) == (12, 10, 1, 1)
    assert (twice.median_minutes, twice.most_minutes) == (5.5, 9.0)
    assert (lost.caught, lost.median_minutes, lost.most_minutes) == (0, None, None)


def test_a_backtest_is_told_as_a_table():
    nothing = figures_of(replace(STANDARD, name="quiet"), 30_000, REPLAYS)
    found = replace(
        NOTHING,
        first_at=NOON,
        last_at=NOON + 14 * 86_400,
        is_stage=True,
        minutes_without_data=1200,
        requests_per_minute=600.0,
        error_rate=0.0011,
        starts=5,
        young_starts=2,
        starts_without_history=3,
        lost_share=0.25,
        not_replayed=("p99 1.5 times: the p99 is not compared, or base has no latency history",),
        policies=(FIGURES, nothing),
        notes=("standard is replayed as if each advance came at once",),
    )
    assert "\n".join(lines_of_backtest(found)) == (
        """orders: 5 starts on base's own minutes of 2026-01-05 12:00 UTC to 2026-01-19 12:00 UTC
  traffic   600.0 requests per minute, 0.11 % of them failed
  missing   1,200 minutes had no data: no request, or nothing that counted them
  source    AWS's own metrics of the stage; to tell the arms apart, a rollout needs the access log first
  compared  nothing
  left out  p99 1.5 times: the p99 is not compared, or base has no latency history
  young     2 starts had less than a day of history, and judged more cautiously
  left out  3 starts, because base had too little history by then

standard: 2 of 4 good releases rolled back (50 %)
  false     at 13:00-15:00 UTC, 1 of them by an alarm
  promoted  1, after 45 min in the median
  held      1 for too little traffic, at 15:00-16:00 UTC
  left out  1 start: a rollout may last 240 min, beyond the data
  fault                  caught    in the median  nine in ten within  promoted  held
  x2                     10 of 12  6 min          9 min               1         1
  a lost route (1 of 4)  0 of 1    -              -                   1         0

quiet: no figures, for no start has both a history and 500 min of data, which a rollout may last
  note      standard is replayed as if each advance came at once"""
    )


def test_without_traffic_it_says_so():
    assert [*lines_of_backtest(NOTHING)] == ["orders: base has no minute with requests, so nothing can be replayed"]
