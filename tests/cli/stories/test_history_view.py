"""What a target's rollouts add up to."""

from canary.aws.archive import TargetPast
from canary.rules.rollouts.phases import Phase
from canary_cli.stories.history_view import history_of
from tests.builders import a_rollout


def test_a_drill_is_listed_and_counts_for_nothing():
    back = a_rollout(rollout_id="r-1", phase=Phase.ROLLED_BACK)
    drill = a_rollout(rollout_id="r-2", phase=Phase.ROLLED_BACK, is_drill=True)
    past = history_of("orders", TargetPast((back, drill)), 0.0)
    assert (past.rollouts, past.drills, past.rollbacks, past.change_failure_rate) == (1, 1, 1, 1.0)
    assert [one.is_drill for one in past.past] == [False, True]
