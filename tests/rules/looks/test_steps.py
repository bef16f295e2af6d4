from canary.rules.looks.steps import begin_bake
from tests.builders import NOON
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
