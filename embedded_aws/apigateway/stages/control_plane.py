"""The control plane of REST APIs: stages with their canaries, and deployments, per API.

Keeps the state, and notifies the data plane before and after every change that traffic can see. gateway_patch.py decides what
a patch does, gateway_deploy.py what a deployment does to a stage, gateway_stage.py what a client is shown. It knows no HTTP
and no moto, and serves no traffic.
"""

import random
import string
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, TypeVar

from embedded_aws.apigateway.definition.frozen import Definition, patch_fields
from embedded_aws.apigateway.errors import BadRequestError, ConflictError, NotFoundError
from embedded_aws.apigateway.stages.deployments import deploy, new_stage
from embedded_aws.apigateway.stages.drafts import Drafts
from embedded_aws.apigateway.stages.settings import Arm, StageSettings, settings_of
from embedded_aws.apigateway.stages.stage import Stage
from embedded_aws.apigateway.stages.update_stage import apply_patch
from embedded_aws.wire.unknowns import Unknowns

__all__ = ["Arm", "Deployment", "Gateway", "Listener", "Moment", "StageSettings"]

Key = TypeVar("Key")
Value = TypeVar("Value")

_ID_LENGTH = 6


class Moment(Enum):
    """When a listener is called: before a change the old settings still hold, after it the new ones do."""

    BEFORE = "before"
    AFTER = "after"


