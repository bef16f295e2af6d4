"""What was new in a release, and what the verdict about it does not cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.looks.findings import Finding
from canary.rules.releases.code import CodeChange
from canary.rules.reports.amounts import plural
from canary.rules.reports.evidence_report import Gap, Novelty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.reports.evidence_report import MetricRow
    from canary.rules.rollouts.rollout import Rollout


def news(rollout: Rollout) -> Iterator[Novelty]:
    """What the release changed: versions, the deployment, variables, routes."""
    snapshot, intent = rollout.snapshot, rollout.intent
    for function, version in intent.versions.items():
        if version != snapshot.live.get(function):
            code = rollout.plan.code.get(function, CodeChange())
            yield Novelty("function", function, snapshot.live.get(function, ""), version, code)
    if intent.deployment_id != snapshot.deployment_id:
        yield Novelty("deployment", rollout.plan.api_name, snapshot.deployment_id or "", intent.deployment_id or "not made yet")
    for name, value in intent.promoted_variables.items():
        yield Novelty("variable", name, snapshot.variables.get(name, ""), value)
    routes = rollout.plan.routes
    yield from (Novelty("route added", route, "", "") for route in routes.added)
    yield from (Novelty("route lost", route, "", "") for route in routes.lost)
    yield from (Novelty("route moved", route, "", "") for route in routes.moved)
    yield from (Novelty("route changed", route, "", "") for route in routes.changed)


def gaps(rollout: Rollout, rows: Sequence[MetricRow]) -> Iterator[Gap]:
    """What was outside the rollout, silent, short of traffic, expected, or too small to be looked for."""
    outside = rollout.target.outside
    for route in outside.routes:
        yield Gap("outside", f"{'/'.join(route.methods)} {route.path}".strip())
    yield from (Gap("outside", f"authorizer {name}") for name in outside.authorizers)
    yield from (Gap("silent", f"{row.label} had no data") for row in rows if row.finding is Finding.NO_DATA)
    yield from (Gap("not judged", row.label) for row in rows if row.finding is Finding.NOT_JUDGED)
    for row in rows:
        if row.finding is Finding.TOO_FEW:
            least = plural(rollout.plan.policy.min_requests, "canary request")
            yield Gap("too few requests", f"{row.label} needs requests of base and {least} in the step")
    yield from (Gap("expected", f"a change of {one.value.replace('_', ' ')} does not count") for one in rollout.plan.expects)
    yield from (Gap("alarm tolerated", name) for name in rollout.tolerated_alarms)
    yield from (Gap("note", note) for note in rollout.plan.notes)
