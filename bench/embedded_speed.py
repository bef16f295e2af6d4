"""How fast the embedded AWS is: `python -m bench.embedded_speed`.

It measures simulated minutes per second of real time, with the sample's traffic at several rates. A real handler answers each
request. Each rate is measured without a rollout, and during a rollout that looks every minute. The fastest of a few single
minutes is reported, because other work on the machine can only make a minute slower. Each rate is compared with the sample's
own, 600 requests a minute.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.sample import publish_release
from demo.stand import WARM_UP_SECONDS, Stand, open_stand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedded_aws.dataplane.served import Served

RATES = (60.0, 600.0, 6000.0)
BESIDE = 600.0
MINUTES = 7
MINUTE = 60.0
UNTIL_LOOKS_SECONDS = 180.0
"""After this time a rollout bakes its first step, and every minute has a look."""


@dataclass(frozen=True, slots=True)
class Speed:
    """The speed at one rate: seconds of real time per simulated minute, and the requests answered in that minute."""

    per_minute: float
    has_rollout: bool
    seconds: float
    requests: int

    @property
    def minutes_a_second(self) -> float:
        """Simulated minutes per real second."""
        return 1.0 / self.seconds


class _Counter:
    """The number of requests answered."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _served: Served) -> None:
        self.count += 1


def measure(rates: Sequence[float], minutes: int) -> list[Speed]:
    """The speed at each rate, without a rollout and with one."""
    return [speed for rate in rates for speed in _measure_rate(rate, minutes)]


def _measure_rate(rate: float, minutes: int) -> list[Speed]:
    with open_stand(per_minute=rate) as stand:
        stand.aws.clock.run_for(WARM_UP_SECONDS)
        quiet = _time_minutes(stand, minutes)
        publish_release(stand.aws.client, stand.target, {"NAME": "healthy"})
        stand.start_rollout("speed", "how fast is it?")
        stand.aws.clock.run_for(UNTIL_LOOKS_SECONDS)
        busy = _time_minutes(stand, minutes)
    return [Speed(rate, has_rollout, *timed) for has_rollout, timed in ((False, quiet), (True, busy))]


def _time_minutes(stand: Stand, minutes: int) -> tuple[float, int]:
    """The least real time of a simulated minute, and the requests answered in it."""
    counter, timed = _Counter(), []
    stand.aws.dataplane.on_served(counter)
    for _ in range(minutes):
        before, begun = counter.count, time.perf_counter()
        stand.aws.clock.run_for(MINUTE)
        timed.append((time.perf_counter() - begun, counter.count - before))
    return min(timed)


def table(speeds: Sequence[Speed]) -> str:
    """A Markdown table that compares each rate with 600 requests a minute."""
    beside = {speed.has_rollout: speed.minutes_a_second for speed in speeds if speed.per_minute == BESIDE}
    lines = [
        "| requests a minute | rollout | simulated minutes a second | times that at 600 | requests answered a second |",
        "|---|---|---|---|---|",
    ]
    for speed in speeds:
        fast, rollout = speed.minutes_a_second, "yes" if speed.has_rollout else "no"
        ratio = fast / beside[speed.has_rollout]
        lines.append(f"| {speed.per_minute:.0f} | {rollout} | {fast:.2f} | {ratio:.2f} | {fast * speed.requests:.0f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print the table."""
    sys.stdout.write(table(measure(RATES, MINUTES)))


if __name__ == "__main__":
    main()