Listener = Callable[[str, str, Moment], None]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment; `created` is epoch seconds."""

    id: str
    created: int
    description: str | None
    definition: Definition


@dataclass(slots=True)
class _Api:
    stages: dict[str, Stage] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    # Deleted deployments stay here: a canary outlives its deployment if AWS lets that be deleted.
    definitions: dict[str, Definition] = field(default_factory=dict)


class Gateway:
    """The stages and deployments of every API; each call takes the API's id."""

    def __init__(
        self,
        now: Callable[[], float],
        unknowns: Unknowns,
        rng: random.Random,
        *,
        account: str = "123456789012",
        region: str = "eu-west-1",
    ) -> None:
        self.drafts = Drafts(now, unknowns, account=account, region=region)
        self._now = now
        self._unknowns = unknowns
        self._rng = rng
        self._apis: dict[str, _Api] = {}
        self._settings: dict[tuple[str, str], StageSettings] = {}
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()

    def settings_changed(self, listener: Listener) -> None:
        """Call `listener(api_id, stage_name, moment)` before and after every change that traffic can see.

        Before the change `settings` still gives the old ones, so that traffic up to now can be served with them. The listener
        is not called if a call is refused or changes nothing that a request can see.
        """
        self._listeners.append(listener)

    def settings(self, api_id: str, stage_name: str) -> StageSettings | None:
        """What the stage serves with now, None if there is no such stage; the same object until it changes."""
        return self._settings.get((api_id, stage_name))

    def served(self) -> list[StageSettings]:
        """The settings of every stage that serves now, in the order of the stages' creation."""
        return list(self._settings.values())

    def create_stage(self, api_id: str, body: Mapping[str, Any]) -> Stage:
        """Create a stage from a CreateStage body."""
        with self._lock:
            api = self._api(api_id)
            if body.get("stageName") in api.stages:
                raise ConflictError("Stage already exists")
            stage = new_stage(body, deployments=api.deployments, now=int(self._now()), unknowns=self._unknowns)
            self._publish(api_id, stage.name, stage)
            return stage

    def update_stage(self, api_id: str, name: str, operations: Sequence[Mapping[str, Any]]) -> Stage:
        """Apply a patch list as a whole, or not at all."""
        with self._lock:
            deployments, stage = self._api(api_id).deployments, self.stage(api_id, name)
            patched = apply_patch(stage, operations, deployments=deployments, unknowns=self._unknowns)
            stage = replace(patched, updated=int(self._now()))
            self._publish(api_id, name, stage)
            return stage

    def stage(self, api_id: str, name: str) -> Stage:
        """One stage."""
        try:
            return self._api(api_id).stages[name]
        except KeyError:
            raise NotFoundError("Invalid stage identifier specified") from None

    def stages(self, api_id: str, *, deployment_id: str | None = None) -> list[Stage]:
        """The API's stages, or only those that use one deployment."""
        stages = list(self._api(api_id).stages.values())
        return [each for each in stages if deployment_id is None or self._is_listed(each, deployment_id)]

    def delete_stage(self, api_id: str, name: str) -> None:
        """Delete a stage and its canary."""
        with self._lock:
            self.stage(api_id, name)
            self._publish(api_id, name, None)

    def create_deployment(self, api_id: str, definition: Definition, body: Mapping[str, Any]) -> Deployment:
        """Freeze the definition as a new deployment; if the body says so, deploy it to a stage or to its canary."""
        with self._lock:
            api, now = self._api(api_id), int(self._now())
            deployment = Deployment(self._new_id(api), now, body.get("description"), definition)
            before = api.stages.get(body.get("stageName") or "")
            stage = deploy(before, deployment.id, body=body, now=now, unknowns=self._unknowns)
            api.deployments[deployment.id] = deployment
            api.definitions[deployment.id] = definition
            if stage is not None:
                self._publish(api_id, stage.name, stage)
            return deployment

    def update_deployment(self, api_id: str, deployment_id: str, operations: Sequence[Mapping[str, Any]]) -> Deployment:
        """Change a deployment's description, the only field that can change."""
        with self._lock:
            before = self.deployment(api_id, deployment_id)
            fields = patch_fields({"description": before.description}, operations, maps=frozenset())
            deployment = replace(before, description=fields["description"])
            self._api(api_id).deployments[deployment_id] = deployment
            return deployment

    def deployment(self, api_id: str, deployment_id: str) -> Deployment:
        """One deployment."""
        try:
            return self._api(api_id).deployments[deployment_id]
        except KeyError:
            raise NotFoundError("Invalid Deployment identifier specified") from None

    def definition(self, api_id: str, deployment_id: str) -> Definition:
        """The definition that a deployment froze; also for a deleted deployment that a canary still serves."""
        return self._api(api_id).definitions[deployment_id]

    def deployments(self, api_id: str) -> list[Deployment]:
        """The API's deployments in the order of their creation."""
        return list(self._api(api_id).deployments.values())

    def delete_deployment(self, api_id: str, deployment_id: str) -> None:
        """Delete a deployment that no stage uses (docs/aws.md#delete-deployment)."""
        with self._lock:
            self.deployment(api_id, deployment_id)
            stages = self._api(api_id).stages.values()
            is_base = any(each.deployment_id == deployment_id for each in stages)
            is_canary = any(_has_canary_on(each, deployment_id) for each in stages)
            if is_base or (is_canary and self._unknowns.ask("delete-canary-deployment") == "refused"):
                raise BadRequestError("Active stages pointing to this deployment must be moved or deleted")
            del self._api(api_id).deployments[deployment_id]

    def forget_api(self, api_id: str) -> None:
        """Drop the stages and deployments of a deleted API."""
        with self._lock:
            for name in list(self._api(api_id).stages):
                self._publish(api_id, name, None)
            del self._apis[api_id]
            self.drafts.forget(api_id)

    def reset(self) -> None:
        """Drop every API without calling the listeners; the listeners stay."""
        with self._lock:
            self._apis.clear()
            self._settings.clear()
            self.drafts.reset()

    def _publish(self, api_id: str, name: str, stage: Stage | None) -> None:
        """Store the stage, and call the listeners if traffic can see the difference."""
        key, api = (api_id, name), self._api(api_id)
        settings = settings_of(api_id, stage, api.definitions) if stage else None
        is_visible = settings != self._settings.get(key)
        if is_visible:
            self._tell(api_id, name, Moment.BEFORE)
        _put(api.stages, name, stage)
        if is_visible:
            _put(self._settings, key, settings)
            self._tell(api_id, name, Moment.AFTER)

    def _tell(self, api_id: str, name: str, moment: Moment) -> None:
        for listener in self._listeners:
            listener(api_id, name, moment)

    def _is_listed(self, stage: Stage, deployment_id: str) -> bool:
        if stage.deployment_id == deployment_id:
            return True
        if not _has_canary_on(stage, deployment_id):
            return False
        return self._unknowns.ask("list-stages-by-canary-deployment") == "included"

    def _new_id(self, api: _Api) -> str:
        """An id in AWS's format: six lower-case letters and digits."""
        while True:
            made = "".join(self._rng.choices(string.ascii_lowercase + string.digits, k=_ID_LENGTH))
            if made not in api.definitions:
                return made

    def _api(self, api_id: str) -> _Api:
        return self._apis.setdefault(api_id, _Api())


def _has_canary_on(stage: Stage, deployment_id: str) -> bool:
    return stage.canary is not None and stage.canary.deployment_id == deployment_id


def _put(mapping: dict[Key, Value], key: Key, value: Value | None) -> None:
    if value is None:
        mapping.pop(key, None)
    else:
        mapping[key] = value
