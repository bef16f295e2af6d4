"""What an execution may do only because the controller began it."""

from dataclasses import replace

import pytest

from canary.rules.releases.release import Revert
from canary.rules.rollouts.grants import LONGEST_NAME, VALID_SECONDS, Grant, GrantKind, find_ungranted, names_of_reverts
from tests.builders import NOON

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
