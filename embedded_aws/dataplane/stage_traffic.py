"""Traffic for every stage of the account, from the moment at which it exists, and for functions that a file names.

Decides which stages get traffic, and from where: the first file that names the stage, else its definition. Use::

    traffic = StageTraffic(aws.gateway, read_traffic(Path("traffic.yaml")), rng=random.Random(1), tell=print)
    aws.dataplane.add_source(traffic)

A stage's requests follow what its base serves: a promotion brings its new routes.
"""

from __future__ import annotations

import heapq
from dataclasses import replace
from typing import TYPE_CHECKING

from embedded_aws.dataplane.traffic import InvokeTraffic, Traffic
from embedded_aws.dataplane.traffic_definition import shapes_of
from embedded_aws.dataplane.traffic_file import TrafficPlan
from embedded_aws.dataplane.traffic_schema import DEFAULT_PER_MINUTE

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from embedded_aws.apigateway.stages.control_plane import Gateway
    from embedded_aws.apigateway.stages.settings import StageSettings
    from embedded_aws.dataplane.served import Invoke, Request
    from embedded_aws.dataplane.traffic import Shape

_DEFINITION = TrafficPlan()


class StageTraffic:
    """A source of requests to all stages. ``per_minute`` is the rate of each stage for which no file gives one.

    ``tell`` gets one line when a stage's traffic begins, and one for each method that is left out.
    """

    def __init__(
        self,
        gateway: Gateway,
        plans: Sequence[TrafficPlan] = (),
        *,
        rng: random.Random,
        per_minute: float = DEFAULT_PER_MINUTE,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._gateway = gateway
        self._plans = plans
        self._rng = rng
        self._per_minute = per_minute
        self._tell = tell
        self._stages: dict[tuple[str, str], tuple[str, Traffic | None]] = {}
        self._invoking = [
            InvokeTraffic(one.function, one.alias, one.event, per_minute=one.per_minute, rng=rng)
            for plan in plans
            for one in plan.invocations
        ]

    def requests(self, start: float, end: float) -> Iterator[Request | Invoke]:
        """The requests that arrive after ``start`` and up to ``end``, in order of time."""
        stages = [source for each in self._gateway.served() if (source := self._source(each))]
        arrivals: list[Iterator[Request | Invoke]] = [source.requests(start, end) for source in stages]
        arrivals += [source.requests(start, end) for source in self._invoking]
        return heapq.merge(*arrivals, key=lambda request: request.at)

    def _source(self, stage: StageSettings) -> Traffic | None:
        """The stage's traffic, made anew whenever its base serves another deployment."""
        key, deployment = (stage.api_id, stage.stage_name), stage.base.deployment_id
        known = self._stages.get(key)
        if known is None or known[0] != deployment:
            known = self._stages[key] = (deployment, self._make(stage, is_new=known is None))
        return known[1]

    def _make(self, stage: StageSettings, *, is_new: bool) -> Traffic | None:
        definition = stage.base.definition
        where = f"{definition.api_name} ({stage.api_id}), stage {stage.stage_name}"
        named = (plan for plan in self._plans if plan.is_for(stage.api_id, definition.api_name, stage.stage_name))
        plan = next(named, _DEFINITION)
        shapes, left_out = (plan.shapes, ()) if plan.shapes else shapes_of(definition)
        shapes = shapes if plan.shapes else tuple(_with_headers(each, plan) for each in shapes)
        rate = plan.per_minute or self._per_minute
        if is_new:
            origin = "the traffic file" if plan.shapes else "its definition"
            routes = ", ".join(dict.fromkeys(f"{shape.method} {shape.path}" for shape in shapes)) or "no route"
            self._tell(f"{rate:g} requests per minute to {where}, by {origin}: {routes}")
            for each in left_out:
                self._tell(f"no requests to {where}: {each}; name the route in a traffic file")
        if not shapes:
            return None
        return Traffic(stage.api_id, stage.stage_name, shapes, per_minute=rate, rng=self._rng)


def _with_headers(shape: Shape, plan: TrafficPlan) -> Shape:
    return replace(shape, headers={**shape.headers, **plan.headers}) if plan.headers else shape
