"""Faults of measurement: requests are served as usual, but what CloudWatch learns about them is wrong.

Run the family, or a part of it, with the seeds printed beside each outcome::

    python -m tests.faults.measurement --seeds 2 --only canary

Two things hold in every run: nothing is promoted without real evidence, and no good release is lost to such a fault without a
sentence that names the fault.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from canary.rules.targets.policy import Policy, Step, WhenUnproven
from demo.guest import CONTROLLER
from embedded_aws.dataplane.measurement_faults import Data, Lines
from embedded_aws.embedded import EmbeddedAws
from tests.faults.instruments import ARMS, readings
from tests.faults.verdicts import MINUTE, check_whole_and_truthful, publish
from tests.rig import QUICK, Rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from embedded_aws.dataplane.served import ArmName
    from tests.faults.verdicts import Before
    from tests.rig import Ended

GOOD: Mapping[str, float] = {}
BAD: Mapping[str, float] = {"FAILING_SHARE": 0.15}
SOUND_MINUTES = 2
"""This many minutes of each weight must have been measured, whatever else went wrong in the others."""
PER_MINUTE = 300.0
STEPS = (Step(Decimal(25), 5 * MINUTE), Step(Decimal(50), 5 * MINUTE))
PATIENT: Policy = replace(
    QUICK,
    name="patient",
    steps=STEPS,
    detect={"errors": 0.1},
    max_extension_seconds=10 * MINUTE,
    when_unproven=WhenUnproven.PROMOTE,
)
"""Promotes without proof where allowed, so that only knowledge about the instruments prevents a promotion."""
PATIENT_WITH_THE_SPLIT: Policy = replace(
    PATIENT, name="patient-with-the-split", steps=tuple(replace(step, bake_seconds=10 * MINUTE) for step in STEPS)
)
"""A lost part of an arm shows only in the split: half of an arm after a mean of about five judged minutes at 50 %.

Every run has to show it, so two thirds are lost here.
"""
LATEST_SECONDS = 9 * MINUTE
"""Faults begin at most this long after the rollout, which is near the end of its last bake."""


class MeasurementFault(NamedTuple):
    """A fault of the family. ``apply`` starts it; ``named_by`` finds the words of a sentence that names it."""

    name: str
    apply: Callable[[Rig], None]
    named_by: str
    policy: Policy = PATIENT

    def is_named_in(self, sentence: str) -> bool:
        return re.search(self.named_by, sentence, re.IGNORECASE) is not None


class Case(NamedTuple):
    """A fault, the release under it, and the seed for its moment and the traffic."""

    fault: MeasurementFault
    release: Mapping[str, float]
    seed: int

    @property
    def begins_after(self) -> float | None:
        """Seconds after the start of the rollout; None: the fault is there before."""
        drawn = random.Random(f"{self.fault.name} {self.seed}")
        return None if drawn.random() < 0.25 else drawn.uniform(0, LATEST_SECONDS)

    def __str__(self) -> str:
        release = "bad" if self.release else "good"
        moment = "before" if self.begins_after is None else f"{self.begins_after:.0f} s in"
        return f"{self.fault.name}, {release} release, {moment}, seed {self.seed}"


class Run(NamedTuple):
    """A rollout under a fault, right after its end, and what was said at the end."""

    case: Case
    rig: Rig
    before: Before
    arn: str
    ended: Ended
    sentence: str

    @property
    def is_promoted(self) -> bool:
        return self.ended.ending == "Promoted"

    def __str__(self) -> str:
        return f"{self.case}: {self.ended.ending}: {self.sentence}"


def family() -> Iterator[MeasurementFault]:
    """Every fault, separately for each arm where it can hit only one."""
    yield from _filter_faults()
    yield from _line_faults()
    yield from _metric_faults()


def cases(seeds: int) -> Iterator[Case]:
    """Each fault with a good and a bad release, once per seed."""
    for seed in range(seeds):
        for fault in family():
            for release in (GOOD, BAD):
                yield Case(fault, release, seed)


def run(case: Case, aws: EmbeddedAws) -> Run:
    """Roll out the release under the fault, to the end."""
    rig = Rig(aws, policy=case.fault.policy, per_minute=PER_MINUTE)
    before = publish(rig, **case.release)
    if case.begins_after is None:
        case.fault.apply(rig)
    arn = rig.start()
    if case.begins_after is not None:
        rig.aws.clock.call_at(aws.clock.now() + case.begins_after, partial(case.fault.apply, rig), name=case.fault.name)
    ended = rig.finish(arn)
    return Run(case, rig, before, arn, ended, ended.output.get("reason") or ended.cause)


def check(done: Run) -> None:
    """The family's invariant, and that the target is whole."""
    if done.is_promoted:
        assert not done.case.release, f"{done}: promoted"
        lacking = list(_unmeasured(done))
        assert not lacking or done.case.fault.is_named_in(done.sentence), f"{done}: {'; '.join(lacking)}"
    elif not done.case.release:
        assert done.case.fault.is_named_in(done.sentence), f"{done}: lost without a word of the fault"
    check_whole_and_truthful(done.rig, done.before, done.arn, done.ended)


