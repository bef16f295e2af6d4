from dataclasses import replace

import pytest

from canary.rules.checks.draft import CACHE_NOTE, draft_rollout, is_unchanged
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.definitions.routes import RouteChanges, routes_of
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from canary.rules.releases.plan import Plan
from canary.rules.releases.problems import RefusedError
from canary.rules.releases.readings import Deployed, Reading
from canary.rules.releases.release import UNCHANGED, Expectation, Release, Request
from canary.rules.rollouts.phases import Phase
from canary.rules.targets.live import Intent, Snapshot
from canary.rules.targets.policy import HOTFIX, STANDARD
from canary.rules.targets.target import Outside, OutsideRoute
from tests.builders import (
    BASE_VARIABLES,
    DEFINITION,
    EXECUTION,
    NEW,
    NOON,
    OLD,
    OVERRIDES,
    a_definitions,
    a_rollout,
    a_snapshot,
    a_stage,
    a_stage_survey,
    a_survey,
    a_target,
    an_intent,
)
from tests.rules.api_world import ORDERS, Call, lambda_uri, read

EDITED = read(ORDERS.with_verb("/orders", "DELETE"))
NAMED = a_definitions(present=None, named=Deployed("dep-9", EDITED, routes=routes_of(EDITED)))


def with_stage(**changes):
    return a_survey(stage=a_stage_survey(**changes))


PROMOTED = with_stage(definitions=a_definitions(is_promoted=True))


def a_draft(*, release=None, target=None, survey=None, policy=STANDARD):
    target = target or a_target()
    return draft_rollout(
        rollout_id="run-1",
        execution=EXECUTION,
        now=NOON,
        target=target,
        policy=policy,
        request=Request("orders", release or Release(), reason="OPS-123"),
        survey=survey or a_survey(target=target),
    )


def test_is_the_rollout_before_its_first_change():
    draft = a_draft()
    plan = Plan(STANDARD, 60, (), fingerprint(DEFINITION), "orders-api", is_new_deployment=True, reading=Reading.PRESENT)
    expected = a_rollout(plan=plan, intent=an_intent(deployment_id=None), reason="OPS-123")
    assert draft == expected
    assert draft.phase is Phase.PREPARING


def test_records_whose_errors_lambda_counts_where_the_log_does_not_show_them():
    hiding = Call("AWS", lambda_uri("orders-read"), responses={"default": ("200", {})})
    present = read(ORDERS.with_verb("/orders", "GET", call=hiding))
    plan = a_draft(survey=with_stage(definitions=a_definitions(present=present))).plan
    assert plan.function_errors == ("orders-read", "orders-write")
    assert any("function_errors are compared too" in note for note in plan.notes)


def test_records_the_snapshot():
    assert a_draft().snapshot == a_snapshot()


@pytest.mark.parametrize(
    ("asked", "definitions", "deployment"),
    [("dep-9", NAMED, "dep-9"), (UNCHANGED, a_definitions(present=None), "dep-old"), (None, a_definitions(), None)],
)
def test_knows_its_deployment_unless_it_is_to_be_made(asked, definitions, deployment):
    draft = a_draft(release=Release(deployment=asked), survey=with_stage(definitions=definitions))
    assert draft.intent.deployment_id == deployment
    assert draft.plan.is_new_deployment is (deployment is None)


def test_uses_bases_deployment_where_the_definition_was_promoted_last():
    draft = a_draft(survey=PROMOTED)
    assert (draft.intent.deployment_id, draft.plan.is_new_deployment) == ("dep-old", False)
    assert draft.plan.reading is Reading.STAGE_EXPORT


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
    assert draft.snapshot == Snapshot(OLD)
    assert (draft.plan.fingerprint, draft.plan.api_name, draft.plan.is_new_deployment) == (None, "", False)


def test_tolerates_what_fired_before_the_start_where_the_policy_does():
    survey = a_survey(alarms=(AlarmReading("noisy", AlarmState.ALARM, is_ours=False),))
    assert a_draft(survey=survey, policy=HOTFIX).plan.tolerated_alarms == ("noisy",)
    assert a_draft(survey=survey).plan.tolerated_alarms == ()


