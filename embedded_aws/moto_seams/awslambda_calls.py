"""The Lambda operations that moto gets wrong, each under moto's name for it and answered from `awslambda.functions`."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda import aliases
from embedded_aws.awslambda.aliases import LATEST, expect_revision
from embedded_aws.awslambda.errors import InvalidParameterValueError, LambdaError, ResourceConflictError, ResourceNotFoundError
from embedded_aws.awslambda.queued_invocations import AsyncSettings
from embedded_aws.awslambda.runtime import platform_lines
from embedded_aws.moto_seams.awslambda_request import Answer, Call, answer

if TYPE_CHECKING:
    from embedded_aws.awslambda.aliases import Alias
    from embedded_aws.awslambda.functions import Lambdas
    from embedded_aws.awslambda.runtime import Invocation

LOG_TAIL_BYTES = 4096
NOT_LISTED = frozenset(
    {
        "LastUpdateStatus",
        "LastUpdateStatusReason",
        "LastUpdateStatusReasonCode",
        "State",
        "StateReason",
        "StateReasonCode",
    }
)
"""Fields that a list of versions omits (docs/aws.md#function-states)."""


MOST_LISTED = 50
"""The most versions or aliases in one answer, whatever the request asks for (docs/aws.md#control-plane-limits)."""


class Calls:
    """The operations that moto gets wrong, each under moto's name for it."""

    def __init__(self, lambdas: Lambdas) -> None:
        self._lambdas = lambdas

    def invoke(self, call: Call) -> Answer:
        """Run the function: at once, later for an event, never for a dry run."""
        if not self._lambdas.has(call.function, call.qualifier):
            arn = self._lambdas.arn(call.function, call.qualifier)
            raise ResourceNotFoundError(f"Function not found: {arn}")
        event = _event(call.text)
        match call.headers.get("x-amz-invocation-type", "RequestResponse"):
            case "DryRun":
                return answer(204)
            case "Event":
                self._lambdas.send(call.function, event, qualifier=call.qualifier)
                return answer(202)
            case _:
                invocation = self._lambdas.invoke(call.function, event, qualifier=call.qualifier)
                wants_log = call.headers.get("x-amz-log-type") == "Tail"
                return _show_invocation(invocation, wants_log=wants_log)

    def publish_version(self, call: Call) -> Answer:
        """Publish the present function, guarded by revision and code hash."""
        latest, body = call.latest(), call.body
        expect_revision(body.get("RevisionId"), latest.revision_id)
        asked, current = body.get("CodeSha256"), latest.code_sha_256
        if asked and asked != current:
            raise InvalidParameterValueError(
                f"CodeSHA256 ({asked}) is different from current CodeSHA256 in $LATEST ({current}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
        published = call.backend.publish_version(call.function, body.get("Description") or "")
        return answer(201, published.get_configuration())

    def list_versions_by_function(self, call: Call) -> Answer:
        """Every version without its state, ``$LATEST`` first; refuses a function that does not exist, as moto does not."""
        call.latest()
        found = (version.get_configuration() for version in call.backend.list_versions_by_function(call.function))
        listed = [{name: value for name, value in one.items() if name not in NOT_LISTED} for one in found]
        return answer(200, _page(call, "Versions", listed))

    def create_alias(self, call: Call) -> Answer:
        """Create an alias."""
        name = call.body["Name"]
        existing = self._lambdas.alias(call.function, name)
        if existing:
            raise ResourceConflictError(f"Alias already exists: {existing.arn}")
        alias = aliases.create(
            call.body,
            arn=self._lambdas.arn(call.function, name),
            revision_id=self._lambdas.new_id(),
            has_version=lambda version: self._has_usable(call.function, version),
        )
        self._put_alias(call, alias)
        return answer(201, alias.to_json())

    def update_alias(self, call: Call) -> Answer:
        """Change an alias, guarded by its revision."""
        before = self._alias(call, call.path[1], missing="Alias not found")
        alias = aliases.update(
            before,
            call.body,
            revision_id=self._lambdas.new_id(),
            has_version=lambda version: (
                version in (before.version, *before.weights) or self._has_usable(call.function, version)
            ),
        )
        self._put_alias(call, alias)
        return answer(200, alias.to_json())

    def _put_alias(self, call: Call, alias: Alias) -> None:
        if 1 in alias.weights.values() and not self._lambdas.takes_whole_weight:
            raise InvalidParameterValueError("The weight of an additional version must be less than 1.0")
        self._lambdas.put_alias(call.function, alias)

    def get_alias(self, call: Call) -> Answer:
        """One alias."""
        return answer(200, self._alias(call, call.path[1]).to_json())

    def list_aliases(self, call: Call) -> Answer:
        """The function's aliases, by name, or only those of one version."""
        call.latest()
        version = call.asked("FunctionVersion")
        shown = [alias.to_json() for alias in self._lambdas.aliases(call.function) if version in (None, alias.version)]
        return answer(200, _page(call, "Aliases", shown))

    def delete_alias(self, call: Call) -> Answer:
        """Delete an alias; it is no error if it does not exist."""
        call.latest()
        self._lambdas.drop_alias(call.function, call.path[1])
        return answer(204)

    def put_function_event_invoke_config(self, call: Call) -> Answer:
        """Set how one qualifier's asynchronous invocations are treated; fields left out get Lambda's defaults."""
        return self._set_async(call, AsyncSettings())

    def update_function_event_invoke_config(self, call: Call) -> Answer:
        """Change the same settings; fields left out stay as they are."""
        return self._set_async(call, self._async_settings(call))

    def get_function_event_invoke_config(self, call: Call) -> Answer:
        """The settings of one qualifier."""
        return answer(200, self._show_async(call, self._async_settings(call)))

    def delete_function_event_invoke_config(self, call: Call) -> Answer:
        """Go back to Lambda's own settings."""
        self._async_settings(call)
        del self._lambdas.queued.settings[_async_key(call)]
        return answer(204)

    def _set_async(self, call: Call, before: AsyncSettings) -> Answer:
        call.latest()
        if not self._lambdas.has(call.function, call.qualifier):
            raise ResourceNotFoundError(f"Function not found: {self._lambdas.arn(call.function, call.qualifier)}")
        body = call.body
        failure = body.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", before.on_failure)
        settings = AsyncSettings(
            retries=body.get("MaximumRetryAttempts", before.retries),
            age_seconds=body.get("MaximumEventAgeInSeconds", before.age_seconds),
            on_failure=failure,
        )
        self._lambdas.queued.settings[_async_key(call)] = settings
        return answer(200, self._show_async(call, settings))

    def _async_settings(self, call: Call) -> AsyncSettings:
        call.latest()
        settings = self._lambdas.queued.settings.get(_async_key(call))
        if settings is None:
            arn = self._lambdas.arn(call.function, call.qualifier or LATEST)
            raise ResourceNotFoundError(f"The function {arn} doesn't have an EventInvokeConfig")
        return settings

    def _show_async(self, call: Call, settings: AsyncSettings) -> dict[str, object]:
        destination = {"OnFailure": {"Destination": settings.on_failure}} if settings.on_failure else {}
        return {
            "FunctionArn": self._lambdas.arn(call.function, call.qualifier or LATEST),
            "LastModified": self._lambdas.now(),
            "MaximumRetryAttempts": settings.retries,
            "MaximumEventAgeInSeconds": int(settings.age_seconds),
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}, **destination},
        }

    def _has_usable(self, function: str, version: str) -> bool:
        """Whether the version exists; refuses a version that no alias can have."""
        if not self._lambdas.has_version(function, version):
            return False
        self._lambdas.states.expect_usable(function, version, self._lambdas.arn(function, version))
        return True

    def _alias(self, call: Call, name: str, *, missing: str = "Cannot find alias arn") -> Alias:
        call.latest()
        alias = self._lambdas.alias(call.function, name)
        if alias is None:
            raise ResourceNotFoundError(f"{missing}: {self._lambdas.arn(call.function, name)}")
        return alias


