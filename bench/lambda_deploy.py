"""A rollout in the style of awslabs/aws-lambda-deploy on the embedded AWS, so that its price can be calculated like ours.

It is a new implementation of that project's loop: set the next weight, wait, query the errors of the last minute, pass two
choices, and repeat until the new version has all traffic. The project itself checks once per weight. Here the weights are
given, and a weight that is given several times is checked as many times.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.readback import read_events
from demo.sample import create_role, create_ship_sample, publish_release
from embedded_aws.awslambda.zips import zip_of
from embedded_aws.dataplane.traffic import InvokeTraffic
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.startup import without_collections

HANDLERS = Path(__file__).with_name("lambda_deploy_handlers.py")
CHECK = "CheckHealth"
TASKS = {
    "PlanWeights": "plan_weights",
    "MoveWeight": "move_weight",
    CHECK: "check_health",
    "Finish": "finish",
    "TakeBack": "take_back",
}
LIMIT_SECONDS = 6 * 3600
NO_FAULTS = {"FAILING_SHARE": 0.0}
"""A release without any error, because a single error makes the loop roll back."""

Json = dict[str, Any]


class NotFinishedError(Exception):
    """The loop did not end with the new version in place, so its price would be that of another case."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A finished loop: its execution's history, and how long it took."""

    events: Sequence[Mapping[str, Any]]
    seconds: float

    @property
    def checks(self) -> int:
        """How often it checked the new version's health."""
        return sum(event.get("stateEnteredEventDetails", {}).get("name") == CHECK for event in self.events)


def run_loop(weights: Sequence[float], *, interval_seconds: int, per_minute: float) -> Loop:
    """Shift these shares (0 to 1) and then all traffic to a new version, with a wait and a check after each.

    Raises:
        NotFinishedError: it rolled back.
    """
    with EmbeddedAws() as aws:
        with without_collections():
            given = _make(aws, per_minute) | {"weights": list(weights), "interval": interval_seconds}
            machine = _create_machine(aws)
        client = aws.client("stepfunctions")
        execution = client.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
        ended = aws.run_until_ended(execution, limit=LIMIT_SECONDS)
        if ended["status"] != "SUCCEEDED":
            raise NotFinishedError(f"the loop ended as {ended['status']}: {ended.get('cause', '')}")
        return Loop(read_events(aws.client, execution), (ended["stopDate"] - ended["startDate"]).total_seconds())


def _make(aws: EmbeddedAws, per_minute: float) -> Json:
    """A function with an alias and traffic, and a new version of the function."""
    target = create_ship_sample(aws.client, NO_FAULTS)
    function = target.functions[0]
    versions = publish_release(aws.client, target, {"NAME": "next", **NO_FAULTS})
    rng = random.Random(0)  # noqa: S311 - seeded, not secret
    traffic = InvokeTraffic(function.name, function.live, {"order": "17"}, per_minute=per_minute, rng=rng)
    aws.dataplane.add_source(traffic)
    return {"function": function.name, "alias": function.live, "version": versions[function.name]}


def _create_machine(aws: EmbeddedAws) -> str:
    role = create_role(aws.client, "loop", "lambda.amazonaws.com")
    arns = {task: _create_task(aws, task, handler, role) for task, handler in TASKS.items()}
    answer = aws.client("stepfunctions").create_state_machine(
        name="loop",
        definition=json.dumps(definition(arns)),
        roleArn=create_role(aws.client, "loop-machine", "states.amazonaws.com"),
    )
    return str(answer["stateMachineArn"])


def _create_task(aws: EmbeddedAws, task: str, handler: str, role: str) -> str:
    answer = aws.client("lambda").create_function(
        FunctionName=task,
        Runtime="python3.13",
        Handler=f"{HANDLERS.stem}.{handler}",
        Role=role,
        Code={"ZipFile": zip_of({HANDLERS.name: HANDLERS.read_text(encoding="utf-8")})},
        Timeout=300,
    )
    return str(answer["FunctionArn"])


def definition(arns: Mapping[str, str]) -> Json:
    """The loop as a state machine, and the functions' ARNs by task."""
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "PlanWeights",
        "States": {
            "PlanWeights": _task(
                arns["PlanWeights"],
                "MoveWeight",
                given="{% $states.input %}",
                Assign={"release": "{% $states.input %}", "left": "{% $states.result.Payload.weights %}", "weight": 0},
            ),
            "MoveWeight": _task(
                arns["MoveWeight"],
                "Interval",
                given="{% $merge([$release, {'weight': $left[0]}]) %}",
                Assign={"weight": "{% $states.result.Payload.weight %}", "left": "{% [$left[[1..$count($left)]]] %}"},
            ),
            "Interval": {"Type": "Wait", "Seconds": "{% $release.interval %}", "Next": CHECK},
            CHECK: _task(arns[CHECK], "IsHealthy", Assign={"is_healthy": "{% $states.result.Payload.is_healthy %}"}),
            "IsHealthy": {"Type": "Choice", "Choices": [_choice("$is_healthy", "IsAll")], "Default": "TakeBack"},
            "IsAll": {"Type": "Choice", "Choices": [_choice("$weight = 1", "Finish")], "Default": "MoveWeight"},
            "Finish": _task(arns["Finish"], None),
            "TakeBack": _task(arns["TakeBack"], "Failed"),
            "Failed": {"Type": "Fail", "Error": "Unhealthy", "Cause": "the new version had errors"},
        },
    }


def _task(arn: str, following: str | None, *, given: str = "{% $release %}", **more: Any) -> Json:  # noqa: ANN401 - JSON-like
    goes_on: Json = {"Next": following} if following else {"End": True}
    arguments = {"FunctionName": arn, "Payload": given}
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments, **goes_on, **more}


def _choice(condition: str, following: str) -> Json:
    return {"Condition": f"{{% {condition} %}}", "Next": following}
