import pytest

from canary.rules.releases.release import (
    PRESENT,
    UNCHANGED,
    Release,
    Schedule,
    find_lateness,
    find_misfits,
    find_overflow,
    find_untimely,
)
from canary.rules.targets.live import LiveStage
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import Stage, Target, TargetFunction


def a_target(*, stage=True):
    names = ("orders-read", "orders-write")
    functions = tuple(TargetFunction(name, "live", "canary" if stage else None) for name in names)
    return Target("orders", functions, STANDARD, Stage("a1b2c3", "prod", "lambdaAlias") if stage else None)


def test_a_release_of_the_targets_own_functions_fits():
    assert find_misfits(Release({"orders-read": "7"}, PRESENT), a_target()) == ()


def test_an_empty_release_fits_everything():
    assert find_misfits(Release(), a_target(stage=False)) == ()


def test_a_mistyped_function_is_answered_with_the_nearest_name():
    (problem,) = find_misfits(Release({"order-read": "7"}), a_target())
    assert str(problem) == ("release.functions.order-read: target orders has no such function; did you mean orders-read?")


def test_a_strange_function_is_answered_with_the_names_there_are():
    (problem,) = find_misfits(Release({"zzz": "7"}), a_target())
    assert problem.fix == "its functions are orders-read, orders-write"


def test_a_deployment_needs_a_stage():
    problems = find_misfits(Release({"zzz": "1"}, UNCHANGED), a_target(stage=False))
    assert [problem.field for problem in problems] == ["release.functions.zzz", "release.deployment"]
    assert problems[1].value == 'target orders has no stage, got "unchanged"'


def test_variables_need_a_stage():
    (problem,) = find_misfits(Release(variables={"newCheckout": "on", "region": "eu"}), a_target(stage=False))
    assert str(problem) == (
        "release.variables: target orders has no stage, got newCheckout, region; drop release.variables; aliases have none"
    )


def test_no_release_sets_the_variable_that_tells_the_arms_apart():
    release = Release(variables={"newCheckout": "on", "lambdaAlias": "canary"})
    (problem,) = find_misfits(release, a_target())
    assert str(problem) == (
        "release.variables.lambdaAlias: it tells canary and base apart, so a release cannot set it; drop it"
    )
    assert find_misfits(Release(variables={"newCheckout": "on"}), a_target()) == ()


def variables(*numbers):
    return {f"v{number}": "x" for number in numbers}


@pytest.mark.parametrize(
    ("found", "brought", "many"),
    [
        (0, range(100), None),
        (1, range(100), None),
        (99, range(99, 101), "2 new ones in addition to its 99"),
        (0, range(101), "101 new"),
    ],
)
def test_a_stage_has_room_for_a_hundred_variables(found, brought, many):
    problems = find_overflow(Release(variables=variables(*brought)), LiveStage("dep-old", variables(*range(found))))
    assert [problem.field for problem in problems] == (["release.variables"] if many else [])
    assert all(f"a stage has at most 100 variables, got {many}" in problem.value for problem in problems)


def test_a_release_that_brings_no_new_variable_fits_a_stage_however_full():
    full = LiveStage("dep-old", variables(*range(101)))
    assert find_overflow(Release(), full) == find_overflow(Release(variables=variables(100)), full) == ()


def test_a_schedule_is_late_only_after_its_limit():
    schedule = Schedule(scheduled_at=1000.0, max_lateness_seconds=600)
    assert find_lateness(schedule, 1600.0) is None
    assert str(find_lateness(schedule, 2200.0)).startswith("scheduled_at: 20 minutes late where 10 are allowed")


@pytest.mark.parametrize(
    ("scheduled_at", "said"),
    [
        (1300.0, None),
        (1300.1, "scheduled_at: 6 minutes ahead where 5 are allowed, because clocks differ; give the time"),
        (4.1e9, "scheduled_at: 68333317 minutes ahead"),
        (400.0, None),
        (399.9, "scheduled_at: 10 minutes late where 10 are allowed"),
    ],
)
def test_a_schedule_comes_at_its_time_or_not_at_all(scheduled_at: float, said: str | None):
    problem = find_untimely(Schedule(scheduled_at, 600), 1000.0)
    assert (problem is None) if said is None else str(problem).startswith(said)


def test_a_schedule_is_spent_by_its_own_time_or_a_later_one():
    schedule = Schedule(scheduled_at=1000.0, max_lateness_seconds=600)
    assert [schedule.is_spent(last) for last in (None, 999.0, 1000.0, 1001.0)] == [False, False, True, True]
