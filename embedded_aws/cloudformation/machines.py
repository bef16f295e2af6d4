"""Step Functions state machines in templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from embedded_aws.cloudformation.arguments import arguments, document
from embedded_aws.cloudformation.resource import Made, ResourceType, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

_BESIDE = frozenset({"Definition", "DefinitionString", "DefinitionSubstitutions", "StateMachineName", "StateMachineType"})
_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def _definition(task: Task) -> str:
    """The definition with its substitutions applied; a placeholder without a value stays as it is."""
    given = task.properties
    text = document(given["DefinitionString"] if "DefinitionString" in given else given["Definition"])
    values: Mapping[str, Any] = given.get("DefinitionSubstitutions", {})
    return _SUBSTITUTION.sub(lambda found: str(values.get(found[1], found[0])), text)


def _settings(task: Task, operation: str) -> dict[str, Any]:
    client, given = task.connect("stepfunctions"), dict(task.properties)
    tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in given.pop("Tags", [])]
    settings = arguments(client, operation, given, without=_BESIDE)
    return settings | ({"tags": tags} if tags and operation == "CreateStateMachine" else {})


def _create_machine(task: Task) -> Made:
    name = task.name("StateMachineName", 80)
    arn = task.connect("stepfunctions").create_state_machine(
        name=name,
        type=task.properties.get("StateMachineType", "STANDARD"),
        definition=_definition(task),
        **_settings(task, "CreateStateMachine"),
    )["stateMachineArn"]
    return Made(arn, {"Arn": arn, "Name": name})


def _update_machine(task: Task) -> Made:
    """Update the machine; running executions keep the definition that they started with."""
    task.connect("stepfunctions").update_state_machine(
        stateMachineArn=task.physical_id, definition=_definition(task), **_settings(task, "UpdateStateMachine")
    )
    return Made(task.physical_id, task.attributes)


KINDS: Mapping[str, ResourceType] = {
    "AWS::StepFunctions::StateMachine": ResourceType(
        _create_machine,
        lambda task: task.connect("stepfunctions").delete_state_machine(stateMachineArn=task.physical_id),
        _update_machine,
        frozenset({"StateMachineName", "StateMachineType"}),
    ),
}
