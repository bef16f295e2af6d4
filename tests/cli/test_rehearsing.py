"""What `canary drill` asks before it changes anything. tests/cli/drilling runs the exercises."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import canary_cli.rehearsing
from canary.rules.targets.policy import CAUTIOUS
from canary_cli.drilling.admission import Objection
from canary_cli.exits import ExitCode
from demo.controller import register_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

DRILL = ("drill", "orders", "--stage", "prod")
AGAIN = ("--confirm", "prod")


@pytest.fixture
def open_to_drills(ground: Ground) -> Iterator[None]:
    register_target(ground.aws.client, replace(ground.rig.target, drill=True))
    yield
    register_target(ground.aws.client, ground.rig.target)


@pytest.fixture(autouse=True)
def is_untouched(ground: Ground) -> Iterator[None]:
    """No test of this module starts anything."""
    before = ground.rig.stage
    yield
    assert ground.rig.stage == before
    assert ground.rig.records.read_lock("orders").fencing_token == 0


def test_a_target_that_did_not_opt_in_is_refused_with_the_line_to_add(canary: Canary):
    told = canary(*DRILL, *AGAIN, "--yes-this-stage", "--json")

    assert (told.code, told.error["message"]) == (ExitCode.REFUSED, "orders does not allow drills")
    assert told.error["fix"].startswith("add drill: true to its target file")


@pytest.mark.usefixtures("open_to_drills")
def test_the_stage_has_to_be_the_targets(canary: Canary):
    told = canary("drill", "orders", "--stage", "dev", "--confirm", "dev", "--json")

    assert (told.code, told.error["message"]) == (ExitCode.REFUSED, "the stage of orders is prod, got dev")


@pytest.mark.usefixtures("open_to_drills")
def test_the_stages_name_has_to_be_given_again(canary: Canary):
    told = canary(*DRILL, "--json")
    assert (told.code, told.error["code"]) == (ExitCode.USAGE, "NotConfirmed")
    assert told.error["fix"] == "repeat the command with --confirm prod"

    told = canary(*DRILL, "--confirm", "Prod", "--json")
    assert told.error["message"] == "orders was left as it is: the stage is prod, and the second name is 'Prod'"


@pytest.mark.usefixtures("open_to_drills")
@pytest.mark.parametrize("typed", ["prd", EOFError()])
def test_a_person_types_it_in_a_terminal(canary: Canary, monkeypatch: pytest.MonkeyPatch, typed: str | EOFError):
    def prompt(question: str, **_more: object) -> str:
        assert question == "type the stage's name again"
        if isinstance(typed, str):
            return typed
        raise canary_cli.rehearsing.typer.Abort

    monkeypatch.setattr(canary_cli.rehearsing.typer, "prompt", prompt)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    told = canary(*DRILL)

    assert told.code == ExitCode.USAGE
    assert "drill of orders: stage prod of API" in told.err
    assert "orders was left as it is" in told.err


def test_a_cautious_target_is_refused_unless_the_stage_is_vouched_for(ground: Ground, canary: Canary):
    register_target(ground.aws.client, replace(ground.rig.target, drill=True, policy=CAUTIOUS))
    told = canary(*DRILL, *AGAIN, "--json")
    assert (told.code, "--yes-this-stage" in told.error["fix"]) == (ExitCode.REFUSED, True)

    vouched = canary(*DRILL, "--yes-this-stage", "--json")
    assert vouched.error["code"] == "NotConfirmed"  # the next question
    register_target(ground.aws.client, ground.rig.target)


@pytest.mark.usefixtures("open_to_drills")
def test_a_busy_stage_is_refused_unless_it_is_vouched_for(canary: Canary, monkeypatch: pytest.MonkeyPatch):
    def busy(_target: object, per_second: float) -> Objection:
        return Objection(f"had requests: {0 < per_second < 1}", "vouch for it", can_be_overruled=True)

    monkeypatch.setattr(canary_cli.rehearsing, "find_busy", busy)
    told = canary(*DRILL, *AGAIN, "--json")
    assert (told.code, told.error["message"]) == (ExitCode.REFUSED, "had requests: True")

    assert canary(*DRILL, "--yes-this-stage", "--json").error["code"] == "NotConfirmed"


def test_an_exercise_that_does_not_exist_is_refused_with_those_that_do(canary: Canary):
    told = canary(*DRILL, *AGAIN, "--only", "abrt", "--json")

    assert told.code == ExitCode.USAGE
    assert told.error["fix"] == "write one of: promotion, abort, killed execution, needs operator, bad metric"
