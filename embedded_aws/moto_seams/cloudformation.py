"""Replaces moto's CloudFormation: its calls are answered by `embedded_aws.cloudformation`.

moto's own deploys through its backends and so bypasses everything that is fixed here. It deletes in no particular order,
and imports most of moto first. Only its reading and writing of the protocol is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from moto.core.responses import ActionResult, EmptyResult
from moto.moto_server.werkzeug_app import BackendRequest
from werkzeug.wrappers import Response

from embedded_aws.cloudformation.change_sets import ChangeSets
from embedded_aws.cloudformation.stored_templates import StackError
from embedded_aws.moto_seams.application import application
from embedded_aws.moto_seams.cloudformation_change_sets import ChangeSetCalls
from embedded_aws.moto_seams.cloudformation_shapes import describe, show_event, show_resource, show_template, summarise
from embedded_aws.wire.errors import Refusal, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from embedded_aws.cloudformation.stacks import Stacks

SERVICE = "cloudformation"
FORM = "application/x-www-form-urlencoded"
HTTP_BAD_REQUEST = 400
LONGEST_BODY = 51_200  # bytes; a longer template must be in S3
HOOKS = [
    "moto.core.responses.BaseResponse.call_action",
    "moto.core.responses.BaseResponse.dispatch",
    "moto.moto_server.werkzeug_app.BackendRequest",
    "moto.moto_server.werkzeug_app.DomainDispatcherApplication.get_application",
]


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def stacks(self) -> Stacks:
        """The stacks."""


def install(aws: Aws) -> Callable[[], None]:
    """Make moto's dispatcher pass CloudFormation requests to ``aws``."""
    _Calls.stacks, _Calls.change_sets = aws.stacks, ChangeSets(aws.stacks)
    application().app_instances[SERVICE] = _answer

    def uninstall() -> None:
        del _Calls.stacks, _Calls.change_sets
        del application().app_instances[SERVICE]

    return uninstall


def _answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    request = BackendRequest(environ)
    status, headers, body = _Calls.dispatch(request, request.raw_url, dict(request.headers))
    answered: Iterable[bytes] = Response(body, status, headers)(environ, start_response)
    return answered


class _Calls(ChangeSetCalls):
    """CloudFormation's operations under moto's names for them."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)
        self.automated_parameter_parsing = True

    def call_action(self) -> Any:  # noqa: ANN401 - moto's
        """The entry to every action; the refusals of `embedded_aws.cloudformation` are answered after it."""
        try:
            return super().call_action()
        except StackError as error:
            return answer(Refusal(error.code, HTTP_BAD_REQUEST, str(error)), {"content-type": FORM})

    def create_stack(self) -> ActionResult:
        keep_failed = self._get_bool_param("DisableRollback") or self._get_param("OnFailure") == "DO_NOTHING"
        stack = self.stacks.create(
            self._get_param("StackName"),
            self._template() or "",
            self._parameters({}),
            self._tags() or {},
            keep_failed=keep_failed,
        )
        stack.is_protected = bool(self._get_bool_param("EnableTerminationProtection"))
        return ActionResult({"StackId": stack.id})

    def update_termination_protection(self) -> ActionResult:
        stack = self.stacks.find(self._get_param("StackName"))
        stack.is_protected = bool(self._get_bool_param("EnableTerminationProtection"))
        return ActionResult({"StackId": stack.id})

    def update_stack(self) -> ActionResult:
        name = self._get_param("StackName")
        before = self.stacks.find(name).parameters
        stack = self.stacks.update(name, self._template(), self._parameters(before), self._tags())
        return ActionResult({"StackId": stack.id})

    def delete_stack(self) -> EmptyResult:
        self.stacks.delete(self._get_param("StackName"), self._get_param("RetainResources", []))
        return EmptyResult()

    def describe_stacks(self) -> ActionResult:
        name = self._get_param("StackName")
        stacks = [self.stacks.find(name)] if name else [stack for stack in self.stacks if stack.deleted is None]
        return ActionResult({"Stacks": [describe(stack) for stack in stacks]})

    def list_stacks(self) -> ActionResult:
        wanted = self._get_param("StackStatusFilter", [])
        stacks = [summarise(stack) for stack in self.stacks if not wanted or stack.status in wanted]
        return ActionResult({"StackSummaries": stacks})

    def describe_stack_events(self) -> ActionResult:
        stack = self.stacks.find(self._get_param("StackName"))
        events = [show_event(stack, number, event) for number, event in enumerate(stack.events)]
        return ActionResult({"StackEvents": events[::-1]})

    def describe_stack_resources(self) -> ActionResult:
        stack, wanted = self.stacks.find(self._get_param("StackName")), self._get_param("LogicalResourceId")
        resources = [show_resource(stack, each) for each in stack.resources.values() if wanted in {None, each.logical_id}]
        return ActionResult({"StackResources": resources})

    def list_stack_resources(self) -> ActionResult:
        stack = self.stacks.find(self._get_param("StackName"))
        resources = [show_resource(stack, each) for each in stack.resources.values()]
        return ActionResult({"StackResourceSummaries": resources})

    def get_template(self) -> ActionResult:
        return ActionResult({"TemplateBody": self.stacks.find(self._get_param("StackName")).template.text})

    def get_template_summary(self) -> ActionResult:
        name = self._get_param("StackName")
        template = self.stacks.find(name).template if name else self.stacks.parse(self._template() or "", {})
        return ActionResult(show_template(template))

    def list_exports(self) -> ActionResult:
        exports = [
            {"ExportingStackId": stack.id, "Name": name, "Value": value}
            for stack in self.stacks
            if stack.deleted is None
            for name, value in stack.exports.items()
        ]
        return ActionResult({"Exports": exports})

    def _template(self) -> str | None:
        """The template's text, from the call or from S3."""
        url: str | None = self._get_param("TemplateURL")
        if url:
            return self.stacks.read_template(url)
        body: str | None = self._get_param("TemplateBody")
        if len((body or "").encode()) > LONGEST_BODY:
            raise StackError(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length "
                f"less than or equal to {LONGEST_BODY}"
            )
        return body

    def _parameters(self, before: Any) -> dict[str, str]:  # noqa: ANN401 - the stack's present parameters
        """The parameters of the call; a previous value that was never given is the template's default."""
        given = self._get_param("Parameters", [])
        kept = {each["ParameterKey"] for each in given if each.get("UsePreviousValue")}
        named = {each["ParameterKey"]: each["ParameterValue"] for each in given if each["ParameterKey"] not in kept}
        return named | {name: before[name] for name in kept if name in before}

    def _tags(self) -> dict[str, str] | None:
        tags = self._get_param("Tags")
        return None if tags is None else {tag["Key"]: tag["Value"] for tag in tags}
