"""A revert before its first change: what it brings back, what keeps it from that, and its draft."""

from dataclasses import replace

import pytest

from canary.rules.checks.draft import CACHE_NOTE, is_unchanged
from canary.rules.checks.function_checks import VersionState
from canary.rules.checks.reverts import (
    draft_revert,
    earlier_release,
    find_revert_problems,
    note_alarms,
    slower_way,
    without_steps,
)
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from canary.rules.releases.plan import longest_seconds
from canary.rules.releases.readings import Deployed
from canary.rules.releases.release import Revert
from canary.rules.rollouts.phases import SETTLE_SECONDS, Phase
from canary.rules.rollouts.taken_back import identify
from canary.rules.targets.live import LiveAlias
from canary.rules.targets.policy import STANDARD, WhenUnproven
from tests.builders import (
    BASE_VARIABLES,
    DEFINITION,
    EXECUTION,
    NEW,
    NOON,
    OLD,
    OVERRIDES,
    a_canary,
    a_definitions,
    a_function_survey,
    a_rollout,
    a_snapshot,
    a_stage,
    a_stage_survey,
    a_survey,
    a_target,
    an_intent,
)

PROMOTED = a_rollout(phase=Phase.PROMOTED)
BASE = Deployed("dep-new", DEFINITION)
OLD_DEPLOYMENT = Deployed("dep-old", recorded="v9:old")
FIRING = AlarmReading("payments", AlarmState.ALARM, is_ours=False, detail="payments fail")
GONE = AlarmReading("orders", AlarmState.GONE, is_ours=False)


def a_surveyed(*, variables=BASE_VARIABLES, named=OLD_DEPLOYMENT, canary=NEW, functions=None, alarms=(), **changes):
    """The target after the rollout was promoted, surveyed for a revert of it."""
    stage = a_stage_survey(
        stage=a_stage(deployment_id="dep-new", variables=variables),
        definitions=a_definitions(base=BASE, named=named),
        **changes,
    )
    found = {
        name: a_function_survey(NEW[name], canary=LiveAlias(canary[name]), newest=None, brings=VersionState(OLD[name]))
        for name in OLD
    }
    return a_survey(stage=stage, functions={**found, **(functions or {})}, alarms=alarms)


def a_draft(*, reverted=PROMOTED, to=None, survey=None, target=None, reason=""):
    target = target or a_target()
    return draft_revert(
        rollout_id="run-1-revert",
        execution=EXECUTION,
        now=NOON,
        target=target,
        revert=Revert("orders", reverted.rollout_id, to.rollout_id if to else None, reason),
        reverted=reverted,
        earlier=earlier_release(target, reverted, to),
        survey=survey or a_surveyed(),
    )


def problems_of(survey, *, target=None, reverted=PROMOTED):
    target = target or a_target()
    return [str(one) for one in find_revert_problems(target, earlier_release(target, reverted, None), survey)]


def test_a_revert_brings_back_what_base_served_before():
    draft = a_draft(reason="OPS-1")
    assert (draft.intent.versions, draft.intent.deployment_id, draft.intent.overrides) == (OLD, "dep-old", OVERRIDES)
    assert (draft.snapshot.live, draft.snapshot.deployment_id) == (NEW, "dep-new")
    assert (draft.reverts, draft.takes_back) == ("run-1", identify(PROMOTED))
    assert draft.reason == "rollout run-1 is taken back: OPS-1"
    assert (draft.plan.policy.steps, draft.plan.look_seconds, draft.phase) == ((), 0, Phase.PREPARING)
    assert not is_unchanged(draft)


def test_the_revert_of_a_drill_is_part_of_it():
    assert a_draft(reverted=replace(PROMOTED, is_drill=True)).is_drill
    assert not a_draft().is_drill


