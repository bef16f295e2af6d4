"""Whatever goes wrong, and wherever a run is cut off, what it created is removed, or named with the command that removes it."""

from __future__ import annotations

import json
import os
import shlex
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.faults.calls import Fault, Mode
from tests.verify.scratch_world import TINY, World
from verify.__main__ import main
from verify.account.aws import Aws, RefusedError
from verify.account.cleaning import LATE_SECONDS, clean_up
from verify.account.ledger import Entry, Ledger
from verify.account.removal import remove
from verify.questions import packages
from verify.questions.machines import create_machine
from verify.questions.stacks import CloudformationResendsStage
from verify.questions.topics import TopicPolicyCondition
from verify.scratch.parts import Part, make_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verify.scratch.replies import Reply

pytestmark = pytest.mark.slow

EVERYTHING = ("metric-delay", "canary-log-group", "cloudformation-resends-stage", "topic-policy-condition")
"""Questions that together need every part that an emulator is asked about."""
ONLY = [word for slug in EVERYTHING for word in ("--only", slug)]
BEGIN = ["--yes", "--lend-log-role", *ONLY]
REMOVALS = {
    "apigateway": "DeleteRestApi",
    "cloudformation": "DeleteStack",
    "iam": "DeleteRole",
    "lambda": "DeleteFunction",
    "logs": "DeleteLogGroup",
    "events": "DeleteRule",
    "sns": "DeleteTopic",
    "sqs": "DeleteQueue",
}


MAKING = {
    "create_function",
    "create_queue",
    "create_topic",
    "create_log_group",
    "create_rest_api",
    "create_role",
    "create_stack",
    "create_state_machine",
    "publish_layer_version",
    "put_rule",
    "update_account",
}


class DiedError(BaseException):
    """The process is gone."""


class DyingAws(Aws):
    """Dies at one of its calls that create something, before AWS gets it or after."""

    def __init__(self, aws: Aws, *, at: int, after: bool) -> None:
        super().__init__(aws._connect, aws.clock, aws.place)
        self._left = at
        self._after = after

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        makes = operation in MAKING
        self._left -= makes
        if makes and self._left == 0 and not self._after:
            raise DiedError
        answered = super().call(service, operation, **arguments)
        if makes and self._left == 0:
            raise DiedError
        return answered


def make_until_dead(world: World, *, at: int, after: bool) -> bool:
    """Create everything, until the ``at``-th call that creates something; returns whether it got that far."""
    scratch = world.scratch()
    scratch.aws = DyingAws(scratch.aws, at=at, after=after)
    try:
        assert make_parts(scratch, frozenset(Part), lend_log_role=True) == {}
        create_machine(scratch, "stage1")
        CloudformationResendsStage().ask(scratch)
        TopicPolicyCondition().ask(scratch)
        packages.make(scratch, Path(packages.__file__).parent)
    except DiedError:
        return True
    finally:
        scratch.ledger._file.close()  # the lock goes with the process
    return False


@pytest.mark.parametrize("after", [False, True])
def test_clean_up_finishes_the_job_wherever_a_run_was_killed(*, after: bool, tmp_path: Path) -> None:
    answers = {"replace-deployment-under-canary": "refused", "cloudformation-resends-stage": "no"}
    for deaths in count():
        with EmbeddedAws(guest=CONTROLLER, answers=answers) as aws:
            world = World(aws, tmp_path / str(deaths))
            has_died = make_until_dead(world, at=deaths + 1, after=after)
            assert world.left() or deaths == 0
            assert main(world.arguments("clean-up"), program=world.program()) == 0, world.text
            assert world.left() == []
            assert not list(world.folder.glob("*.jsonl"))
        if not has_died:
            break
    assert deaths > 10


@pytest.mark.parametrize(("service", "operation"), REMOVALS.items())
def test_what_cannot_be_removed_is_named_with_its_command_and_removed_by_clean_up(
    world: World, service: str, operation: str
) -> None:
    world.aws.faults.add(Fault(None, service, operation, Mode.REFUSED))

    assert main(world.arguments(*BEGIN), program=world.program()) == 3
    assert "NOT REMOVED" in world.text
    left = world.left()
    assert left
    for name in left:
        assert name.split(" ")[-1] in world.text.partition("NOT REMOVED")[2]

    world.aws.faults.clear()
    assert main(world.arguments("clean-up"), program=world.program()) == 0
    assert world.left() == []
    assert not list(world.folder.glob("*.jsonl"))


