"""Change sets: a template and its parameters, kept until they are executed.

Decides what a change set shows, and when there is nothing to change. Executing one creates or updates the stack as
CreateStack and UpdateStack do. Nested stacks and imports are not built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from embedded_aws.cloudformation.stack import Stack
from embedded_aws.cloudformation.stored_templates import StackError
from embedded_aws.cloudformation.template import Template
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.cloudformation.stacks import Stacks

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
_ABSENT = "ChangeSetNotFound"
Action = Literal["Add", "Modify", "Remove"]


class Change(NamedTuple):
    """What a change set would do to one resource, as far as the templates alone show it."""

    action: Action
    logical_id: str
    physical_id: str | None
    kind: str


@dataclass(slots=True)
class ChangeSet:
    """One change set; ``text`` of None keeps the stack's template, and ``tags`` of None its tags."""

    id: str
    name: str
    stack: Stack
    created: float
    is_new: bool
    text: str | None
    template: Template
    parameters: Mapping[str, str]
    tags: Mapping[str, str] | None
    keeps_failed: bool
    changes: tuple[Change, ...]
    status: str = "CREATE_COMPLETE"
    reason: str | None = None
    execution: str = "AVAILABLE"


class ChangeSets:
    """The change sets of all stacks, by id."""

    def __init__(self, stacks: Stacks) -> None:
        self._stacks = stacks
        self._sets: dict[str, ChangeSet] = {}

    def create(
        self,
        stack_name: str,
        name: str,
        *,
        kind: str,
        text: str | None,
        parameters: Mapping[str, str],
        tags: Mapping[str, str] | None,
        keeps_failed: bool = False,
    ) -> ChangeSet:
        """Create a change set; one of kind ``CREATE`` also creates a stack in review."""
        if kind not in {"CREATE", "UPDATE"}:
            raise NotBuiltError(f"a change set of the type {kind}; only CREATE and UPDATE are built")
        stack = self._stacks.review(stack_name, text or "", parameters, tags or {}) if kind == "CREATE" else None
        is_new = stack is not None
        stack = stack or self._stacks.find(stack_name)
        if self._find(stack, name):
            raise StackError(f"ChangeSet {name} already exists", "AlreadyExistsException")
        template = stack.template if text is None else self._stacks.parse(text, parameters)
        made = ChangeSet(
            id=stack.id.partition(":stack/")[0] + f":changeSet/{name}/{self._stacks.new_id()}",
            name=name,
            stack=stack,
            created=self._stacks.now(),
            is_new=is_new,
            text=text,
            template=template,
            parameters=parameters,
            tags=tags,
            keeps_failed=keeps_failed,
            changes=tuple(_changes(stack, template)),
        )
        wanted = stack.tags if tags is None else tags
        if not is_new and (template, parameters, wanted) == (stack.template, stack.parameters, stack.tags):
            made.status, made.reason, made.execution = "FAILED", _NO_CHANGES, "UNAVAILABLE"
        self._sets[made.id] = made
        return made

    def find(self, name: str, stack_name: str | None) -> ChangeSet:
        """The change set with this id, or the stack's one of this name."""
        if name in self._sets:
            return self._sets[name]
        found = self._find(self._stacks.find(stack_name), name) if stack_name else None
        if found is None:
            raise StackError(f"ChangeSet [{name}] does not exist", _ABSENT)
        return found

    def of(self, stack_name: str) -> list[ChangeSet]:
        """The stack's change sets, in the order of their creation."""
        stack = self._stacks.find(stack_name)
        return [each for each in self._sets.values() if each.stack is stack]

    def execute(self, name: str, stack_name: str | None) -> None:
        """Create or update the stack. Every other change set of the stack becomes obsolete and is deleted."""
        chosen = self.find(name, stack_name)
        if chosen.execution != "AVAILABLE":
            raise StackError(
                f"ChangeSet [{chosen.id}] cannot be executed in its current status of [{chosen.status}]",
                "InvalidChangeSetStatus",
            )
        chosen.execution = "EXECUTE_IN_PROGRESS"
        stack, tags, is_good = chosen.stack, chosen.tags, False
        try:
            if chosen.is_new:
                self._stacks.create(
                    stack.name, chosen.template.text, chosen.parameters, tags or {}, keep_failed=chosen.keeps_failed
                )
            else:
                self._stacks.update(stack.id, chosen.text, chosen.parameters, tags)
            is_good = stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
        finally:
            chosen.execution = "EXECUTE_COMPLETE" if is_good else "EXECUTE_FAILED"
        for other in [each for each in self._sets.values() if each.stack is stack and each is not chosen]:
            del self._sets[other.id]

    def delete(self, name: str, stack_name: str | None) -> None:
        """Delete a change set; it is no error if there is none."""
        try:
            del self._sets[self.find(name, stack_name).id]
        except StackError as error:
            if error.code != _ABSENT:
                raise

    def _find(self, stack: Stack, name: str) -> ChangeSet | None:
        return next((each for each in self._sets.values() if each.stack is stack and each.name == name), None)


def _changes(stack: Stack, template: Template) -> Iterator[Change]:
    for logical_id, declared in template.resources.items():
        known = stack.resources.get(logical_id)
        if known is None:
            yield Change("Add", logical_id, None, declared.kind)
        elif declared != stack.template.resources.get(logical_id):
            yield Change("Modify", logical_id, known.made.physical_id, declared.kind)
    for logical_id, resource in stack.resources.items():
        if logical_id not in template.resources:
            yield Change("Remove", logical_id, resource.made.physical_id, resource.kind)