def _unmeasured(done: Run) -> Iterator[str]:
    """The instruments that reported too little about a weight with much to report."""
    told: dict[tuple[str, float], list[bool]] = {}
    for one in readings(done.rig):
        told.setdefault((one.instrument.name, one.weight_percent), []).append(one.is_sound)
    for (instrument, percent), sound in told.items():
        if sum(sound) < min(SOUND_MINUTES, len(sound)):
            yield f"{instrument} is right in {sum(sound)} of {len(sound)} minutes at {percent:g} %"


def _filter_faults() -> Iterator[MeasurementFault]:
    for arm in ARMS:
        for part in ("Requests", "Errors", "Latency"):
            metric = f"{arm.capitalize()}{part}"
            words = rf"filter|{metric}|the split is off"
            yield MeasurementFault(f"the filter of {metric} loses a part", partial(_narrow, metric=metric), words)
            yield MeasurementFault(f"the filter of {metric} is renamed", partial(_rename, metric=metric), words)
            yield MeasurementFault(f"the filter of {metric} counts double", partial(_double, metric=metric), words)
            yield MeasurementFault(f"the filter of {metric} is gone", partial(_remove, metric=metric), words)
            yield MeasurementFault(f"the filter of {metric} is gone for four minutes", partial(_lend, metric=metric), words)


def _line_faults() -> Iterator[MeasurementFault]:
    """What happens to log lines on their way."""
    for arm in ARMS:
        yield _lines(f"the {arm} log is ten minutes late", Lines(arm, late=10 * MINUTE))
        yield _lines(f"the {arm} log is lost", Lines(arm, times=0))
        yield _lines(f"two thirds of the {arm} log are lost", Lines(arm, times=0, share=2 / 3))
        yield _lines(f"the {arm} log comes twice", Lines(arm, times=2))
        yield _lines(f"the {arm} clock is ahead", Lines(arm, ahead=1.5 * MINUTE))
        yield _lines(f"the {arm} clock is behind", Lines(arm, ahead=-1.5 * MINUTE))
    yield _lines("the whole log is ten minutes late", Lines(None, late=10 * MINUTE))
    yield _lines("the whole log is lost", Lines(None, times=0))
    yield _lines("the log's clock is behind", Lines(None, ahead=-3 * MINUTE))


def _lines(name: str, fault: Lines) -> MeasurementFault:
    words = r"\blog\b|the split is off|silent|no (data|datum)|incomplete|clock|(Canary|Base)(Requests|Errors|Latency)"
    is_part = fault.times > 1 or (fault.share < 1 and not fault.times)
    policy = PATIENT_WITH_THE_SPLIT if is_part else PATIENT
    return MeasurementFault(name, lambda rig: rig.aws.measurement.add(fault), words, policy)


