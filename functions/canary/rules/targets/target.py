"""What a rollout acts on: one API stage, or one set of aliases, with its functions, metrics and alarms.

Values only. `canary.edge` reads them from YAML or JSON.
"""

from __future__ import annotations

from dataclasses import dataclass

from canary.rules.targets.floor import NO_FLOOR, Floor
from canary.rules.targets.policy import Policy
from canary.rules.targets.refusals import Refusals
from canary.rules.targets.shifters import ShifterKind


@dataclass(frozen=True, slots=True)
class Stage:
    """The API Gateway stage; its integrations name the alias as ``${stageVariables.<alias_variable>}``."""

    rest_api_id: str
    stage_name: str
    alias_variable: str


@dataclass(frozen=True, slots=True)
class TargetFunction:
    """One Lambda function with the alias that production uses and, behind a stage, the canary's alias."""

    name: str
    live: str
    canary: str | None


@dataclass(frozen=True, slots=True)
class BusinessMetric:
    """A custom metric of 0 or 1 per request with a dimension ``arm``; 1 means a bad request."""

    name: str
    namespace: str


@dataclass(frozen=True, slots=True)
class OutsideRoute:
    """Routes outside the rollout: a resource path, which may end in `*` for any text, and methods; none means all methods."""

    path: str
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outside:
    """The parts of the API that both arms intentionally call alike: never counted, and never evidence for a release."""

    routes: tuple[OutsideRoute, ...] = ()
    authorizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metrics:
    """What is compared between the arms.

    ``client_errors`` compares the shares of 4xx answers; only behind a stage with an access log.
    ``slow`` lists percentiles of base's own history that become latency limits (``"p99"``);
    ``latency_limits_ms`` are exact limits that the user sets in addition to those or instead.
    ``warm_up``: the largest part of the canary's requests that may be slow in each minute after a weight change, because new
    instances start cold. If it is None, it is learned from the target's promoted releases (`canary.rules.judging.warm_up`); a
    rollout that has begun says what it allows.
    """

    errors: bool = True
    client_errors: bool = True
    slow: tuple[str, ...] = ("p50", "p90", "p99")
    latency_limits_ms: tuple[int, ...] = ()
    business: tuple[BusinessMetric, ...] = ()
    warm_up: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A registered target. ``stage`` is absent for the alias shifter; ``alarms`` are the user's own names.

    ``floor``: how little care a start's policy may take; it binds the target's own policy too.

    ``role_arn``: the role that the controller assumes for everything it does to the target; None for the functions' own.

    ``drill``: whether drills are allowed. ``refused``: what a drill's own rollout is refused; never part of a registration.
    """

    name: str
    functions: tuple[TargetFunction, ...]
    policy: Policy
    stage: Stage | None = None
    access_log_group: str | None = None
    metrics: Metrics = Metrics()
    alarms: tuple[str, ...] = ()
    shared_live_alias: bool = False
    role_arn: str | None = None
    outside: Outside = Outside()
    floor: Floor = NO_FLOOR
    drill: bool = False
    refused: Refusals | None = None

    @property
    def shifter(self) -> ShifterKind:
        """The stage shifter if there is a stage, else the alias shifter."""
        return ShifterKind.STAGE if self.stage else ShifterKind.ALIAS
