"""Whether Step Functions finds anything wrong with the shipped state machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary_machine.definition import PLACEHOLDER, load, substitute
from verify.questions.patch_question import PatchQuestion
from verify.scratch.answer import Answer

if TYPE_CHECKING:
    from verify.scratch.scratch import Scratch

NO_FINDING, FINDINGS = "no-finding", "findings"


class ShippedMachine(PatchQuestion):
    """Validate the definition as it is deployed, with functions that do not exist."""

    slug = "shipped-machine"
    how = "pass the shipped state machine to ValidateStateMachineDefinition, with ARNs of functions that do not exist"
    parts = frozenset()
    not_of_emulators = "an emulator of Step Functions has its own findings, which say nothing about AWS"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        answered = scratch.aws.call(
            "stepfunctions", "validate_state_machine_definition", definition=definition(scratch), type="STANDARD"
        )
        found = answered.get("diagnostics", [])
        said = tuple(f"{one['severity']} {one['code']} at {one.get('location', '?')}: {one['message']}" for one in found)
        return Answer(NO_FINDING if not found else FINDINGS, (f"result {answered['result']}", *said))


def definition(scratch: Scratch) -> str:
    """The state machine as JSON."""
    machine = load()
    names = set(PLACEHOLDER.findall(str(machine)))
    return substitute(machine, {name: scratch.aws.place.arn("lambda", f"function:{scratch.prefix}-{name}") for name in names})
