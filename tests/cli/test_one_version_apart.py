"""The command and the controller may be one version apart.

`status`, `abort` and `rollback` still work, and `--version` shows both.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

import canary as package
from canary.aws.record_items import rollout_item
from canary.rules.rollouts.schema_version import SCHEMA_VERSION
from canary_cli import operating, returning
from canary_cli.connection import Connection
from embedded_aws.faults.calls import Fault, Mode
from tests.rules.rollouts.record_fields import stored_fields
from tests.tasks.walk import edit_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground, Walk

    Canary = Callable[..., Told]

VERSION = version("canary-controller")


def of_previous_schema(ground: Ground, walk: Walk) -> None:
    """The record as the previous version of the controller wrote it: without what its schema did not have."""
    known = stored_fields()[str(SCHEMA_VERSION - 1)]["Rollout"]
    record = json.loads(rollout_item(walk.record)["record"]["S"])
    older = {name: value for name, value in record.items() if name in known}
    edit_record(ground, walk, schema_version={"N": str(SCHEMA_VERSION - 1)}, record={"S": json.dumps(older)})


def of_next_schema(ground: Ground, walk: Walk) -> None:
    """The record as the next version may write it: with what nobody knows yet."""
    record = {"S": json.dumps({"something": ["new"]})}
    edit_record(ground, walk, schema_version={"N": str(SCHEMA_VERSION + 1)}, record=record)


@pytest.mark.parametrize("verb", ["abort", "rollback"])
def test_a_record_of_the_previous_schema_is_shown_and_aborted(ground: Ground, canary: Canary, verb: str):
    walk = ground.walk().shift()
    of_previous_schema(ground, walk)
    told = canary("status", "orders")

    assert told.code == 0, told.err
    assert f"rollout {walk.rollout_id} is shifting, step 1 of 2" in told.out
    assert canary(verb, "orders").code == 0
    assert ground.percent is None


def test_of_a_record_of_the_next_schema_status_says_what_every_version_can_read(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    of_next_schema(ground, walk)
    told = canary("status", "orders")

    assert told.code == 0, told.err
    assert told.out.startswith(f"orders: rollout {walk.rollout_id} is shifting\n")
    assert "the canary gets 25 %" in told.out
    assert "alarms    3 of 3 OK" in told.out
    assert f"unread    the record has schema {SCHEMA_VERSION + 1}" in told.out
    assert "install the version of canary that the controller has" in told.out
    answer = canary("status", "orders", "--json").json
    assert (answer["rollout"], answer["outline"]["phase"], answer["is_at_rest"]) == (None, "shifting", False)
    assert "decides" in canary("advance", "orders").out
    edit_record(ground, walk, target={"S": "elsewhere"})


@pytest.mark.parametrize(("verb", "module"), [("abort", operating), ("rollback", returning)])
def test_a_verb_takes_an_answer_with_fields_that_it_does_not_know(
    ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch, verb: str, module: ModuleType
):
    walk = ground.walk().shift()
    of_next_schema(ground, walk)
    answer: dict[str, Any] = {"target": "orders", "rollout": walk.rollout_id, "answer": "WAIT", "phase": "rolling_back"}
    newer = {**answer, "wait_seconds": 61, "caller": {"arn": "arn:x"}, "more": 1}
    monkeypatch.setattr(module, "call_function", lambda *_: newer)
    told = canary(verb, "orders")

    assert told.code == 0, told.err
    assert f"change    rollout {walk.rollout_id} is shifting; another version of the controller recorded it" in told.out
    assert "is rolling_back: base gets all traffic; the target is at rest in 61 s or more" in told.out
    assert canary(verb, "orders", "--json").json["more"] == 1
    edit_record(ground, walk, target={"S": "elsewhere"})


def test_a_rollback_of_a_record_of_the_next_schema_never_asks_about_the_release_before(
    ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch
):
    before = ground.walk().promote()
    ground.rig.publish()
    walk = ground.walk().shift()
    of_next_schema(ground, walk)
    answer = {"target": "orders", "rollout": walk.rollout_id, "answer": "WAIT", "phase": "rolling_back"}
    monkeypatch.setattr(returning, "call_function", lambda *_: answer)
    told = canary("rollback", "orders")

    assert told.code == 0, told.err
    assert before.rollout_id not in told.out
    edit_record(ground, walk, target={"S": "elsewhere"})


def test_an_ended_record_of_the_next_schema_leaves_the_target_at_rest(ground: Ground, canary: Canary):
    walk = ground.walk().begin()
    walk.end()
    of_next_schema(ground, walk)
    told = canary("status", "orders")

    assert told.code == 0
    assert told.out.startswith("orders: at rest\n")
    edit_record(ground, walk, target={"S": "elsewhere"})


@pytest.mark.usefixtures("ground")
def test_the_version_of_the_controller_is_told_too(canary: Canary):
    told = canary("--version")

    assert package.__version__ == VERSION
    assert (told.code, told.out) == (0, f"canary {VERSION}\ncontroller {VERSION}, Region eu-west-1\n")


def test_a_controller_that_cannot_be_asked_or_does_not_say_is_no_failure(
    ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch
):
    ground.aws.faults.add(Fault(None, "lambda", "GetFunctionConfiguration", Mode.REFUSED))
    told = canary("--version")
    assert told.code == 0
    assert "\ncontroller not known: AWS refused `aws lambda get-function-configuration" in told.out

    monkeypatch.setattr(Connection, "read_version", lambda _: None)
    assert "\ncontroller not known: it is older than the command" in canary("--version").out
