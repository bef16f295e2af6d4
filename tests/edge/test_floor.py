"""How a target's floor is written, read and compiled."""

import json
from decimal import Decimal

import pytest

from canary.edge.target import require_target, target_from_json, target_to_json
from canary.rules.targets.floor import NO_FLOOR, Floor
from tests.edge.test_target import a_stage_target, problems_of

WRITTEN = {"min_steps": "2", "min_bake_seconds": 300, "min_total_seconds": 1800, "max_first_weight_percent": 12.5}


def test_a_target_without_a_floor_has_none():
    target = require_target(a_stage_target())
    assert target.floor == NO_FLOOR
    assert "floor" not in json.loads(target_to_json(target))


def test_a_floor_is_read_and_survives_its_registration():
    target = require_target(a_stage_target(floor=WRITTEN))
    assert target.floor == Floor(2, 300, 1800, Decimal("12.5"))
    assert target_from_json(target_to_json(target)) == target


@pytest.mark.parametrize(
    ("floor", "said"),
    [
        ({"min_steps": 0}, "floor.min_steps: not a whole number of steps from 1 to 100, got 0"),
        ({"min_bake_seconds": "long"}, "floor.min_bake_seconds: not a whole number of seconds"),
        ({"max_first_weight_percent": 100}, "floor.max_first_weight_percent: a step's weight is below 100, got 100"),
        ({"min_step": 2}, "floor.min_step: unknown field, got 2; did you mean min_steps?"),
        ({"min_steps": None}, "floor.min_steps: not a whole number of steps from 1 to 100, got null"),
        (2, "floor: not a mapping, got 2"),
    ],
)
def test_a_floor_that_cannot_be_read_is_refused(floor, said):
    (problem,) = problems_of(a_stage_target(floor=floor))
    assert problem.startswith(said)


def test_a_target_whose_own_policy_is_below_its_floor_is_refused():
    (problem,) = problems_of(a_stage_target(policy="hotfix", floor={"min_steps": 3}))
    assert problem == (
        "floor.min_steps: policy hotfix has 2 steps, and at least 3 are required; "
        "give the target a more careful policy, or lower its floor"
    )
