"""Which targets take a drill, and when its refusals begin and end."""

from dataclasses import replace

import pytest

from canary.rules.releases.drills import Drill, find_drill_problems, refusals_of
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.refusals import Refusals
from canary.rules.targets.target import Target

PLAIN = Target("orders", (), STANDARD)
OPEN = replace(PLAIN, drill=True, role_arn="arn:aws:iam::123456789012:role/canary/orders")
REFUSING = Drill(120, 480)


@pytest.mark.parametrize("drill", [None, Drill(), Drill(refuse_after_seconds=60)])
def test_refuses_nothing_unless_it_is_asked_to(drill):
    assert refusals_of(drill, 1000.0) is None


def test_refuses_from_the_executions_start_on():
    assert refusals_of(REFUSING, 1000.0) == Refusals(since=1120.0, until=1600.0)


@pytest.mark.parametrize(
    ("drill", "target"), [(None, PLAIN), (Drill(), OPEN), (REFUSING, OPEN), (Drill(), replace(OPEN, role_arn=None))]
)
def test_a_target_that_opted_in_takes_a_drill(drill, target):
    assert [*find_drill_problems(drill, target)] == []


@pytest.mark.parametrize("drill", [Drill(), REFUSING])
def test_any_other_target_takes_none(drill):
    (problem,) = find_drill_problems(drill, replace(OPEN, drill=False))
    assert str(problem).startswith("drill: target orders does not allow drills; add drill: true to its file")


def test_a_target_without_a_role_takes_none_that_refuses():
    (problem,) = find_drill_problems(REFUSING, replace(OPEN, role_arn=None))
    assert str(problem).startswith("drill.refuse_seconds: target orders has no role_arn")
