"""A stage's settings, prepared for serving: routes, targets and the access-log line are computed once per change.

Decides which arm a request gets. One such value is one unit of propagation, so a request never mixes two of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from embedded_aws.dataplane.access_log import compile_format
from embedded_aws.dataplane.gatekeeper import guard_of
from embedded_aws.dataplane.proxy_integration import Event
from embedded_aws.dataplane.routing import ANY, Routes, is_elsewhere, lambda_target
from embedded_aws.dataplane.splitting import draw, share_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from embedded_aws.apigateway.definition.frozen import Method
    from embedded_aws.apigateway.stages.settings import Arm, StageSettings
    from embedded_aws.dataplane.served import ArmName, Request, Served

CALL = "POST"
"""The HTTP method by which an integration calls a function. Lambda accepts no other."""


class Account(Protocol):
    """The account and Region that own the functions and APIs."""

    account: str
    region: str


class Endpoint:
    """A method of one arm: the checks in front of it, and what it calls. Without a target it calls no function."""

    def __init__(self, name: ArmName, method: Method, settings: StageSettings, arm: Arm, parts: Parts) -> None:
        owner = parts.owner
        uri = method.integration.uri if method.integration and method.integration.http_method == CALL else ""
        self.is_elsewhere = is_elsewhere(uri, arm.variables, region=owner.region, account=owner.account)
        self.target = None if self.is_elsewhere else lambda_target(uri, arm.variables)
        self.event = Event(method, settings, arm, account=owner.account, region=owner.region)
        self.guard = guard_of(method, settings, arm, self.event, name=name, owner=f"{owner.region}:{owner.account}")
        stage = f"{settings.api_id}/{settings.stage_name}"
        self._caller = f"arn:aws:execute-api:{owner.region}:{owner.account}:{stage}"
        self._method = method
        self._is_open = method.http_method == ANY or "{" in method.path
        self._ask = parts.ask

    def source_arn(self, request: Request) -> str:
        """The source ARN with which API Gateway calls the function (docs/aws.md#source-arn-of-open-method)."""
        verb, path = request.method, self._method.path
        if self._is_open:
            match self._ask("source-arn-of-open-method"):
                case "method-as-defined":
                    verb = self._method.http_method
                case "path-as-requested":
                    path = request.path
        return f"{self._caller}/{verb}{path}"


class ServingArm:
    """One arm: a deployment's routes, and what each method calls under the arm's stage variables."""

    def __init__(self, name: ArmName, settings: StageSettings, arm: Arm, parts: Parts) -> None:
        self.name = name
        self.deployment_id = arm.deployment_id
        self.variables = arm.variables
        self.gateway_responses = arm.definition.gateway_responses
        self.routes = parts.routes_of(settings.api_id, arm)
        self._make: Callable[[Method], Endpoint] = lambda method: Endpoint(name, method, settings, arm, parts)
        self._endpoints: dict[int, Endpoint] = {}

    def endpoint(self, method: Method) -> Endpoint:
        """What a method of this arm's definition calls."""
        key = id(method)
        endpoint = self._endpoints.get(key)
        if endpoint is None:
            endpoint = self._endpoints[key] = self._make(method)
        return endpoint


class Parts:
    """What preparing stages needs: their owner, the routes of each deployment (built once), and the open questions."""

    def __init__(self, owner: Account, ask: Callable[[str], str]) -> None:
        self.owner = owner
        self.ask = ask
        self._routes: dict[tuple[str, str], Routes] = {}

    def escapes_texts(self) -> bool:
        """Whether the access log escapes text that clients write."""
        return self.ask("client-text-in-access-log") == "escaped"

    def routes_of(self, api_id: str, arm: Arm) -> Routes:
        """The routes of the arm's deployment, which never change."""
        key = (api_id, arm.deployment_id)
        if key not in self._routes:
            self._routes[key] = Routes(arm.definition)
        return self._routes[key]


class ServingStage:
    """A stage under the settings of one moment."""

    def __init__(self, settings: StageSettings, parts: Parts) -> None:
        self.settings = settings
        self.api_name = settings.base.definition.api_name
        self._base = ServingArm("base", settings, settings.base, parts)
        self._canary = ServingArm("canary", settings, settings.canary, parts) if settings.canary else None
        log = settings.access_log
        self.log_group = log_group(log.destination_arn) if log and log.format else None
        text = log.format if log and log.format else ""
        self.render: Callable[[Served], str] = compile_format(text, parts.owner, escapes=parts.escapes_texts)

    def arm(self, name: ArmName | None) -> ServingArm:
        """The arm with this name; without a canary it is always base."""
        return self._canary if name == "canary" and self._canary is not None else self._base

    def choose(self, request: Request, rng: random.Random, split: Callable[[], str]) -> ServingArm:
        """Choose base or canary at random; where both exist, ``split`` says by which method."""
        if self._canary is not None:
            answer = split()
            if draw(request, rng, answer) < share_of(self.settings.percent, answer):
                return self._canary
        return self._base


def log_group(destination_arn: str | None) -> str | None:
    """The log group that an access log's destination names; None for a Firehose stream or nothing."""
    _, found, name = (destination_arn or "").partition(":log-group:")
    return name.removesuffix(":*") if found else None
