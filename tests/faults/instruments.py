"""What a target's instruments reported for each minute, and what really happened in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from canary.rules.targets.access_log import metric_namespace
from embedded_aws.cloudwatch.metric_store import identify
from embedded_aws.cloudwatch.statistics import parse_statistic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from embedded_aws.cloudwatch.metric_store import Metric
    from embedded_aws.dataplane.served import ArmName, Served
    from tests.rig import Rig

MINUTE = 60
BAND = 1.5
"""An instrument may be wrong by this factor in either direction; within it, no split of the traffic looks like another."""
EXPECTED = 8
"""With fewer events than this in a minute, silence means nothing."""
ARMS: tuple[ArmName, ...] = ("base", "canary")


class Reading(NamedTuple):
    """One instrument in one minute with one weight."""

    instrument: Instrument
    weight_percent: float
    counted: float
    happened: int

    @property
    def is_sound(self) -> bool:
        """Whether the instrument reported about what happened; too much is wrong if it is the proof of a step."""
        is_enough = self.happened <= self.counted * BAND
        return is_enough and (not self.instrument.is_proof or self.counted <= self.happened * BAND)


class Instrument(NamedTuple):
    """A metric of an arm, and the requests that it counts. With ``is_proof`` a step ends once it has counted enough of them."""

    metric: Metric
    statistic: str
    arm: ArmName
    counts: Callable[[Served], bool]
    is_proof: bool = False

    @property
    def name(self) -> str:
        return f"{self.metric.name} of the {self.arm}"

    def happened(self, served: Iterable[Served]) -> Counter[int]:
        """How often it should have counted, by minute."""
        return Counter(_minute(one) for one in served if one.arm == self.arm and self.counts(one))


def instruments_of(rig: Rig) -> Iterator[Instrument]:
    """Requests, errors, latency and checkouts of each arm."""
    space = metric_namespace(rig.target.name)
    for arm in ARMS:
        filters = {name: identify(space, f"{arm.capitalize()}{name}") for name in ("Requests", "Errors", "Latency")}
        yield Instrument(filters["Requests"], "Sum", arm, lambda _: True, is_proof=True)
        yield Instrument(filters["Errors"], "Sum", arm, lambda one: one.status >= 500)
        yield Instrument(filters["Latency"], "SampleCount", arm, lambda _: True)
        checkouts = identify("Orders", "CheckoutFailed", {"arm": arm})
        yield Instrument(checkouts, "SampleCount", arm, lambda one: one.function == "orders-write")


def readings(rig: Rig) -> list[Reading]:
    """What can now be read of every minute with one constant weight and enough events for a judgement."""
    percents = _whole_minutes(rig.served)
    return [reading for one in instruments_of(rig) for reading in _readings(rig, one, percents)]


def _whole_minutes(served: list[Served]) -> dict[int, float]:
    """The weight of each minute in which it did not change and a canary had some, but not all, of the traffic."""
    seen: defaultdict[int, set[float]] = defaultdict(set)
    for one in served:
        if one.settings:
            seen[_minute(one)].add(one.settings.percent)
    return {minute: percent for minute, found in seen.items() if len(found) == 1 for percent in found if 0 < percent < 100}


def _readings(rig: Rig, one: Instrument, percents: dict[int, float]) -> Iterator[Reading]:
    happened = one.happened(rig.served)
    if not percents:
        return
    counted = rig.aws.metrics.series(
        one.metric, parse_statistic(one.statistic), start=min(percents), end=rig.aws.clock.now(), seconds=MINUTE
    )
    for minute, percent in percents.items():
        if happened[minute] >= EXPECTED:
            yield Reading(one, percent, counted.get(minute, 0.0), happened[minute])


def _minute(one: Served) -> int:
    return int(one.at) // MINUTE * MINUTE