def _async_key(call: Call) -> tuple[str, str]:
    return call.function, call.qualifier or LATEST


def _page(call: Call, name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """The part of a list that was asked for, with a marker for the next part."""
    first = int(call.asked("Marker") or 0)
    last = first + min(int(call.asked("MaxItems") or MOST_LISTED), MOST_LISTED)
    more = {"NextMarker": str(last)} if len(found) > last else {}
    return {name: found[first:last], **more}


def _event(text: str) -> object:
    try:
        return json.loads(text or "{}")
    except ValueError as error:
        raise _UnreadableEventError(f"Could not parse request body into json: {error}") from error


class _UnreadableEventError(LambdaError):
    code = "InvalidRequestContentException"
    status = 400


def _show_invocation(invocation: Invocation, *, wants_log: bool) -> Answer:
    status, headers, _ = answer(200)
    headers["X-Amz-Executed-Version"] = invocation.executed_version
    if invocation.function_error:
        headers["X-Amz-Function-Error"] = invocation.function_error
    if wants_log:
        start, end, report = platform_lines(invocation, memory_mb=128)
        log = "\n".join([start, *invocation.log_lines, end, report, ""]).encode()[-LOG_TAIL_BYTES:]
        headers["X-Amz-Log-Result"] = base64.b64encode(log).decode("ascii")
    return status, headers, json.dumps(invocation.payload)