@pytest.mark.parametrize(("service", "operation"), REMOVALS.items())
def test_the_command_that_is_named_removes_it(world: World, service: str, operation: str) -> None:
    world.aws.faults.add(Fault(None, service, operation, Mode.REFUSED))
    main(world.arguments(*BEGIN), program=world.program())
    world.aws.faults.clear()

    commands = [line.strip() for line in world.text.partition("NOT REMOVED")[2].splitlines() if line.startswith("    aws ")]
    assert commands
    for command in commands:
        *first, last = command.split("; ")
        for part in first:
            with suppress(ClientError):  # a shell continues after it
                run_command(world.aws, part)
        run_command(world.aws, last)
    assert world.left() == []


def run_command(aws: EmbeddedAws, command: str) -> None:
    """An AWS CLI command, read as the CLI reads it: with the service model's names."""
    _, service, name, *options = shlex.split(command)
    client = aws.client(service)
    model = client.meta.service_model
    operation = next(each for each in model.operation_names if xform_name(each, "-") == name)
    shapes = model.operation_model(operation).input_shape.members
    members = {f"--{xform_name(each, '-')}": each for each in shapes}
    given = dict(zip(options[::2], options[1::2], strict=True))
    assert given.pop("--region") == aws.region
    assert given.pop("--endpoint-url") == aws.endpoint_url
    arguments = {members[option]: json.loads(value) if value.startswith("[") else value for option, value in given.items()}
    arguments = {
        each: [value] if shapes[each].type_name == "list" and isinstance(value, str) else value
        for each, value in arguments.items()
    }
    try:
        getattr(client, xform_name(operation))(**arguments)
    except ClientError as error:
        if name != "delete-log-group" or "ResourceNotFoundException" not in str(error):  # a twin may never have arrived
            raise


