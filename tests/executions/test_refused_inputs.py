"""Bad input ends Refused, reports every problem at once, and leaves nothing changed and no lock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared() -> Iterator[Rig]:
    """One sample for all refused inputs: none may change it, and each test checks that."""
    with EmbeddedAws(guest=CONTROLLER) as aws:
        rig = Rig(aws)
        rig.publish()
        yield rig


def steps(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    return {"policy": {"steps": [{"weight_percent": weight, "bake_seconds": bake} for weight, bake in pairs]}}


INPUTS = {
    "unknown target": ({"target": "payments"}, "no target payments is registered; registered targets: orders"),
    "unknown target of an advance": (
        {"operation": "advance", "target": "payments"},
        "no target payments is registered; registered targets: orders",
    ),
    "a time far ahead": ({"target": "orders", "scheduled_at": "2099-01-31T12:00:00Z"}, "minutes ahead where 5 are allowed"),
    "no target": ({}, "target"),
    "as long as an input may be": (
        {"target": "orders", "reason": "x" * 262_100},
        "input: Step Functions cannot pass it on (States.DataLimitExceeded: ",
    ),
    "not an object": ([1], "target"),
    "no number": ({"target": "orders", "reason": float("nan")}, "without NaN, Infinity or a number beyond 1e308"),
    "no number at all": (float("inf"), "input: Step Functions cannot pass it on (States.QueryEvaluationError: "),
    "no number in an advance": ({"operation": "advance", "target": float("-inf")}, "input: Step Functions cannot pass it on"),
    "unknown field": ({"target": "orders", "polcy": "fast"}, "policy"),
    "wrong type": ({"target": "orders", "release": "7"}, "release"),
    "nonsense for a number": ({"target": "orders", **steps(("ten", 60))}, "weight_percent"),
    "weights not rising": ({"target": "orders", **steps((50, 60), (10, 60))}, "rise"),
    "weight of 0": ({"target": "orders", **steps((0, 60))}, "above 0"),
    "a final 100": ({"target": "orders", **steps((50, 60), (100, 60))}, "promotion follows the last one"),
    "three decimals": ({"target": "orders", **steps((12.345, 60))}, "two decimals"),
    "bake of zero": ({"target": "orders", **steps((10, 0))}, "bake_seconds"),
    "bake over the history bound": ({"target": "orders", **steps((10, 5_000_000))}, "history"),
    "no steps": ({"target": "orders", "policy": {"steps": []}}, "steps"),
    "another operation": ({"target": "orders", "operation": "revert"}, "operation"),
    "unknown version": ({"target": "orders", "release": {"functions": {"orders-read": "99"}}}, "version 99 does not exist"),
    "$LATEST": ({"target": "orders", "release": {"functions": {"orders-read": "$LATEST"}}}, "$LATEST"),
    "unknown function": ({"target": "orders", "release": {"functions": {"orders-raed": "1"}}}, "did you mean orders-read"),
    "deployment of another API": ({"target": "orders", "release": {"deployment": "zzz999"}}, "is not one of this API's"),
}


@pytest.mark.parametrize(("given", "said"), INPUTS.values(), ids=INPUTS.keys())
def test_a_wrong_input_is_refused_with_what_to_do(shared: Rig, given: object, said: str):
    before = json.dumps([shared.stage, shared.aliases()], default=str)
    ended = shared.finish(shared.start_with(given))

    assert (ended.status, ended.error, ended.ending) == ("FAILED", "Refused", "Refused")
    assert said in ended.cause
    assert "TakeLock" not in ended.states
    assert json.dumps([shared.stage, shared.aliases()], default=str) == before
    assert shared.records.read_lock("orders").rollout_id is None


def test_every_problem_is_reported_at_once(shared: Rig):
    given = {
        "target": "orders",
        "speed": 3,
        "release": {"functions": {"orders-read": "99"}, "deployment": "zzz999"},
        **steps((50, 60), (10, 0)),
    }
    ended = shared.finish(shared.start_with(given))

    for said in ("speed", "rise", "bake_seconds", "version 99 does not exist", "zzz999"):
        assert said in ended.cause
