"""The data plane: serves requests to stages, from base or from the canary, through real handlers.

Decides what a client gets: which settings and which arm a request sees, whether it reaches an integration, and how long it
takes. A stage's throttles and caches are not emulated. The gateway says which settings are in force, and `traffic` when
requests arrive.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Protocol

from embedded_aws.awslambda.errors import LambdaError
from embedded_aws.dataplane.access_log import overridden_request_id
from embedded_aws.dataplane.gatekeeper import Gatekeeper
from embedded_aws.dataplane.gateway_answers import customise
from embedded_aws.dataplane.integrating import Integrations
from embedded_aws.dataplane.mapping_templates import UnsupportedTemplateError
from embedded_aws.dataplane.records import ApiRecords
from embedded_aws.dataplane.served import Invoke, Invoked, Request, Served
from embedded_aws.dataplane.stage_history import StageHistory

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

    from embedded_aws.apigateway.stages.control_plane import Gateway
    from embedded_aws.awslambda.functions import Lambdas
    from embedded_aws.awslambda.line_buffer import Logs
    from embedded_aws.awslambda.records import MetricSink
    from embedded_aws.dataplane.http_integration import HttpBackends
    from embedded_aws.dataplane.serving import ServingStage
    from embedded_aws.wire.unknowns import Unknowns

GATEWAY_MS = 2
FORBIDDEN, NOT_BUILT = 403, 501


class Source(Protocol):
    """Something that sends requests."""

    def requests(self, start: float, end: float) -> Iterable[Request | Invoke]:
        """The requests that arrive after ``start`` and up to ``end``, in order of time."""


class DataPlane:
    """Serves every stage of the gateway, and keeps what it observes of the parts that it is given."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        lambdas: Lambdas,
        logs: Logs,
        metrics: MetricSink,
        unknowns: Unknowns,
        now: Callable[[], float],
        rng: random.Random,
    ) -> None:
        self._lambdas = lambdas
        self._unknowns = unknowns
        self._now = now
        self._rng = rng
        self.records = ApiRecords(logs, metrics, unknowns)
        self.gatekeeper = Gatekeeper(lambdas, unknowns)
        self._integrations = Integrations(lambdas, self.gatekeeper)
        self._stages = StageHistory(gateway, unknowns, now=now, rng=rng, owner=lambdas, before_change=self.catch_up)
        self._sources: list[Source] = []
        self._observers: list[Callable[[Served], object]] = []
        self._invocation_observers: list[Callable[[Invoked], object]] = []
        self._served_until = now()
        self._is_serving = False
        lambdas.before_change = self.catch_up

    @property
    def propagation_seconds(self) -> float:
        """For how many seconds after a stage update requests may still see the old settings."""
        return self._stages.propagation_seconds

    @propagation_seconds.setter
    def propagation_seconds(self, seconds: float) -> None:
        self._stages.propagation_seconds = seconds

    @property
    def http(self) -> HttpBackends:
        """The backends of HTTP integrations; none until they are registered."""
        return self._integrations.http

    # Traffic.

    def add_source(self, source: Source) -> None:
        """Serve what this source sends from now on."""
        self.catch_up()
        self._sources.append(source)

    def remove_source(self, source: Source) -> None:
        """Stop serving what this source sends."""
        self.catch_up()
        self._sources.remove(source)

    def on_served(self, observer: Callable[[Served], object]) -> None:
        """Call ``observer`` with every request to a stage, once it is answered."""
        self._observers.append(observer)

    def on_invoked(self, observer: Callable[[Invoked], object]) -> None:
        """Call ``observer`` with every invocation that a source asked for."""
        self._invocation_observers.append(observer)

    def advance(self, start: float, end: float) -> None:
        """Before time moves from ``start`` to ``end``: serve what arrives in between, and close the minutes."""
        start = max(start, self._served_until)
        if self._is_serving or end <= start:
            return
        self._is_serving = True
        try:
            with self.records.lines.holding(), self._lambdas.records.lines.holding():
                for request in self._arrivals(start, end):
                    self._handle(request)
        finally:
            self._is_serving = False
            self._served_until = end
        self.flush(end)

    def catch_up(self) -> None:
        """Serve everything that has arrived by now, so that it does not see the change that follows."""
        self.advance(self._served_until, self._now())

    def flush(self, before: float) -> None:
        """Put the metrics of every minute that ended by ``before``, including Lambda's."""
        self.records.flush(before)
        self._lambdas.flush(before)

    def reset(self) -> None:
        """Drop the sources, the observers and the stages' history; the gateway drops the stages themselves."""
        self._stages.clear()
        self.gatekeeper.clear()
        self._integrations.http.clear()
        self._sources.clear()
        self._observers.clear()
        self._invocation_observers.clear()
        self.records.clear()
        self._served_until = self._now()

    # One request.

    def serve(self, request: Request) -> Served:
        """Answer one request; log it, count it, and pass it to the observers."""
        bits = self._rng.getrandbits(192)
        hexed = f"{bits:048x}"
        request_id = f"{hexed[:8]}-{hexed[8:12]}-{hexed[12:16]}-{hexed[16:20]}-{hexed[20:32]}"
        if request.headers:
            request_id = overridden_request_id(request.headers) or request_id
        served = Served(request, request_id, f"{hexed[33:]}=")
        stage = self._stages.seen(request.api_id, request.stage, request.at)
        if stage is None:
            served.answer_error(FORBIDDEN, "Forbidden", "ACCESS_DENIED")
            served.latency = GATEWAY_MS
        else:
            self._serve(served, stage)
        for observer in self._observers:
            observer(served)
        return served

    def _serve(self, served: Served, stage: ServingStage) -> None:
        arm = stage.choose(served.request, self._rng, self._split)
        served.settings = stage.settings
        served.arm = arm.name
        served.deployment_id = arm.deployment_id
        if stage.settings.canary is not None:
            served.is_canary = "true" if arm.name == "canary" else "false"
        route = arm.routes.find(served.request.method, served.request.path)
        if route is None:
            served.answer_error(FORBIDDEN, "Missing Authentication Token", "MISSING_AUTHENTICATION_TOKEN")
            self._attribute(served)
        else:
            served.method, served.parameters = route
            endpoint = arm.endpoint(route.method)
            if endpoint.guard is None or self.gatekeeper.admits(served, endpoint.guard):
                self._integrations.answer(served, arm, endpoint, route.method)
            else:
                self._attribute(served)
        if served.error_type is not None:
            self._customise(served, stage)
        served.latency += (served.integration_latency or 0) + GATEWAY_MS
        if stage.log_group is not None:
            self.records.log(served, stage.log_group, stage.render(served))
        self.records.count(served, stage.api_name)

    def _split(self) -> str:
        return self._unknowns.ask("split-accuracy")

    def _attribute(self, served: Served) -> None:
        """Assign a refused request to an arm; no record says which arm it belongs to, or what is measured of it."""
        served.is_unmeasured = self._unknowns.ask("values-of-refused-request") == "dash"
        if served.is_canary is None:
            return
        match self._unknowns.ask("is-canary-of-refused-request"):
            case "false":
                served.is_canary, served.arm = "false", "base"
            case "absent":
                served.is_canary = None

    def _customise(self, served: Served, stage: ServingStage) -> None:
        """Apply the API's gateway responses to an answer that API Gateway made itself."""
        arm = stage.arm(served.arm)
        if not arm.gateway_responses:
            return
        try:
            customise(served, arm.gateway_responses, arm.variables)
        except UnsupportedTemplateError as error:
            served.answer_error(NOT_BUILT, str(error), "NOT_BUILT")

    def _arrivals(self, start: float, end: float) -> Iterable[Request | Invoke]:
        arrivals = [source.requests(start, end) for source in self._sources]
        return arrivals[0] if len(arrivals) == 1 else heapq.merge(*arrivals, key=lambda request: request.at)

    def _handle(self, request: Request | Invoke) -> None:
        if isinstance(request, Request):
            self.serve(request)
            return
        self._invoke(request)

    def _invoke(self, request: Invoke) -> None:
        try:
            invocation = self._lambdas.invoke(request.function, request.event, qualifier=request.qualifier, at=request.at)
        except LambdaError:
            invocation = None
        for observer in self._invocation_observers:
            observer(Invoked(request, invocation))
