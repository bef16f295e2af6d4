"""What an execution may do only because the controller began it."""

from dataclasses import replace

import pytest

from canary.rules.releases.problems import Problem
from canary.rules.releases.release import Revert
from canary.rules.rollouts.below_floor import mark_below_floor
from canary.rules.rollouts.grants import (
    LONGEST_NAME,
    VALID_SECONDS,
    BelowFloor,
    Grant,
    GrantKind,
    allows_below_floor,
    find_ungranted,
    names_of_reverts,
    sha256_of,
)
from tests.builders import NOON, a_rollout

REVERT = Revert("orders", "run-1")
GRANT = Grant("run-1-revert", GrantKind.REVERT, "orders", NOON, "run-1")


def test_an_execution_may_do_what_it_was_begun_for():
    assert find_ungranted(GRANT, REVERT, "run-1-revert", NOON + 5) is None


@pytest.mark.parametrize(
    ("grant", "revert", "name"),
    [
        (None, REVERT, "run-1-revert"),
        (GRANT, REVERT, "another-name"),
        (GRANT, replace(REVERT, target="payments"), "run-1-revert"),
        (GRANT, replace(REVERT, rollout="run-2"), "run-1-revert"),
        (GRANT, replace(REVERT, to="run-0"), "run-1-revert"),
        (replace(GRANT, to="run-0"), REVERT, "run-1-revert"),
    ],
    ids=["none", "another name", "another target", "another rollout", "to another release", "to the one before"],
)
def test_an_execution_may_do_nothing_else(grant, revert, name):
    problem = find_ungranted(grant, revert, name, NOON + 5)
    assert problem is not None
    assert problem.fix == f"start a revert with: canary revert {revert.target}"


def test_a_grant_does_not_last():
    assert find_ungranted(GRANT, REVERT, "run-1-revert", NOON + VALID_SECONDS) is None
    late = find_ungranted(GRANT, REVERT, "run-1-revert", NOON + 2 * VALID_SECONDS)
    assert "20 minutes before it began, and 10 are allowed" in str(late)


@pytest.mark.parametrize("rollout_id", ["run-1", "r" * 80])
def test_each_attempt_has_a_name_that_an_execution_can_have(rollout_id):
    names = names_of_reverts(rollout_id)
    assert len({*names}) == len(names) == 20
    assert names[0] == f"{rollout_id[:73]}-revert"
    assert names[1].endswith("-revert-2")
    assert max(map(len, names)) <= LONGEST_NAME


GIVEN = {"target": "orders", "policy": {"steps": [{"weight_percent": 50, "bake_seconds": 60}]}}


def a_start_grant(**changes):
    grant = Grant("hotfix-1", GrantKind.START_BELOW_FLOOR, "orders", NOON, reason="OPS-7", input_sha256=sha256_of(GIVEN))
    return replace(grant, **changes)


def test_a_start_below_the_floor_is_allowed_to_its_own_execution_in_time():
    grant = a_start_grant()
    assert allows_below_floor(grant, "orders", "hotfix-1", GIVEN, NOON + VALID_SECONDS) is grant


@pytest.mark.parametrize(
    ("target", "name", "given", "late"),
    [
        ("payments", "hotfix-1", GIVEN, 0),
        ("orders", "hotfix-2", GIVEN, 0),
        ("orders", "hotfix-1", {**GIVEN, "reason": "other"}, 0),
        ("orders", "hotfix-1", GIVEN, VALID_SECONDS + 1),
    ],
)
def test_a_start_below_the_floor_is_not_allowed_to_anything_else(target, name, given, late):
    assert allows_below_floor(a_start_grant(), target, name, given, NOON + late) is None


def test_a_revert_grant_and_none_allow_no_start_below_the_floor():
    assert allows_below_floor(None, "orders", "hotfix-1", GIVEN, NOON) is None
    assert allows_below_floor(a_start_grant(kind=GrantKind.REVERT), "orders", "hotfix-1", GIVEN, NOON) is None


def test_the_hash_of_an_input_does_not_depend_on_how_a_number_or_the_keys_are_written():
    assert sha256_of({"a": [1.0, 2.5], "b": True}) == sha256_of({"b": True, "a": [1, 2.5]})
    assert sha256_of({"a": 1}) != sha256_of({"a": "1"})


def test_what_was_allowed_is_recorded_and_noted():
    below = (Problem("floor.min_steps", "policy hotfix has 2 steps, and at least 3 are required", "fix"),)
    marked = mark_below_floor(a_rollout(), a_start_grant(), below)
    said = "floor.min_steps: policy hotfix has 2 steps, and at least 3 are required"

    assert marked.below_floor == BelowFloor((said,), "OPS-7", NOON)
    assert marked.plan.notes == (f"below the target's floor, which an authorizer allowed (OPS-7): {said}",)
    assert mark_below_floor(a_rollout(), None, ()) == a_rollout()
