from dataclasses import replace

import pytest

from canary.rules.draft import CACHE_NOTE, draft_rollout, is_unchanged
from canary.rules.live import Intent, WayBack
from canary.rules.phases import Phase
from canary.rules.plan import Plan
from canary.rules.policy import HOTFIX, STANDARD
from canary.rules.release import UNCHANGED, Release, Request
from canary.rules.verdict import AlarmReading, AlarmState
from tests.builders import (
    BASE_VARIABLES,
    EXECUTION,
    NEW,
    NOON,
    OLD,
    OVERRIDES,
    a_rollout,
    a_stage,
    a_stage_survey,
    a_survey,
    a_target,
    a_way_back,
    an_intent,
)


def a_draft(*, release=None, target=None, survey=None, policy=STANDARD, promoted="f-1"):
    target = target or a_target()
    return draft_rollout(
        rollout_id="run-1",
        execution=EXECUTION,
        now=NOON,
        target=target,
        policy=policy,
        request=Request("orders", release or Release(), reason="OPS-123"),
        survey=survey or a_survey(target=target),
        promoted_fingerprint=promoted,
    )


def test_is_the_rollout_before_its_first_change():
    draft = a_draft()
    plan = Plan(STANDARD, 60, (), "f-2", "orders-api", is_new_deployment=True)
    expected = a_rollout(plan=plan, intent=an_intent(deployment_id=None), reason="OPS-123")
    assert draft == expected
    assert draft.phase is Phase.PREPARING


def test_writes_down_the_way_back():
    assert a_draft().way_back == a_way_back()


@pytest.mark.parametrize(("asked", "deployment"), [("dep-9", "dep-9"), (UNCHANGED, "dep-old"), (None, None)])
def test_knows_its_deployment_unless_it_is_to_be_made(asked, deployment):
    draft = a_draft(release=Release(deployment=asked))
    assert draft.intent.deployment_id == deployment
    assert draft.plan.is_new_deployment is (deployment is None)


def test_uses_bases_deployment_where_the_definition_was_promoted_last():
    draft = a_draft(promoted="f-2")
    assert (draft.intent.deployment_id, draft.plan.is_new_deployment) == ("dep-old", False)


def test_overrides_the_variable_that_tells_the_arms_apart():
    intent = a_draft().intent
    assert (intent.overrides, intent.alias_variable, intent.promoted_variables) == (OVERRIDES, "lambdaAlias", {})


def test_overrides_the_variables_of_the_release_too_and_promotes_those_alone():
    intent = a_draft(release=Release(variables={"newCheckout": "on"})).intent
    assert intent.overrides == {**OVERRIDES, "newCheckout": "on"}
    assert intent.promoted_variables == {"newCheckout": "on"}


def test_has_neither_deployment_nor_overrides_without_a_stage():
    draft = a_draft(target=a_target(stage=None))
    assert draft.intent == Intent(NEW)
    assert draft.way_back == WayBack(OLD)
    assert (draft.plan.fingerprint, draft.plan.api_name, draft.plan.is_new_deployment) == (None, "", False)


def test_tolerates_what_fired_before_the_start_where_the_policy_does():
    survey = a_survey(alarms=(AlarmReading("noisy", AlarmState.ALARM, is_ours=False),))
    assert a_draft(survey=survey, policy=HOTFIX).plan.tolerated_alarms == ("noisy",)
    assert a_draft(survey=survey).plan.tolerated_alarms == ()


def test_notes_what_a_cache_means_for_latency():
    assert a_draft(survey=a_survey(stage=a_stage_survey(has_cache=True))).plan.notes == (CACHE_NOTE,)


@pytest.mark.parametrize(
    ("release", "promoted", "is_same"),
    [
        (Release(OLD), "f-2", True),
        (Release(OLD, UNCHANGED), "f-1", True),
        (Release(OLD, "dep-old"), "f-1", True),
        (Release(OLD), "f-1", False),
        (Release(OLD, "dep-9"), "f-2", False),
        (Release({**OLD, "orders-read": "2"}), "f-2", False),
        (Release(OLD, UNCHANGED, {"newCheckout": "on"}), "f-2", False),
        (Release(OLD, variables={"region": "us"}), "f-2", False),
        (Release(OLD, UNCHANGED, {"region": "eu"}), "f-2", True),
        (Release({**OLD, "orders-read": "2"}, UNCHANGED, {"region": "eu"}), "f-2", False),
    ],
)
def test_knows_a_release_that_base_already_runs(release, promoted, is_same):
    stage = a_stage(variables={**BASE_VARIABLES, "region": "eu"})
    survey = a_survey(stage=a_stage_survey(stage=stage))
    assert is_unchanged(a_draft(release=release, promoted=promoted, survey=survey)) is is_same


@pytest.mark.parametrize(("release", "is_same"), [(Release(OLD), True), (Release(), False)])
def test_knows_versions_that_base_already_runs(release, is_same):
    assert is_unchanged(a_draft(release=release, target=a_target(stage=None))) is is_same


def test_a_survey_whose_stage_is_gone_has_no_stage_to_go_back_to():
    survey = a_survey(stage=replace(a_stage_survey(), stage=None))
    assert a_draft(survey=survey).way_back == WayBack(OLD)
