from __future__ import annotations

import pytest

from bench.embedded_speed import Speed, measure, table


def test_a_rate_is_measured_without_a_rollout_and_with_one():
    quiet, busy = measure([60.0], minutes=2)

    assert [(one.per_minute, one.has_rollout) for one in (quiet, busy)] == [(60.0, False), (60.0, True)]
    assert all(20 < one.requests < 120 and one.seconds > 0 for one in (quiet, busy))


def test_each_rate_stands_beside_the_samples_own():
    speeds = [Speed(60.0, False, 0.05, 60), Speed(600.0, False, 0.1, 610), Speed(600.0, True, 0.2, 590)]  # noqa: FBT003 - a record
    lines = table(speeds).splitlines()

    assert lines[2:] == [
        "| 60 | no | 20.00 | 2.00 | 1200 |",
        "| 600 | no | 10.00 | 1.00 | 6100 |",
        "| 600 | yes | 5.00 | 1.00 | 2950 |",
    ]
    assert speeds[2].minutes_a_second == pytest.approx(5.0)
