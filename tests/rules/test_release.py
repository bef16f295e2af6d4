from canary.rules.policy import STANDARD
from canary.rules.release import PRESENT, UNCHANGED, Release, Schedule, find_lateness, find_misfits
from canary.rules.target import Stage, Target, TargetFunction


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


def test_a_schedule_is_late_only_after_its_limit():
    schedule = Schedule(scheduled_at=1000.0, max_lateness_seconds=600)
    assert find_lateness(schedule, 1600.0) is None
    assert str(find_lateness(schedule, 2200.0)).startswith("scheduled_at: 20 minutes late where 10 are allowed")


def test_a_schedule_is_spent_by_its_own_time_or_a_later_one():
    schedule = Schedule(scheduled_at=1000.0, max_lateness_seconds=600)
    assert [schedule.is_spent(last) for last in (None, 999.0, 1000.0, 1001.0)] == [False, False, True, True]