def test_notes_what_a_cache_means_for_latency():
    assert a_draft(survey=a_survey(stage=a_stage_survey(has_cache=True))).plan.notes == (CACHE_NOTE,)


@pytest.mark.parametrize(
    ("release", "definitions", "is_same"),
    [
        (Release(OLD), a_definitions(is_promoted=True), True),
        (Release(OLD, UNCHANGED), a_definitions(present=None), True),
        (Release(OLD, "dep-old"), a_definitions(present=None), True),
        (Release(OLD), a_definitions(), False),
        (Release(OLD, "dep-9"), NAMED, False),
        (Release(OLD, "dep-9"), replace(NAMED, base=replace(NAMED.base, definition=EDITED)), True),
        (Release({**OLD, "orders-read": "2"}), a_definitions(is_promoted=True), False),
        (Release(OLD, UNCHANGED, {"newCheckout": "on"}), a_definitions(is_promoted=True), False),
        (Release(OLD, variables={"region": "us"}), a_definitions(is_promoted=True), False),
        (Release(OLD, UNCHANGED, {"region": "eu"}), a_definitions(is_promoted=True), True),
        (Release({**OLD, "orders-read": "2"}, UNCHANGED, {"region": "eu"}), a_definitions(is_promoted=True), False),
    ],
)
def test_knows_a_release_that_base_already_runs(release, definitions, is_same):
    survey = with_stage(definitions=definitions, stage=a_stage(variables={**BASE_VARIABLES, "region": "eu"}))
    assert is_unchanged(a_draft(release=release, survey=survey)) is is_same


@pytest.mark.parametrize(("release", "is_same"), [(Release(OLD), True), (Release(), False)])
def test_knows_versions_that_base_already_runs(release, is_same):
    assert is_unchanged(a_draft(release=release, target=a_target(stage=None))) is is_same


def test_a_survey_whose_stage_is_gone_has_no_stage_to_go_back_to():
    survey = with_stage(stage=None, definitions=None)
    assert a_draft(survey=survey).snapshot == Snapshot(OLD)
    assert a_draft(survey=survey).plan.reading is None


def test_reports_what_the_release_does_to_routes_and_what_it_cannot_reach():
    outside = Outside((OutsideRoute("/orders"),))
    draft = a_draft(target=a_target(outside=outside), survey=with_stage(definitions=a_definitions(present=EDITED)))

    assert draft.plan.routes == RouteChanges(added=("DELETE /orders",))
    assert draft.plan.notes == (
        (
            "outside the rollout and not counted, although the canary runs the release there: "
            "DELETE /orders, GET /orders, POST /orders"
        ),
        "the release adds DELETE /orders",
    )


def test_reports_every_kind_of_change_and_that_base_could_not_be_read():
    api = read(ORDERS.with_verb("/orders", "GET", key=True))
    definitions = a_definitions(present=api)
    changed = a_draft(survey=with_stage(definitions=definitions))
    base = Deployed("dep-old", None, "AWS says no", routes_of(read(ORDERS.with_verb("/old", "GET"))))
    lost = a_draft(
        survey=with_stage(definitions=replace(definitions, base=base)), release=Release(expects=(Expectation.ROUTES,))
    )

    assert changed.plan.notes == ("the release changes GET /orders (API key not required to required)",)
    assert changed.plan.fingerprint == fingerprint(api)
    assert lost.plan.notes[0] == (
        "base's definition cannot be read, so its routes are compared only by path and method: AWS says no"
    )
    assert "the release loses GET /old" in lost.plan.notes


def test_a_definition_that_turns_out_not_to_be_bases_is_the_present_one():
    base = Deployed("dep-old", None, "AWS says no", (), fingerprint(DEFINITION))
    assert a_draft(survey=with_stage(definitions=replace(a_definitions(), base=base))).plan.reading is Reading.PRESENT


def test_a_definition_that_nothing_shows_is_not_drafted():
    base = Deployed("dep-old", None, "AWS says no")
    with pytest.raises(RefusedError, match="cannot be read: AWS says no"):
        a_draft(release=Release(deployment=UNCHANGED), survey=with_stage(definitions=replace(a_definitions(), base=base)))
