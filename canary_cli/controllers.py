"""The controller's own resources in an account: their names, and how they are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from canary.aws.calls import code_of, is_of_what_is_gone, refusals
from canary.aws.errors import AwsRefusedError, ControllerError
from canary.aws.targets import read_machine
from canary.rules.rollouts.report import OPERATOR
from canary_cli.exits import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    ClientOf = Callable[[str], Any]

STACK = "canary"


@dataclass(frozen=True, slots=True)
class Controller:
    """The names of the controller's resources. ``machine`` is an ARN."""

    machine: str
    table: str
    operator: str

    @property
    def region(self) -> str:
        """The Region of the controller."""
        return self.machine.split(":")[3]

    @property
    def account(self) -> str:
        """The account of the controller."""
        return self.machine.split(":")[4]

    def execution(self, name: str) -> str:
        """The ARN of an execution by its name."""
        return f"{self.machine.replace(':stateMachine:', ':execution:')}:{name}"


def find_controller(client: ClientOf, stack: str | None) -> Controller:
    """The controller that the clients, by service, can see: by its stack, or else by the names that are fixed.

    Raises:
        CommandError: there is none.
        AwsRefusedError: AWS cannot be asked.

    """
    return _find_by_stack(client, stack) or _find_by_names(client)


def _find_by_stack(client: ClientOf, stack: str | None) -> Controller | None:
    """The controller by its stack's outputs; None where no stack of the usual name can be read."""
    try:
        with refusals(f"aws cloudformation describe-stacks --stack-name {stack or STACK}"):
            found = client("cloudformation").describe_stacks(StackName=stack or STACK)["Stacks"][0]
    except AwsRefusedError as error:
        if stack is None and isinstance(error.__cause__, ClientError) and code_of(error.__cause__) in _NO_STACK:
            return None
        raise
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    named = [outputs.get(key) for key in ("StateMachineArn", "TableName", "OperateRolloutName")]
    machine, table, operator = named
    return Controller(machine, table, operator) if machine and table and operator else None


_NO_STACK = {"ValidationError", "AccessDenied", "AccessDeniedException"}


def _find_by_names(client: ClientOf) -> Controller:
    """The controller by the names that are fixed: its claim in Systems Manager, and a function that knows the table."""
    try:
        machine = read_machine(client("ssm"))
        table = operator_environment(client)["CANARY_TABLE"]
    except ControllerError as error:
        if not is_of_what_is_gone(error):
            raise
        raise CommandError(
            "NoController",
            f"no canary controller is deployed in Region {client('ssm').meta.region_name} of this account",
            "name another Region with --region, or other credentials with --profile; or deploy it with make deploy",
        ) from error
    return Controller(machine, table, OPERATOR)


def operator_environment(client: ClientOf) -> dict[str, str]:
    """What the operator's function was deployed with; its name is fixed."""
    with refusals(f"aws lambda get-function-configuration --function-name {OPERATOR}"):
        function = client("lambda").get_function_configuration(FunctionName=OPERATOR)
    return dict(function["Environment"]["Variables"])
