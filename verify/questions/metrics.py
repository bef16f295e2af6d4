"""What CloudWatch shows about a canary's requests, and when.

All three questions read the same minutes, in which every request went to the canary.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from verify.account.budget import Budget
from verify.questions import measured_minutes
from verify.questions.measured_minutes import API, CONTROLS, NAMESPACE, STAGE, TWIN, MeasuredMinutes
from verify.questions.question import Question
from verify.scratch.answer import Answer
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch

DELAYS = (("45-seconds", 45.0), ("5-minutes", 300.0))
TOLERANCE = 1.0
"""The time that an answer may be on its way. What counts is when a minute was last seen to be incomplete, so the interval
between reads makes no difference.
"""


class MetricQuestion(Question):
    """A question about the measured minutes."""

    parts = frozenset({Part.API, Part.FUNCTION})

    @property
    def measurement(self) -> Callable[[Pace], Budget]:
        """The minutes; the question that is asked first measures them."""
        return measured_minutes.budget

    def budget(self, pace: Pace) -> Budget:
        """Nothing in addition."""
        del pace
        return Budget()


class MetricDelay(MetricQuestion):
    """When a minute's metrics are complete."""

    slug = "metric-delay"
    how = "send requests in whole minutes, and read the metrics until they show all of them"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        minutes = scratch.recall(measured_minutes.measure)
        word = delay_word(minutes, CONTROLS)
        evidence = tuple(f"{metric}: {_spread([*minutes.delays[metric].values()])}" for metric in CONTROLS)
        return Answer(word, (*evidence, f"read every {scratch.pace.poll_seconds:g} s"))


def delay_word(minutes: MeasuredMinutes, metrics: Iterable[str], delays: Sequence[tuple[str, float]] = DELAYS) -> str:
    """The answer that the slowest minute of these metrics gives; ``delays`` are the words with their seconds, ascending."""
    latest = max((late for metric in metrics for late in minutes.missing[metric].values()), default=0.0)
    return next((word for word, seconds in delays if latest <= seconds + TOLERANCE), f"{latest:.0f}-seconds")


def _spread(delays: Sequence[float]) -> str:
    return (
        f"all requests of {len(delays)} minutes there {min(delays):.0f} s to {max(delays):.0f} s after the minute, "
        f"median {median(delays):.0f} s"
    )


class StageMetricsIncludeCanary(MetricQuestion):
    """Whether a stage's metrics include both arms."""

    slug = "stage-metrics-include-canary"
    how = "send every request to a canary, and compare Count of the stage with what was sent"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        minutes = scratch.recall(measured_minutes.measure)
        counted, sent = minutes.total(STAGE), minutes.total_sent
        word = "yes" if counted == sent else "no" if not counted else "in-part"
        return Answer(word, (f"Count of the stage is {counted:g} for {sent} requests, all of the canary", _control(minutes)))


class CanaryMetricDimension(MetricQuestion):
    """Under which name a canary's requests are counted separately."""

    slug = "canary-metric-dimension"
    how = "send every request to a canary, read Count under <stage>/Canary, and list the API's metrics once all must exist"

    def budget(self, pace: Pace) -> Budget:
        """The wait for the list."""
        return Budget(seconds=pace.listing_seconds, usual_seconds=pace.listing_seconds / 4, metrics=1)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        minutes = scratch.recall(measured_minutes.measure)
        if minutes.total(TWIN):
            counted = f"Count under Stage {minutes.stage}/Canary is {minutes.total(TWIN):g} for {minutes.total_sent} requests"
            return Answer("stage-slash-canary", (counted, _control(minutes)))
        clock = scratch.aws.clock
        clock.sleep(max(0.0, minutes.ended + scratch.pace.listing_seconds - clock.now()))
        listed = _dimension_sets(scratch)
        stages = [{"ApiName": scratch.prefix, "Stage": name} for name in scratch.stage_names]
        others = [each for each in listed if each not in [{"ApiName": scratch.prefix}, *stages]]
        found = f"besides the API's and its stages' own there are {others}" if others else f"listed are {listed}"
        return Answer("other" if others else "none", (found, _control(minutes)))


def _dimension_sets(scratch: Scratch) -> list[dict[str, str]]:
    """Every set of dimensions under which the scratch API has metrics."""
    name = {"Name": "ApiName", "Value": scratch.prefix}
    found = scratch.aws.pages("cloudwatch", "list_metrics", "Metrics", Namespace=NAMESPACE, Dimensions=[name])
    sets = {tuple(sorted((one["Name"], one["Value"]) for one in metric["Dimensions"])) for metric in found}
    return [dict(pairs) for pairs in sorted(sets)]


def _control(minutes: MeasuredMinutes) -> str:
    return f"Count of the whole API is {minutes.total(API):g}"