def test_a_revert_can_go_back_to_an_earlier_rollout():
    first = a_rollout(
        rollout_id="run-0",
        phase=Phase.PROMOTED,
        snapshot=a_snapshot(variables={**BASE_VARIABLES, "mode": "slow", "gone": "1"}),
        intent=an_intent(
            versions={"orders-read": "0"},
            deployment_id="dep-0",
            overrides={"flag": "on", **OVERRIDES},
            removed_variables=("gone",),
        ),
    )
    reverted = a_rollout(phase=Phase.PROMOTED, intent=an_intent(overrides={"mode": "fast", "gone": "2", **OVERRIDES}))
    draft = a_draft(reverted=reverted, to=first)
    assert draft.intent.versions == {"orders-read": "0", "orders-write": "6"}
    assert (draft.intent.deployment_id, draft.reverts_to) == ("dep-0", "run-0")
    assert draft.intent.promoted_variables == {"flag": "on", "mode": "slow"}
    assert draft.intent.removed_variables == ("gone",)


def test_variables_get_their_old_values_and_new_ones_are_removed_with_the_flip():
    had = {**BASE_VARIABLES, "mode": "slow"}
    reverted = a_rollout(
        phase=Phase.PROMOTED,
        snapshot=a_snapshot(variables=had),
        intent=an_intent(overrides={"mode": "fast", "flag": "on", **OVERRIDES}),
    )
    draft = a_draft(reverted=reverted, survey=a_surveyed(variables={**BASE_VARIABLES, "mode": "fast", "flag": "on"}))
    assert draft.intent.promoted_variables == {"mode": "slow"}
    assert draft.intent.removed_variables == ("flag",)
    assert "stage variable flag is removed with the flip, because a canary cannot hide a variable" in draft.plan.notes


def test_a_release_of_variables_alone_is_unchanged_only_once_they_are_back():
    intent = an_intent(versions=OLD, deployment_id="dep-old", overrides={"flag": "on", **OVERRIDES})
    reverted = a_rollout(phase=Phase.PROMOTED, intent=intent)
    functions = {name: a_function_survey(OLD[name], OLD[name]) for name in OLD}
    for variables, is_back in (({**BASE_VARIABLES, "flag": "on"}, False), (BASE_VARIABLES, True)):
        stage = a_stage_survey(stage=a_stage(variables=variables))
        draft = a_draft(reverted=reverted, survey=a_survey(stage=stage, functions=functions))
        assert is_unchanged(draft) is is_back


def test_aliases_that_are_there_already_need_not_settle():
    assert a_draft().must_aliases_settle is True
    assert a_draft(survey=a_surveyed(canary=OLD)).must_aliases_settle is False


@pytest.mark.parametrize(("until", "seconds"), [(0, 0), (20.5, 21), (-5, 0)])
def test_aliases_that_moved_just_now_settle_for_the_rest_of_their_time(until, seconds):
    reverted = replace(PROMOTED, aliases_settle_until=NOON + until)
    draft = a_draft(reverted=reverted, survey=a_surveyed(canary=OLD))
    assert draft.seconds_to_settle(NOON) == seconds
    assert a_draft(reverted=reverted).seconds_to_settle(NOON) == SETTLE_SECONDS


def test_without_a_stage_the_live_aliases_alone_go_back():
    target = a_target(stage=None)
    reverted = a_rollout(target=target, phase=Phase.PROMOTED)
    survey = a_survey(target=target, functions={name: a_function_survey(NEW[name], OLD[name], canary=None) for name in OLD})
    draft = a_draft(reverted=reverted, target=target, survey=survey)
    assert (draft.intent.versions, draft.intent.deployment_id, not draft.must_aliases_settle) == (OLD, None, True)
    assert problems_of(survey, target=target, reverted=reverted) == []
    way = slower_way(target, earlier_release(target, reverted, None), survey)
    assert way.fix == "the slower way: start it: canary start orders --function orders-read=1 --function orders-write=5"


