from dataclasses import replace

import pytest

from canary.rules.rollouts.phases import AliasNames, Phase, RecoveryStage, Standing
from canary.rules.rollouts.rollout import StepState
from canary.rules.targets.policy import Progression
from canary.rules.targets.shifters import ShifterKind
from tests.builders import a_rollout, a_snapshot, a_target, an_intent


def test_stands_where_its_record_says():
    rollout = a_rollout(phase=Phase.MOVING_BASE, recovery_stage=RecoveryStage.BASED, not_before=5.0)
    live, canary = (
        dict.fromkeys(("orders-read", "orders-write"), "live"),
        dict.fromkeys(("orders-read", "orders-write"), "canary"),
    )
    assert rollout.standing == Standing(
        Phase.MOVING_BASE, ShifterKind.STAGE, a_snapshot(), an_intent(), AliasNames(live, canary), RecoveryStage.BASED, 5.0
    )


def test_has_no_canary_aliases_without_a_stage():
    standing = a_rollout(target=a_target("orders-read", stage=None)).standing
    assert standing.shifter is ShifterKind.ALIAS
    assert standing.aliases == AliasNames({"orders-read": "live"}, {})


@pytest.mark.parametrize(
    ("progression", "index", "park_after", "is_parked"),
    [
        (Progression.CONTINUOUS, 0, 0, False),
        (Progression.SCHEDULED, 0, 0, True),
        (Progression.SCHEDULED, 0, 1, False),
        (Progression.SCHEDULED, 1, 1, True),
    ],
)
def test_a_scheduled_rollout_is_parked_where_no_advance_took_it_further(progression, index, park_after, is_parked):
    rollout = a_rollout(step=StepState(index=index), park_after=park_after)
    policy = replace(rollout.plan.policy, progression=progression)
    assert replace(rollout, plan=replace(rollout.plan, policy=policy)).is_to_be_parked is is_parked
