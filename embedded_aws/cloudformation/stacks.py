"""The stacks of one account and Region: created, updated and deleted at once, however long AWS would take.

Decides what becomes of a stack if one of its resources fails: created resources are deleted, updated ones are changed back,
and a deletion leaves what could not be deleted. The events say why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.cloudformation.deployment import Deployment, DeploymentError
from embedded_aws.cloudformation.removal import remove
from embedded_aws.cloudformation.stack import Names, Stack, pseudo_parameters
from embedded_aws.cloudformation.stored_templates import StackError, read_stored
from embedded_aws.cloudformation.template import parse_template
from embedded_aws.cloudformation.values import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from embedded_aws.cloudformation.resource import Resource
    from embedded_aws.cloudformation.template import Template
    from embedded_aws.cloudformation.workshop import Workshop
    from embedded_aws.wire.connection import Connect

_STACK = "AWS::CloudFormation::Stack"
_IN_REVIEW = "REVIEW_IN_PROGRESS"
_UNCHANGEABLE = frozenset({"ROLLBACK_COMPLETE", "DELETE_FAILED", "CREATE_FAILED", _IN_REVIEW})


class Stacks:
    """All stacks by id, including the deleted ones."""

    def __init__(
        self,
        connect: Connect,
        workshop: Workshop,
        *,
        now: Callable[[], float],
        new_id: Callable[[], str],
        account: str,
        region: str,
    ) -> None:
        self._connect = connect
        self._workshop = workshop
        self.now = now
        self.new_id = new_id
        self._account = account
        self._region = region
        self._stacks: dict[str, Stack] = {}

    def __iter__(self) -> Iterator[Stack]:
        return iter(self._stacks.values())

    def find(self, name: str) -> Stack:
        """The stack with this id, or the one of this name that is not deleted."""
        if name in self._stacks:
            return self._stacks[name]
        found = next((stack for stack in self if stack.name == name and stack.deleted is None), None)
        if found is None:
            raise StackError(f"Stack with id {name} does not exist")
        return found

    def read_template(self, url: str) -> str:
        """A template stored in S3."""
        return read_stored(self._connect, url)

    def create(
        self, name: str, text: str, parameters: Mapping[str, str], tags: Mapping[str, str], *, keep_failed: bool = False
    ) -> Stack:
        """Create a stack; its status says how that ended."""
        stack = self._new(name, text, parameters, tags)
        template = stack.template
        self._set(stack, "CREATE_IN_PROGRESS", "User Initiated")
        deployment = self._deployment(stack)
        try:
            self._run(deployment, stack, template, parameters)
        except DeploymentError as error:
            reason = f"The following resource(s) failed to create: [{error.logical_id}]. "
            self._set(stack, "CREATE_FAILED" if keep_failed else "ROLLBACK_IN_PROGRESS", reason)
            if not keep_failed:
                deployment.roll_back()
                self._set(stack, "ROLLBACK_COMPLETE", reason)
            return stack
        self._set(stack, "CREATE_COMPLETE")
        return stack

    def review(self, name: str, text: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> Stack:
        """A stack without resources, which waits for its first change set to be executed."""
        stack = self._new(name, text, parameters, tags)
        self._set(stack, _IN_REVIEW, "User Initiated")
        return stack

    def _new(self, name: str, text: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> Stack:
        """A new stack, or the one of this name that is in review."""
        known = next((stack for stack in self if stack.name == name and stack.deleted is None), None)
        if known and known.status != _IN_REVIEW:
            raise StackError(f"Stack [{name}] already exists", "AlreadyExistsException")
        template = self.parse(text, parameters)
        if known:
            known.template, known.parameters, known.tags = template, parameters, tags
            return known
        arn = f"arn:aws:cloudformation:{self._region}:{self._account}:stack/{name}/{self.new_id()}"
        stack = self._stacks[arn] = Stack(arn, name, self.now(), template, parameters, tags)
        return stack

    def update(self, name: str, text: str | None, parameters: Mapping[str, str], tags: Mapping[str, str] | None) -> Stack:
        """Update the stack to another template, or to other parameters of the same template."""
        stack = self.find(name)
        if stack.status in _UNCHANGEABLE or stack.deleted is not None:
            raise StackError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        template = stack.template if text is None else self.parse(text, parameters)
        wanted = stack.tags if tags is None else tags
        if (template, parameters, wanted) == (stack.template, stack.parameters, stack.tags):
            raise StackError("No updates are to be performed.")
        self._set(stack, "UPDATE_IN_PROGRESS", "User Initiated")
        stack.updated = self.now()
        deployment = self._deployment(stack)
        try:
            self._run(deployment, stack, template, parameters)
        except DeploymentError as error:
            reason = f"The following resource(s) failed to update: [{error.logical_id}]. "
            self._set(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
            deployment.roll_back()
            self._set(stack, "UPDATE_ROLLBACK_COMPLETE", reason)
            return stack
        stack.template, stack.parameters, stack.tags = template, parameters, wanted
        self._set(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        deployment.clean_up()
        self._set(stack, "UPDATE_COMPLETE")
        return stack

    def delete(self, name: str, retain: Iterable[str] = ()) -> None:
        """Delete a stack except the resources in ``retain``; it is no error if there is no such stack."""
        stack = next((each for each in self if name in {each.name, each.id} and each.deleted is None), None)
        if stack is None:
            return
        if stack.is_protected:
            raise StackError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        retained = frozenset(retain)
        if retained and stack.status != "DELETE_FAILED":
            raise StackError("Invalid operation on stack. RetainResources can only be specified for a stack in DELETE_FAILED")
        self._set(stack, "DELETE_IN_PROGRESS", "User Initiated")
        in_use = [f"Export {export} cannot be deleted as it is in use by {user}" for export, user in self._imports(stack)]
        failed = [] if in_use else self._remove(stack, retained)
        if in_use or failed:
            reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
            self._set(stack, "DELETE_FAILED", in_use[0] if in_use else reason)
            return
        self._set(stack, "DELETE_COMPLETE")
        stack.deleted = self.now()

    def _remove(self, stack: Stack, retained: frozenset[str]) -> list[str]:
        deployment = self._deployment(stack)

        def delete(resource: Resource) -> bool:
            is_gone = resource.logical_id in retained or deployment.delete(resource)
            if is_gone:
                del stack.resources[resource.logical_id]
            return is_gone

        return remove(stack.resources, delete)

    def _imports(self, stack: Stack) -> Iterator[tuple[str, str]]:
        for other in self:
            if other.deleted is None and other is not stack:
                yield from ((export, other.name) for export in sorted(stack.exports.keys() & other.imports))

    def _run(self, deployment: Deployment, stack: Stack, template: Template, parameters: Mapping[str, str]) -> None:
        imports = set[str]()
        names = Names(
            stack,
            template,
            parameters,
            pseudo=pseudo_parameters(self._account, self._region),
            read_parameter=self._read_parameter,
            find_export=lambda export: self._find_export(export, imports),
            find_output=self._find_output,
        )
        deployment.run(names)
        try:
            stack.outputs = names.outputs()
        except TemplateError as error:
            raise DeploymentError("Outputs", str(error)) from error
        stack.imports = frozenset(imports)

    def _read_parameter(self, name: str) -> str:
        return str(self._connect("ssm").get_parameter(Name=name)["Parameter"]["Value"])

    def _find_export(self, export: str, imports: set[str]) -> str:
        imports.add(export)
        for stack in self:
            if stack.deleted is None and export in stack.exports:
                return stack.exports[export]
        raise TemplateError(f"No export named {export} found.")

    def _find_output(self, stack: str, output: str) -> str:
        try:
            return self.find(stack).outputs[output]["OutputValue"]
        except (StackError, KeyError):
            raise TemplateError(f"Unable to retrieve output {output} of stack {stack}") from None

    def parse(self, text: str, parameters: Mapping[str, str]) -> Template:
        """The template, checked before anything is created."""
        try:
            template = parse_template(text)
        except TemplateError as error:
            raise StackError(str(error)) from error
        if unknown := sorted(parameters.keys() - template.parameters.keys()):
            raise StackError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        self._workshop.check(declared.kind for declared in template.resources.values())
        return template

    def _deployment(self, stack: Stack) -> Deployment:
        return Deployment(stack, self._workshop, self.now)

    def _set(self, stack: Stack, status: str, reason: str | None = None) -> None:
        stack.status, stack.reason = status, reason
        self._deployment(stack).tell(stack.name, _STACK, status, physical_id=stack.id, reason=reason)