def test_a_definition_that_can_be_read_is_known_by_its_fingerprint():
    named = replace(OLD_DEPLOYMENT, definition=DEFINITION, routes=())
    survey = a_surveyed(named=named)
    unread = a_draft(survey=survey)
    assert unread.plan.fingerprint == "v9:old"
    assert "what deployment dep-old holds cannot be read" in unread.plan.notes[0]
    same = a_rollout(phase=Phase.PROMOTED, intent=an_intent(deployment_id="dep-old"))
    read = a_draft(reverted=same, survey=a_survey())
    assert read.plan.fingerprint == fingerprint(DEFINITION)
    assert a_draft(survey=replace(survey, stage=replace(survey.stage, definitions=None))).plan.fingerprint is None


def test_alarms_are_noted_and_do_not_keep_a_release_from_coming_back():
    survey = a_surveyed(alarms=(FIRING, GONE), has_cache=True)
    notes = a_draft(survey=survey).plan.notes
    assert problems_of(survey) == []
    assert notes[0] == CACHE_NOTE
    assert notes[1] == "alarm payments is firing: payments fail; a revert goes on all the same"
    assert "alarm orders no longer exists" in notes[2]


def test_an_alarm_is_noted_once():
    once = note_alarms(a_draft(), (FIRING,))
    assert once.plan.notes[-1].startswith("alarm payments is firing")
    assert note_alarms(once, (FIRING,)) == once
    assert note_alarms(once, ()) == once


def test_the_target_may_be_ready():
    assert problems_of(a_surveyed()) == []


@pytest.mark.parametrize(
    ("survey", "said"),
    [
        (a_surveyed(deployment_exists=False), "deployment dep-old is not one of this API's"),
        (replace(a_surveyed(), stage=a_stage_survey(stage=None)), "stage prod of API a1b2c3d4e5 does not exist"),
        (
            a_surveyed(functions={"orders-read": replace(a_function_survey("2"), brings=None)}),
            "version 1 does not exist",
        ),
        (a_surveyed(functions={"orders-read": replace(a_function_survey("2"), canary=None)}), "alias canary does not exist"),
        (replace(a_surveyed(), stage=a_stage_survey(stage=a_stage(a_canary()))), "it already has a canary"),
        (a_surveyed(log_group="elsewhere"), "the stage logs to elsewhere"),
    ],
)
def test_what_is_gone_or_in_the_way_is_a_problem(survey, said):
    assert said in "; ".join(problems_of(survey))


def test_other_callers_of_either_alias_are_no_problem():
    shared = a_surveyed(other_stages=("beta",), canary_stages=("alpha",), functions={"orders-read": _read_by_a_queue()})
    assert problems_of(shared) == []


def _read_by_a_queue():
    queues = ("arn:aws:sqs:eu-west-1:123456789012:queue",)
    survey = a_function_survey("2", "1", event_sources={"live": queues, "canary": queues})
    return replace(survey, brings=VersionState("1"))


def test_the_slower_way_names_what_is_left():
    target, earlier = a_target(), earlier_release(a_target(), PROMOTED, None)
    assert slower_way(target, earlier, a_surveyed()).fix == (
        "the slower way: start it: canary start orders --function orders-read=1 --function orders-write=5 --deployment dep-old"
    )
    gone = a_surveyed(deployment_exists=False, functions={"orders-read": replace(a_function_survey("2"), brings=None)})
    assert slower_way(target, earlier, gone).fix == (
        "the slower way: publish orders-read as it was, name the new version too, and start it: "
        "canary start orders --function orders-write=5 --deployment present"
    )


def test_a_function_that_is_new_to_the_target_keeps_its_version():
    target = a_target("orders-read", "orders-write", "orders-new")
    survey = a_surveyed(functions={"orders-new": a_function_survey("9", "9")})
    assert a_draft(target=target, survey=survey).intent.versions == {**OLD, "orders-new": "9"}


def test_a_revert_lasts_no_longer_than_its_drain():
    policy = replace(STANDARD, not_before_seconds=3600, when_unproven=WhenUnproven.PROMOTE)
    assert longest_seconds(without_steps(policy)) == 0