def test_a_lent_role_that_cannot_be_taken_back_is_named(world: World) -> None:
    set_once = [False]
    original = Aws.call

    def refuse_second(aws: Aws, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        if operation == "update_account" and set_once[0]:
            world.aws.faults.add(Fault(None, "apigateway", "UpdateAccount", Mode.REFUSED))
        set_once[0] |= operation == "update_account"
        return original(aws, service, operation, **arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Aws, "call", refuse_second)
        assert main(world.arguments(*BEGIN), program=world.program()) == 3
    assert "aws apigateway update-account --patch-operations" in world.text
    assert any(name.startswith("API Gateway's role") for name in world.left())
    world.aws.faults.clear()
    assert main(world.arguments("clean-up"), program=world.program()) == 0
    assert world.left() == []


class Account(Aws):
    """Keeps API Gateway's role for logs itself, and takes it back in only one way, as AWS has done."""

    def __init__(self, aws: Aws, forms: tuple[str | None, ...]) -> None:
        super().__init__(aws._connect, aws.clock, aws.place)
        self.role = "arn:aws:iam::123456789012:role/canary-verify-ab12cd34-logs"
        self._forms = forms

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        if operation == "get_account":
            return {"cloudwatchRoleArn": self.role} if self.role else {}
        assert (service, operation) == ("apigateway", "update_account")
        if arguments["patchOperations"][0].get("value") not in self._forms:
            raise RefusedError("BadRequestException", "The role ARN is not well formed")
        self.role = ""
        return {}


@pytest.mark.parametrize("form", ["", None])
def test_a_lent_role_is_taken_back_in_whichever_way_aws_takes_it(world: World, form: str | None) -> None:
    account = Account(world.reach(), (form,))
    remove(account, Entry("log-role", "canary-verify-ab12cd34-logs"))
    assert account.role == ""


def test_a_lent_role_that_aws_keeps_is_reported(world: World) -> None:
    with pytest.raises(RefusedError, match="StillSet"):
        remove(Account(world.reach(), ()), Entry("log-role", "canary-verify-ab12cd34-logs"))


def test_a_role_that_someone_else_has_set_since_stays(world: World) -> None:
    ours = world.scratch()
    other = "arn:aws:iam::123456789012:role/others"
    operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": other}
    ours.aws.call("apigateway", "update_account", patchOperations=[operation])
    ours.ledger.intend("log-role", f"{ours.prefix}-logs")

    assert clean_up(ours.ledger, ours.aws, world.printed.write) == []
    assert world.left() == [f"API Gateway's role {other}"]
    ours.ledger.close()


def test_throttled_removals_are_tried_again(world: World) -> None:
    for service, operation in REMOVALS.items():
        world.aws.faults.add(Fault(None, service, operation, Mode.THROTTLED, times=4))

    assert main(world.arguments(*BEGIN), program=world.program()) == 1  # because there is no role, or no answer
    assert world.left() == []


def test_a_state_machine_goes_with_its_role(world: World) -> None:
    scratch = world.scratch()
    create_machine(scratch, "stage1")
    assert len(world.left()) == 2

    assert clean_up(scratch.ledger, scratch.aws, world.printed.write) == []
    assert world.left() == []
    scratch.ledger.close()


def test_every_api_of_the_name_goes_even_if_the_answer_that_told_its_id_was_lost(world: World) -> None:
    scratch = world.scratch()
    scratch.ledger.intend("rest-api", scratch.prefix)
    for _ in range(2):
        scratch.aws.call("apigateway", "create_rest_api", name=scratch.prefix)

    assert clean_up(scratch.ledger, scratch.aws, world.printed.write) == []
    assert world.left() == []
    scratch.ledger.close()


def test_a_log_group_that_comes_back_late_is_removed_too(world: World) -> None:
    scratch = world.scratch()
    group = "canary-verify-ab12cd34/arms/Canary"
    scratch.ledger.intend("late-log-group", group)
    logs = world.aws.client("logs")
    world.aws.clock.call_at(
        world.clock.now() + LATE_SECONDS / 2, lambda: logs.create_log_group(logGroupName=group), name="late"
    )

    assert clean_up(scratch.ledger, scratch.aws, world.printed.write) == []
    assert world.left() == []
    scratch.ledger.close()


class Stopping(World):
    """Gets a signal at its n-th request, and more of them while it waits for late lines."""

    number = signal.SIGINT
    at_request = 10
    while_removing = 0

    def get(self, url: str) -> Reply:
        if self.requests == self.at_request:
            os.kill(os.getpid(), self.number)
        return super().get(url)

    def sleep(self, seconds: float) -> None:
        if seconds == LATE_SECONDS:
            for _ in range(self.while_removing):
                os.kill(os.getpid(), self.number)
        self.aws.clock.run_for(seconds)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty account that answers in no time."""
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield World(aws, tmp_path, pace=TINY)


@pytest.fixture
def stopping(tmp_path: Path) -> Iterator[Stopping]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        world = Stopping(aws, tmp_path, pace=TINY)
        world.clock.sleep = world.sleep  # type: ignore[method-assign]
        yield world


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_stopped_removes_everything(stopping: Stopping, number: signal.Signals) -> None:
    stopping.number = number
    before = signal.getsignal(number)

    assert main(stopping.arguments(*BEGIN), program=stopping.program()) == 130
    assert f"ended early: StoppedError: {number.name}" in stopping.text
    assert stopping.left() == []
    assert signal.getsignal(number) is before


def test_a_stop_while_removing_is_put_off(stopping: Stopping) -> None:
    stopping.while_removing = 1

    assert main(stopping.arguments(*BEGIN), program=stopping.program()) == 130
    assert "still removing what was created; stop it once more to leave the rest" in stopping.text
    assert stopping.left() == []


def test_the_second_stop_while_removing_leaves_the_rest_and_says_what(stopping: Stopping) -> None:
    stopping.while_removing = 2

    assert main(stopping.arguments(*BEGIN), program=stopping.program()) == 3
    assert "stopped by SIGINT" in stopping.text
    stopping.while_removing = 0
    assert main(stopping.arguments("clean-up"), program=stopping.program()) == 0
    assert stopping.left() == []


def test_no_one_cleans_up_behind_a_run_that_goes_on(world: World) -> None:
    scratch = world.scratch()
    scratch.ledger.intend("role", "canary-verify-ab12cd34-function")

    assert main(world.arguments("clean-up"), program=world.program()) == 2
    assert "is still in progress" in world.text
    scratch.ledger._file.close()
    assert main(world.arguments("clean-up"), program=world.program()) == 0


def test_a_ledger_of_another_account_is_not_worked_off(world: World) -> None:
    scratch = world.scratch()
    path = scratch.ledger.path
    scratch.ledger.intend("role", "canary-verify-ab12cd34-function")
    scratch.ledger._file.close()
    path.write_text(path.read_text(encoding="utf-8").replace("123456789012", "999999999999"), encoding="utf-8")

    assert main(world.arguments("clean-up", str(path)), program=world.program()) == 2
    assert f"{path} is of account 999999999999, not 123456789012; use its credentials" in world.text
    ledger = Ledger.reopen(path)
    assert ledger.remaining
    ledger._file.close()
