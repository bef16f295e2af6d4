"""The alarms that complement the judge: canary against base, in CloudWatch's own metric math.

Decides which alarms a target gets and what they compare. They are for catastrophes, for a parked rollout, and for times when
the judge does not run. So they fire only on a difference that lasts and that chance does not explain. This module does not know
who evaluates them.

Each alarm compares two proportions: its score is the difference of the arms' bad rates, in standard errors of that difference
if both arms had their common rate. Where the canary's bad rate is more than 60 points above base's, the score counts four
times, so that a canary which always fails is seen at twenty requests a minute. The alarm fires at a score above 15 in seven of
nine minutes, which one sick instance does not reach. `python -m bench.shapes.alarm_curve` compares other choices
(docs/decisions/0042). A minute with too little to compare scores 0 instead of being left out, because CloudWatch would use an
older minute in its place (docs/aws.md#alarm-missing-data).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from canary.rules.targets.access_log import metric_namespace
from canary.rules.targets.target import Target

THRESHOLD = 15.0
PERIOD_SECONDS = 60
EVALUATION_PERIODS = 9
DATAPOINTS_TO_ALARM = 7
LEAST_CANARY_BAD = 10
COLLAPSED = 0.6
"""By how much the canary's bad rate must be above base's for the score to count `COLLAPSED_TIMES` times."""

COLLAPSED_TIMES = 4

EXPRESSIONS: Mapping[str, str] = MappingProxyType(
    {
        "common": "(ec+eb)/(nc+nb)",
        "error": "(common*(1-common)*(1/nc+1/nb))^0.5",
        "difference": "ec/nc-eb/nb",
        "times": f"IF(difference>{COLLAPSED:g}, {COLLAPSED_TIMES}, 1)",
        "score": f"IF(FILL(nc,0)>0 AND FILL(ec,0)>={LEAST_CANARY_BAD} AND FILL(nb,0)>0, times*difference/error, 0)",
    }
)
"""Expressions over requests (`nc`, `nb`) and bad requests (`ec`, `eb`) of canary and base; the alarm watches `score`."""

WATCHED = "score"
MINUTES = f"{DATAPOINTS_TO_ALARM} of {EVALUATION_PERIODS} minutes"


@dataclass(frozen=True, slots=True)
class Count:
    """One of the four counts of a minute: a metric and its statistic."""

    namespace: str
    metric: str
    statistic: str = "Sum"
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm, with the counts of both arms: requests and bad requests of the canary, then of base."""

    name: str
    description: str
    nc: Count
    ec: Count
    nb: Count
    eb: Count

    def put_arguments(self) -> dict[str, object]:
        """The keyword arguments of `cloudwatch.put_metric_alarm`."""
        return {
            "AlarmName": self.name,
            "AlarmDescription": self.description,
            "Metrics": [*self._metrics(), *_expressions()],
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": THRESHOLD,
            "EvaluationPeriods": EVALUATION_PERIODS,
            "DatapointsToAlarm": DATAPOINTS_TO_ALARM,
            "TreatMissingData": "notBreaching",
        }

    def _metrics(self) -> Iterator[dict[str, object]]:
        for name, count in (("nc", self.nc), ("ec", self.ec), ("nb", self.nb), ("eb", self.eb)):
            dimensions = [{"Name": key, "Value": value} for key, value in count.dimensions]
            metric = {"Namespace": count.namespace, "MetricName": count.metric, "Dimensions": dimensions}
            stat = {"Metric": metric, "Period": PERIOD_SECONDS, "Stat": count.statistic}
            yield {"Id": name, "MetricStat": stat, "ReturnData": False}


def target_alarms(target: Target) -> tuple[Alarm, ...]:
    """The alarms of a target.

    Behind a stage, they watch the counts of its metric filters and its business metrics. Without an access log, errors are
    Lambda's by alias, with one alarm per function. None compares 4xx answers, because an alarm's four metrics cost more than a
    tenth of the stake is worth. A target of weighted aliases gets no alarm (`alarm_note`).
    """
    if not target.shifter.has_fixed_arms:
        return ()
    return (*_error_alarms(target), *_slow_alarms(target), *_business_alarms(target))


def alarm_note(target: Target) -> str | None:
    """What an operator should know about a target that none of our alarms watches; None if one does.

    An alarm's dimensions are fixed when it is created, and an alarm cannot use a search over many series
    (docs/aws.md#alarm-limits).
    """
    if target.shifter.has_fixed_arms:
        return None
    own = f"; your own alarms do ({', '.join(target.alarms)})" if target.alarms else ", and you named none of your own"
    return (
        "no alarm compares canary and base between two looks: behind weighted aliases only the metric dimension "
        f"ExecutedVersion distinguishes them, and an alarm created before the rollout cannot name its versions{own}"
    )


def _expressions() -> Iterator[dict[str, object]]:
    for name, text in EXPRESSIONS.items():
        yield {"Id": name, "Expression": text, "Label": name, "ReturnData": name == WATCHED}


def _error_alarms(target: Target) -> Iterator[Alarm]:
    if not target.metrics.errors:
        return
    if target.access_log_group is not None:
        yield _on_log(target, "errors", "Errors", "fails far more often than base")
        return
    for function in target.functions:
        arms = [
            (("FunctionName", function.name), ("Resource", f"{function.name}:{alias}"))
            for alias in (function.canary, function.live)
        ]
        counts = [Count("AWS/Lambda", name, "Sum", arm) for arm in arms for name in ("Invocations", "Errors")]
        name, what = f"errors-{function.name}", f"raises in {function.name} far more often than base"
        yield Alarm(_name(target, name), _description(target, what), *counts)


def _slow_alarms(target: Target) -> Iterator[Alarm]:
    if target.access_log_group is not None:
        for limit in target.metrics.latency_limits_ms:
            what = f"takes more than {limit} ms far more often than base"
            yield _on_log(target, f"slow-{limit}ms", f"Slow{limit}", what)


def _business_alarms(target: Target) -> Iterator[Alarm]:
    for metric in target.metrics.business:
        counts = [
            Count(metric.namespace, metric.name, statistic, (("arm", arm),))
            for arm in ("canary", "base")
            for statistic in ("SampleCount", "Sum")
        ]
        what = f"has {metric.name} far more often than base"
        yield Alarm(_name(target, metric.name), _description(target, what), *counts)


def _on_log(target: Target, name: str, bad: str, what: str) -> Alarm:
    space = metric_namespace(target.name)
    counts = [Count(space, f"{arm}{metric}") for arm in ("Canary", "Base") for metric in ("Requests", bad)]
    return Alarm(_name(target, name), _description(target, what), *counts)


def _name(target: Target, name: str) -> str:
    return f"canary-{target.name}-{name}"


def _description(target: Target, what: str) -> str:
    return f"The canary of {target.name} {what}: {WATCHED} above {THRESHOLD:g} in {MINUTES}."
