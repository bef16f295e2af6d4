from dataclasses import replace

import pytest

from canary.rules.releases.variables import find_drifted_variables, find_harmless, has_old_variables
from canary.rules.rollouts.drift import has_release
from tests.builders import a_snapshot, a_stage, an_intent

BASE = {"lambdaAlias": "live", "mode": "slow", "region": "eu"}
SNAPSHOT = a_snapshot(variables=BASE)
INTENT = an_intent(overrides={"lambdaAlias": "canary", "mode": "fast", "newCheckout": "on"})
PROMOTED = {**BASE, "mode": "fast", "newCheckout": "on"}


def drift(variables, *, is_promoting=False):
    return [*find_drifted_variables(a_stage(variables=variables), SNAPSHOT, INTENT, is_promoting=is_promoting)]


def harmless(variables, snapshot=SNAPSHOT):
    return find_harmless(a_stage(variables=variables), snapshot, INTENT)


@pytest.mark.parametrize("is_promoting", [False, True])
@pytest.mark.parametrize("change", [{}, {"region": "us"}, {"theirs": "yes"}])
def test_variables_that_the_release_leaves_alone_are_no_drift(change, is_promoting):
    assert drift({**BASE, **change}, is_promoting=is_promoting) == []
    assert has_old_variables(a_stage(variables={**BASE, **change}), SNAPSHOT, INTENT)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mode": "odd"}, 'the stage\'s variable mode is "odd", which this rollout did not set (it was "slow")'),
        ({"newCheckout": "off"}, 'the stage\'s variable newCheckout is "off", which this rollout did not set (it was absent)'),
        (
            {"lambdaAlias": "canary"},
            'the stage\'s variable lambdaAlias is "canary", which this rollout did not set (it was "live")',
        ),
    ],
)
@pytest.mark.parametrize("is_promoting", [False, True])
def test_an_overridden_variable_that_someone_changed_is_drift(change, told, is_promoting):
    assert drift({**BASE, **change}, is_promoting=is_promoting) == [told]
    assert not has_old_variables(a_stage(variables={**BASE, **change}), SNAPSHOT, INTENT)


def test_an_overridden_variable_that_someone_removed_is_drift():
    told = 'the stage\'s variable mode is absent, which this rollout did not set (it was "slow")'
    assert drift({"lambdaAlias": "live", "region": "eu"}) == [told]


def test_a_variable_that_a_revert_removes_is_there_until_it_is_promoted():
    had = {**BASE, "newCheckout": "on"}
    intent, snapshot = an_intent(removed_variables=("newCheckout",)), a_snapshot(variables=had)

    def drift_of(variables, *, is_promoting):
        return [*find_drifted_variables(a_stage(variables=variables), snapshot, intent, is_promoting=is_promoting)]

    assert drift_of(had, is_promoting=False) == drift_of(BASE, is_promoting=True) == []
    assert "newCheckout is absent" in drift_of(BASE, is_promoting=False)[0]
    assert has_old_variables(a_stage(variables=had), snapshot, intent)
    assert not has_release(a_stage(deployment_id="dep-new", variables=had), intent)
    assert has_release(a_stage(deployment_id="dep-new", variables=BASE), intent)


def test_what_the_release_brings_is_drift_until_it_is_promoted():
    assert drift(PROMOTED, is_promoting=True) == []
    assert len(drift(PROMOTED)) == 2


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {**BASE, "featureX": "on"},
            'someone else changed stage variable featureX from absent to "on"; both arms see it',
        ),
        ({**BASE, "region": "us"}, 'someone else changed stage variable region from "eu" to "us"; both arms see it'),
        (
            {"lambdaAlias": "live", "mode": "slow"},
            'someone else changed stage variable region from "eu" to absent; both arms see it',
        ),
    ],
)
def test_a_change_of_another_variable_is_reported_with_both_values(variables, told):
    assert harmless(variables) == (told,)


@pytest.mark.parametrize("variables", [BASE, PROMOTED, {}])
def test_a_variable_of_the_release_is_never_called_harmless(variables):
    assert not any(name in text for name in INTENT.overrides for text in harmless(variables))


def test_names_the_first_ten_of_many_changes_and_keeps_them_short():
    told = harmless({**BASE, **{f"v{number:02}": "x" * 512 for number in range(95)}})
    assert (len(told), told[-1]) == (11, "someone else changed 85 more stage variables")
    assert "v00" in told[0]
    assert sum(map(len, told)) < 2500


def test_a_rollout_without_variables_of_its_own_answers_for_its_alias_variable_alone():
    intent = replace(INTENT, overrides={"lambdaAlias": "canary"})
    assert [*find_drifted_variables(a_stage(variables={"lambdaAlias": "live"}), SNAPSHOT, intent)] == []
