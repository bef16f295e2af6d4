import pytest

from canary.rules.live import is_ours
from tests.builders import OVERRIDES, a_canary, an_intent


def test_promotes_every_override_but_the_one_that_tells_base_from_canary():
    intent = an_intent(overrides={**OVERRIDES, "mode": "fast"})
    assert intent.promoted_variables == {"mode": "fast"}
    assert an_intent().promoted_variables == {}


@pytest.mark.parametrize(
    ("canary", "is_own"),
    [
        (a_canary(), True),
        (a_canary(0), True),
        (a_canary(deployment_id="dep-theirs"), False),
        (a_canary(overrides={}), False),
        (a_canary(overrides={**OVERRIDES, "mode": "fast"}), False),
    ],
)
def test_knows_its_own_canary_by_deployment_and_overrides(canary, is_own):
    assert is_ours(canary, an_intent()) is is_own
