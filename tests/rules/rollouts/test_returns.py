"""What abort, rollback and revert do, whatever holds the target."""

import pytest

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.returns import Course, nothing_to, return_by
from canary.rules.rollouts.steering import DirectVerb
from tests.builders import a_rollout

ABORT, ROLLBACK, REVERT = DirectVerb.ABORT, DirectVerb.ROLLBACK, DirectVerb.REVERT
BEFORE = (Phase.PREPARING, Phase.SHIFTING, Phase.PARKED, Phase.TAKING_ALL)
AFTER = (Phase.MOVING_BASE, Phase.PROMOTED)
BACK = (Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.REFUSED)
COURSES = {
    ABORT: {**dict.fromkeys(BEFORE, "abort"), **dict.fromkeys(AFTER, "refused"), **dict.fromkeys(BACK, "abort")},
    ROLLBACK: {**dict.fromkeys(BEFORE, "abort"), **dict.fromkeys(AFTER, "revert"), **dict.fromkeys(BACK, "abort")},
    REVERT: {**dict.fromkeys(BEFORE, "refused"), **dict.fromkeys(AFTER, "revert"), **dict.fromkeys(BACK, "refused")},
}
OF_A_REVERT = {
    ABORT: COURSES[ABORT],
    ROLLBACK: {**dict.fromkeys((*BEFORE, *AFTER), "unchanged"), **dict.fromkeys(BACK, "revert_again")},
    REVERT: {**dict.fromkeys((*BEFORE, *AFTER), "unchanged"), **dict.fromkeys(BACK, "refused")},
}
for courses in (*COURSES.values(), *OF_A_REVERT.values()):
    courses[Phase.WATCHING] = "revert"  # a revert itself is never watched


def a_revert(**changes):
    return a_rollout(rollout_id="run-1-revert", reverts="run-1", **changes)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("verb", DirectVerb)
def test_each_verb_has_its_course_in_each_phase(verb, phase):
    for holder, courses in ((a_rollout(phase=phase), COURSES), (a_revert(phase=phase), OF_A_REVERT)):
        returned = return_by(verb, holder, None)
        assert returned.course == courses[verb][phase]
        assert returned.reason or returned.course is Course.ABORT
        assert (returned.rollout is holder) is (returned.course not in {Course.REFUSED, Course.NOTHING})


def test_a_revert_that_is_rolled_back_itself_is_followed_by_a_new_one():
    reason = return_by(ROLLBACK, a_revert(phase=Phase.ROLLING_BACK), None).reason
    assert reason.startswith("rollout run-1-revert, which was to take rollout run-1 back, is being rolled back itself; a new")


def test_an_abort_that_cannot_prevent_a_promotion_names_the_verb_that_takes_it_back():
    assert "canary rollback orders" in return_by(ABORT, a_rollout(phase=Phase.MOVING_BASE), None).reason
    assert "the revert is past its commit point" in return_by(ABORT, a_revert(phase=Phase.MOVING_BASE), None).reason


@pytest.mark.parametrize("verb", [ROLLBACK, REVERT])
def test_a_promoted_release_is_reverted_once(verb):
    promoted = a_rollout(phase=Phase.PROMOTED)
    assert return_by(verb, None, promoted).rollout is promoted
    assert return_by(verb, None, None).course is Course.NOTHING
    again = return_by(verb, None, a_revert(phase=Phase.PROMOTED))
    assert (again.course, "rollout run-1 was taken back already" in again.reason) == (Course.NOTHING, True)


def test_after_a_revert_an_earlier_rollout_can_be_named():
    reverted = a_revert(phase=Phase.PROMOTED)
    assert return_by(REVERT, None, reverted, to="run-0").rollout is reverted


def test_two_reverts_to_different_releases_are_not_the_same():
    running = a_revert(phase=Phase.TAKING_ALL, reverts_to="run-0")
    assert return_by(REVERT, running, None, to="run-0").course is Course.UNCHANGED
    other = return_by(REVERT, running, None)
    assert (other.course, "to the release of rollout run-0" in other.reason) == (Course.REFUSED, True)
    assert "to what base served before it" in return_by(REVERT, a_revert(), None, to="run-0").reason


def test_an_abort_concerns_only_what_has_not_ended():
    assert return_by(ABORT, None, a_rollout(phase=Phase.PROMOTED)).course is Course.NOTHING
    assert [nothing_to(verb) for verb in DirectVerb] == ["NOTHING_TO_ABORT", "NOTHING_TO_ROLL_BACK", "NOTHING_TO_REVERT"]
