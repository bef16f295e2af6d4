from canary.rules.looks.steps import begin_bake, begin_next_step
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from tests.builders import NOON, a_rollout
from tests.rules.looks.test_folding import a_baking


class TestBeginBake:
    def test_says_when_the_bake_began_and_that_the_weight_may_have_changed_then(self):
        rollout = begin_bake(a_baking(baking_since=None), NOON + 20)
        assert rollout.step.baking_since == NOON + 20
        assert rollout.shifts == (NOON, NOON + 20)

    def test_counts_every_half_minute_between_as_a_change(self):
        rollout = begin_bake(a_baking(baking_since=None), NOON + 100)
        assert rollout.shifts == (NOON, NOON + 30, NOON + 60, NOON + 90, NOON + 100)

    def test_knows_it_already_at_the_next_look(self):
        rollout = a_baking()
        assert begin_bake(rollout, NOON + 60) is rollout


class TestBeginNextStep:
    def test_the_first_step_begins_with_the_minute_before_as_the_newest_judged(self):
        first = begin_next_step(a_rollout(), "1", NOON + 90)
        assert (first.phase, first.step, first.shifts) == (Phase.SHIFTING, StepState(index=0, entered="1"), (NOON + 90,))
        assert (first.first_shift, first.judged_to) == (NOON + 90, NOON)

    def test_a_later_step_keeps_when_the_first_began_and_what_was_judged(self):
        later = begin_next_step(a_baking(), "2", NOON + 900)
        assert (later.step.index, later.shifts) == (1, (NOON, NOON + 900))
        assert (later.first_shift, later.judged_to) == (NOON, a_baking().judged_to)
