"""What a backtest says of the warm-up that its replays allow for."""

import pytest

from canary.rules.judging.warm_up import UNKNOWN, USUAL
from canary.rules.targets.target import Metrics
from canary_cli.backtest.running import warm_up_note
from tests.builders import a_rollout, a_target

MEASURED = (0.4, 0.25)
UNKNOWN_SAID = (
    "until releases of the target have shown less, half of the canary's requests may be slow for 5 minutes after each weight "
    "change"
)


@pytest.mark.parametrize(
    ("warm_up", "slow", "notes"),
    [
        (None, ("p99",), ()),
        (USUAL, ("p99",), ()),
        (UNKNOWN, (), ()),
        (UNKNOWN, ("p99",), (UNKNOWN_SAID,)),
        (MEASURED, ("p99",), ("40 %, 25 % of the canary's requests may be slow in the minutes after each weight change",)),
    ],
)
def test_says_which_warm_up_it_allows_for_unless_it_is_the_usual_one(warm_up, slow, notes):
    draft = a_rollout(target=a_target(metrics=Metrics(slow=slow, warm_up=warm_up)))
    assert warm_up_note(draft) == notes
