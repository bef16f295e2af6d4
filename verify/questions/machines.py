"""What Step Functions calls the errors of API Gateway's own API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from verify.account.budget import Budget
from verify.account.clock import Deadline
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch

EXECUTIONS = 4
"""The maximum: the first executions may run before Step Functions knows the new role."""
BELIEF_SECONDS = 30.0
NO_STAGE = "nowhere"


class SdkIntegrationErrorNames(Question):
    """The error names that a Catch must use."""

    slug = "sdk-integration-error-names"
    how = "run a state machine that sends a patch known to be refused, reads a stage that does not exist, and catches both"
    parts = frozenset({Part.API, Part.MACHINE})
    not_of_emulators = "an emulator of Step Functions has its own error names, which say nothing about AWS"

    def budget(self, pace: Pace) -> Budget:
        """A few transitions per execution."""
        seconds = EXECUTIONS * (BELIEF_SECONDS + pace.longest_line_seconds)
        return Budget(seconds=seconds, usual_seconds=60, transitions=4 * EXECUTIONS)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            machine = create_machine(scratch, stage.name)
            for attempt in range(1, EXECUTIONS + 1):
                caught = _run(scratch, machine, attempt)
                if not any(_is_denial(each) for each in caught.values()):
                    break
                scratch.aws.clock.sleep(BELIEF_SECONDS)
            else:
                raise UnansweredError(f"the machine's role was refused {EXECUTIONS} times: {caught}")
        evidence = tuple(f"{name}: {error['Error']}, {error['Cause']}" for name, error in caught.items())
        return Answer(caught["patch"]["Error"], evidence)


def _is_denial(error: dict[str, str]) -> bool:
    return "AccessDenied" in error["Error"] or "not authorized" in error["Cause"]


def create_machine(scratch: Scratch, stage: str) -> str:
    """Create the state machine and its role; return its ARN."""
    place, name = scratch.aws.place, f"{scratch.prefix}-machine"
    stages = f"arn:{place.partition}:apigateway:{place.region}::/restapis/{scratch.rest_api_id}/stages/*"
    allowed = {"Action": ["apigateway:GET", "apigateway:PATCH"], "Resource": stages}
    role = scratch.create_role("machine", "states.amazonaws.com", allowed)

    def make() -> str:
        made = scratch.aws.call_once_believed(
            "stepfunctions",
            "create_state_machine",
            code="AccessDeniedException",
            name=name,
            type="STANDARD",
            roleArn=role,
            definition=json.dumps(definition(place.partition, scratch.rest_api_id, stage)),
        )
        return str(made["stateMachineArn"])

    return scratch.create("state-machine", name, make)


def definition(partition: str, rest_api_id: str, stage: str) -> dict[str, Any]:
    """Both calls, with the error of each caught into the output."""
    patch = {"Op": "add", "Path": "/canarySettings/deploymentId", "Value": "nothing"}  # docs/aws.md#patch-table
    return {
        "StartAt": "Patch",
        "States": {
            "Patch": _task(partition, "updateStage", "patch", "Read")
            | {"Parameters": {"RestApiId": rest_api_id, "StageName": stage, "PatchOperations": [patch]}},
            "Read": _task(partition, "getStage", "read", "Done")
            | {"Parameters": {"RestApiId": rest_api_id, "StageName": NO_STAGE}},
            "Done": {"Type": "Succeed"},
        },
    }


def _task(partition: str, action: str, name: str, following: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::aws-sdk:apigateway:{action}",
        "ResultPath": None,
        "TimeoutSeconds": 60,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": f"$.{name}", "Next": following}],
        "Next": following,
    }


def _run(scratch: Scratch, machine: str, attempt: int) -> dict[str, dict[str, str]]:
    """Run one execution; return the errors that it caught."""
    aws, pace = scratch.aws, scratch.pace
    name = f"attempt{attempt}"
    started = aws.call("stepfunctions", "start_execution", stateMachineArn=machine, name=name, input="{}")
    deadline = Deadline(aws.clock, pace.longest_line_seconds)
    while (run := aws.call("stepfunctions", "describe_execution", executionArn=started["executionArn"]))["status"] == "RUNNING":
        if deadline.is_over():
            raise UnansweredError(f"the execution was still running after {pace.longest_line_seconds:g} s")
        aws.clock.sleep(pace.poll_seconds)
    if run["status"] != "SUCCEEDED":
        raise UnansweredError(f"the execution ended {run['status']}: {run.get('error')}, {run.get('cause')}")
    caught: dict[str, dict[str, str]] = json.loads(run["output"])
    missing = [each for each in ("patch", "read") if each not in caught]
    if missing:
        raise UnansweredError(f"no error was caught from {', '.join(missing)}, which AWS was known to refuse")
    return caught