def _metric_faults() -> Iterator[MeasurementFault]:
    """What happens to the business metric, which functions write: of both arms, or of one."""
    for arm in (None, *ARMS):
        whose = f"CheckoutFailed of the {arm}" if arm else "CheckoutFailed"
        yield MeasurementFault(f"{whose} falls silent", partial(_spoil, arm=arm, times=0), "CheckoutFailed")
        yield MeasurementFault(
            f"{whose} falls silent and comes back", partial(_spoil, arm=arm, times=0, seconds=4 * MINUTE), "CheckoutFailed"
        )
        yield MeasurementFault(f"{whose} arrives twice", partial(_spoil, arm=arm, times=2), "CheckoutFailed")
        yield MeasurementFault(f"{whose} is ten minutes late", partial(_spoil, arm=arm, late=10 * MINUTE), "CheckoutFailed")
        for where, value in (("above 1", 5.0), ("below 0", -1.0)):
            yield MeasurementFault(f"{whose} has values {where}", partial(_distort, arm=arm, value=value), "CheckoutFailed")


def _spoil(rig: Rig, *, arm: ArmName | None, times: int = 1, late: float = 0, seconds: float = float("inf")) -> None:
    now = rig.aws.clock.now()
    dimension = ("arm", arm) if arm else None
    rig.aws.measurement.add(Data("CheckoutFailed", dimension, late=late, times=times, from_=now, until=now + seconds))


def _distort(rig: Rig, *, arm: ArmName | None, value: float) -> None:
    """From now on the functions also write values that are neither 0 nor 1, more than all others in each minute."""
    for one in ARMS if arm is None else (arm,):
        rig.aws.metrics.put("Orders", "CheckoutFailed", {"arm": one}, rig.aws.clock.now(), (value,), (PER_MINUTE,))
    again = partial(_distort, rig, arm=arm, value=value)
    rig.aws.clock.call_at(rig.aws.clock.now() + MINUTE, again, name="values other than 0 and 1")


def _narrow(rig: Rig, *, metric: str) -> None:
    """Someone makes the filter count only POST."""
    found = _filter_of(rig, metric)
    inner = found["filterPattern"].strip()[1:-1].strip()
    _put(rig, {**found, "filterPattern": f'{{ ({inner}) && $.httpMethod = "POST" }}'})


def _rename(rig: Rig, *, metric: str) -> None:
    """Someone makes the filter write a metric of another name."""
    found = _filter_of(rig, metric)
    renamed = [{**one, "metricName": f"{metric}Renamed"} for one in found["metricTransformations"]]
    _put(rig, {**found, "metricTransformations": renamed})


def _double(rig: Rig, *, metric: str) -> None:
    """Someone creates a second filter of the same pattern for the same metric."""
    found = _filter_of(rig, metric)
    _put(rig, {**found, "filterName": f"copy-of-{found['filterName']}"})


def _remove(rig: Rig, *, metric: str) -> None:
    found = _filter_of(rig, metric)
    rig.aws.client("logs").delete_metric_filter(logGroupName=rig.target.access_log_group, filterName=found["filterName"])


def _lend(rig: Rig, *, metric: str) -> None:
    found = _filter_of(rig, metric)
    _remove(rig, metric=metric)
    rig.aws.clock.call_at(rig.aws.clock.now() + 4 * MINUTE, partial(_put, rig, found), name="the filter comes back")


def _filter_of(rig: Rig, metric: str) -> dict[str, Any]:
    pages = rig.aws.client("logs").get_paginator("describe_metric_filters").paginate(logGroupName=rig.target.access_log_group)
    filters = (one for page in pages for one in page["metricFilters"])
    return next(one for one in filters if one["metricTransformations"][0]["metricName"] == metric)


def _put(rig: Rig, wanted: Mapping[str, Any]) -> None:
    taken = {name: wanted[name] for name in ("filterName", "filterPattern", "metricTransformations")}
    rig.aws.client("logs").put_metric_filter(logGroupName=rig.target.access_log_group, **taken)


def main() -> int:
    """Run the requested cases; the exit status says whether the invariant held in all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, from 0 on")
    parser.add_argument("--only", default="", help="only faults with this in their name")
    given = parser.parse_args()
    broken = [case for case in cases(given.seeds) if given.only in case.fault.name and not _holds(case)]
    sys.stdout.write(f"{len(broken)} broken\n")
    return 1 if broken else 0


def _holds(case: Case) -> bool:
    with EmbeddedAws(guest=CONTROLLER, seed=case.seed) as aws:
        done = run(case, aws)
        try:
            check(done)
        except AssertionError as error:
            sys.stdout.write(f"BROKEN {error}\n")
            return False
    sys.stdout.write(f"held   {done}\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
