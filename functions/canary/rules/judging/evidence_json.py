"""Evidence as JSON: the part of the record that each look reads and writes. The history beside it has its own JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.rules.judging.evidence import MetricEvidence
from canary.rules.judging.history import seen_from_json
from canary.rules.judging.judge import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.rules.judging.history import History


def to_json(evidence: Evidence) -> dict[str, Any]:
    """The part that changes with every look, as JSON; the history has its own JSON and is written once."""
    return {name: metric_to_json(metric) for name, metric in evidence.metrics.items()}


def from_json(data: Mapping[str, Any], history: History) -> Evidence:
    """The evidence that `to_json` wrote, with the history it belongs to. Raises ValueError for another history."""
    if data.keys() != history.bases.keys():
        raise ValueError(
            f"evidence and history must name the same metrics, got {sorted(data)} and {sorted(history.bases)}; "
            "read both from one record"
        )
    return Evidence(history, {name: metric_from_json(metric) for name, metric in data.items()})


def metric_to_json(metric: MetricEvidence) -> dict[str, Any]:
    """The metric's evidence as JSON of a few hundred bytes; `metric_from_json` restores it exactly."""
    return {
        "minutes": metric.minutes,
        "slow": [*metric.slow],
        "recent": [*metric.recent],
        "live": [*metric.live],
        "assisted": None if metric.assisted is None else [*metric.assisted],
        "delta": metric.delta,
        "log_safe": metric.log_safe,
        "shift_minutes": metric.shift_minutes,
        "outage": metric.outage,
        "outage_minutes": metric.outage_minutes,
    }


def metric_from_json(data: Mapping[str, Any]) -> MetricEvidence:
    """The metric that `metric_to_json` wrote."""
    return MetricEvidence(
        minutes=int(data["minutes"]),
        slow=seen_from_json(data["slow"]),
        recent=seen_from_json(data["recent"]),
        live=tuple(map(float, data["live"])),
        assisted=None if data["assisted"] is None else tuple(map(float, data["assisted"])),
        delta=None if data["delta"] is None else float(data["delta"]),
        log_safe=float(data["log_safe"]),
        shift_minutes=int(data["shift_minutes"]),
        outage=float(data.get("outage", 0.0)),
        outage_minutes=int(data.get("outage_minutes", 0)),
    )
