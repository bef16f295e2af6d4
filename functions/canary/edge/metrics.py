"""How the metrics of a target are written: what is compared between canary and base."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.agreement import find_twice
from canary.edge.fields import MetricName, Namespace, Percentile, ServerErrors, Switch
from canary.edge.kinds import Given, Rate, Whole
from canary.edge.model import Clash, Strict
from canary.rules.targets.target import BusinessMetric, Metrics

LIMIT = Whole(
    "a whole number of milliseconds", 1, 900_000, "give the limit above which an answer is slow, such as 800 for 0.8 s"
)

COLD = Rate(
    "a share of the canary's requests", 0, 0.5, "give the most that may be slow in that minute, such as 0.1 for a tenth"
)
MOST_WARM_UP = 10

COMPARED = ("slow", "latency_limits_ms", "business")


class BusinessModel(Strict):
    """A metric of the user's own: 0 or 1 for each request, with a dimension arm (base or canary)."""

    name: MetricName = Field(description="the name of the metric, which counts bad requests")
    namespace: Namespace = Field(description="the metric's namespace")


class MetricsModel(Strict):
    """The metrics that are compared between canary and base."""

    errors: Annotated[bool, ServerErrors()] = Field(
        default=True,
        description="the answers that count as errors: 5xx, or false for none",
        json_schema_extra={"default": "5xx"},
    )
    client_errors: Switch = Field(
        default=True, description="whether the shares of 4xx answers are compared; this needs access_log_group"
    )
    slow: tuple[Percentile, ...] = Field(
        default=("p50", "p90", "p99"), description="percentiles of base's last 24 hours that become latency limits"
    )
    latency_limits_ms: tuple[Annotated[int, LIMIT], ...] = Field(
        default=(), description="latency limits in milliseconds, counted exactly; this needs access_log_group"
    )
    business: tuple[BusinessModel, ...] = Field(default=(), description="your own metrics, 0 or 1 for each request")
    warm_up: Annotated[tuple[Annotated[float, COLD], ...] | None, Given()] = Field(
        default=None,
        description="the largest share of the canary's requests that cold starts make slow, by minute after a weight change; "
        "by default it is learned from the target's promoted releases",
        json_schema_extra={"maxItems": MOST_WARM_UP},
    )

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> Iterable[Clash]:
        """Items that are listed twice, and a target that compares nothing."""
        yield from find_twice(raw, "slow")
        yield from find_twice(raw, "latency_limits_ms")
        yield from find_twice(raw, "business", "name")
        yield from _find_warm_up(raw.get("warm_up"))
        if raw.get("errors", True) in (False, "false") and not any(_compares(raw, key) for key in COMPARED):
            yield Clash((), "nothing is compared", "keep errors: 5xx")

    def metrics(self) -> Metrics:
        """The metrics as the rules know them."""
        return Metrics(
            errors=self.errors,
            client_errors=self.client_errors,
            slow=self.slow,
            latency_limits_ms=self.latency_limits_ms,
            business=tuple(BusinessMetric(metric.name, metric.namespace) for metric in self.business),
            warm_up=self.warm_up,
        )


def metrics_to_mapping(metrics: Metrics) -> dict[str, Any]:
    """The metrics as ``MetricsModel`` reads them. A key that says nothing unusual may be left out."""
    return {
        "errors": "5xx" if metrics.errors else False,
        **({} if metrics.client_errors else {"client_errors": False}),
        "slow": metrics.slow,
        "latency_limits_ms": metrics.latency_limits_ms,
        "business": [{"name": metric.name, "namespace": metric.namespace} for metric in metrics.business],
        **({} if metrics.warm_up is None else {"warm_up": metrics.warm_up}),
    }


def _find_warm_up(minutes: object) -> Iterator[Clash]:
    """More minutes than a canary may take to warm up."""
    if isinstance(minutes, (list, tuple)) and len(minutes) > MOST_WARM_UP:
        got = f"{len(minutes)} minutes of warm-up"
        yield Clash(("warm_up",), got, f"give at most {MOST_WARM_UP}; what is slow for longer is the release")


def _compares(raw: Mapping[Any, Any], key: str) -> bool:
    """Whether these metrics compare something; without the key only the percentiles do, by default."""
    return bool(raw.get(key, key == "slow"))
