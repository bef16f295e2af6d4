import pytest

from canary.rules.targets.live import calls_canary_alias, is_intact, is_ours
from tests.builders import OVERRIDES, a_canary, a_stage, an_intent


def test_promotes_every_override_but_the_one_that_tells_base_from_canary():
    intent = an_intent(overrides={**OVERRIDES, "mode": "fast"})
    assert intent.promoted_variables == {"mode": "fast"}
    assert an_intent().promoted_variables == {}


THEIRS = "dep-theirs"


@pytest.mark.parametrize(
    ("canary", "is_own", "is_untouched"),
    [
        (a_canary(), True, True),
        (a_canary(0), True, True),
        (a_canary(overrides={**OVERRIDES, "extra": "x"}), True, False),
        (a_canary(overrides={"lambdaAlias": "live"}), True, False),
        (a_canary(overrides={}), True, False),
        (a_canary(deployment_id="dep-old"), True, False),
        (a_canary(deployment_id=THEIRS, overrides={**OVERRIDES, "extra": "x"}), True, False),
        (a_canary(deployment_id=THEIRS, overrides={}), False, False),
        (a_canary(deployment_id=THEIRS, overrides={"lambdaAlias": "live"}), False, False),
        (a_canary(deployment_id="dep-old", overrides={"extra": "canary"}), False, False),
    ],
)
def test_a_canary_is_the_rollouts_by_its_deployment_or_its_alias_and_intact_by_all_of_it(canary, is_own, is_untouched):
    assert is_ours(canary, an_intent()) is is_own
    assert is_intact(canary, an_intent()) is is_untouched


def test_a_release_without_a_stage_has_no_canary_alias():
    intent = an_intent(stage=None)
    assert intent.canary_alias is None
    assert not is_ours(a_canary(), intent)


@pytest.mark.parametrize(("variables", "calls"), [({"lambdaAlias": "live"}, False), (OVERRIDES, True), ({}, False)])
def test_base_is_seen_to_call_the_canary_alias(variables, calls):
    assert calls_canary_alias(a_stage(variables=variables), an_intent()) is calls
