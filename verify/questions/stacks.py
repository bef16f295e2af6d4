"""What CloudFormation does to a stage that was changed outside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from verify.account.budget import Budget
from verify.account.clock import Deadline
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.parts import Part
from verify.scratch.patches import DEPLOYMENT, VARIABLES, canary, replace
from verify.scratch.stage import BASE_VARIABLES, Stage

if TYPE_CHECKING:
    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch

STAGE_NAME = "stack"
MOVED = "moved"


class CloudformationResendsStage(Question):
    """Whether an unrelated change to a template undoes what a rollout did to the stage."""

    slug = "cloudformation-resends-stage"
    how = (
        "create a stage with a stack, move its deployment and a variable with UpdateStage, change only the description in the "
        "template, and read the stage; then change the deployment in the template while there is a canary"
    )
    parts = frozenset({Part.API, Part.STACK})

    def budget(self, pace: Pace) -> Budget:
        """Three deployments of the stack."""
        return Budget(seconds=3 * pace.longest_stack_seconds, usual_seconds=120)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        stack = _Stack(scratch)
        stack.create("the first description", scratch.first)
        stage = Stage(scratch.aws, scratch.rest_api_id, STAGE_NAME, scratch.address(STAGE_NAME))
        stage.patch(replace(DEPLOYMENT, scratch.second), replace(f"{VARIABLES}/arm", MOVED))
        status, reason = stack.update("the second description", scratch.first)
        after = stage.read()
        if status != "UPDATE_COMPLETE":
            raise UnansweredError(f"changing the description of the stage ended the stack as {status}: {reason}")
        sent = {"DeploymentId": after["deploymentId"] == scratch.first, "Variables": after["variables"]["arm"] != MOVED}
        word = "yes" if all(sent.values()) else "no" if not any(sent.values()) else "in-part"
        evidence = (f"sent again: {', '.join(name for name, again in sent.items() if again) or 'neither'}",)
        return Answer(word, (*evidence, _move_under_canary(scratch, stack, stage)))


def _move_under_canary(scratch: Scratch, stack: _Stack, stage: Stage) -> str:
    """What happens to a template that brings a new deployment in the middle of a canary."""
    stage.patch(*canary(scratch.second, 10, arm="canary"))
    third = scratch.create_deployment("a third, for the stack")
    status, reason = stack.update("the second description", third)
    base = "at the template's deployment" if stage.read()["deploymentId"] == third else "where it was"
    because = f" ({reason})" if reason else ""
    return f"a new DeploymentId in the template while there is a canary: {status}{because}, base is {base}"


class _Stack:
    """The scratch stack, with one stage of the scratch API."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._name = f"{scratch.prefix}-stack"

    def create(self, description: str, deployment: str) -> None:
        def make() -> str:
            template = self._template(description, deployment)
            made = self._scratch.aws.call("cloudformation", "create_stack", StackName=self._name, TemplateBody=template)
            return str(made["StackId"])

        self._scratch.create("stack", self._name, make)
        status, reason = self._await()
        if status != "CREATE_COMPLETE":
            raise UnansweredError(f"the scratch stack ended as {status}: {reason}")

    def update(self, description: str, deployment: str) -> tuple[str, str]:
        """The stack's final status, and the reason if it failed."""
        template = self._template(description, deployment)
        self._scratch.aws.call("cloudformation", "update_stack", StackName=self._name, TemplateBody=template)
        return self._await()

    def _template(self, description: str, deployment: str) -> str:
        properties = {
            "RestApiId": self._scratch.rest_api_id,
            "StageName": STAGE_NAME,
            "DeploymentId": deployment,
            "Variables": BASE_VARIABLES,
            "Description": description,
        }
        return json.dumps({"Resources": {"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": properties}}})

    def _await(self) -> tuple[str, str]:
        clock, pace = self._scratch.aws.clock, self._scratch.pace
        deadline = Deadline(clock, pace.longest_stack_seconds)
        while (status := str(self._describe()["StackStatus"])).endswith("_IN_PROGRESS"):
            if deadline.is_over():
                raise UnansweredError(f"the scratch stack was still {status} after {pace.longest_stack_seconds:g} s")
            clock.sleep(pace.poll_seconds)
        return status, "" if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} else self._first_failure()

    def _describe(self) -> dict[str, Any]:
        described = self._scratch.aws.call("cloudformation", "describe_stacks", StackName=self._name)
        stack: dict[str, Any] = described["Stacks"][0]
        return stack

    def _first_failure(self) -> str:
        """Why the stage could not be created or changed; events come newest first."""
        events = self._scratch.aws.call("cloudformation", "describe_stack_events", StackName=self._name)["StackEvents"]
        failed = (event.get("ResourceStatusReason", "") for event in events if event["ResourceStatus"].endswith("_FAILED"))
        return next(failed, "no event gives a reason")
