"""What a start would do, from values alone."""

from dataclasses import replace

import pytest

from canary.rules.checks.forecast import Traffic, forecast_start
from canary.rules.checks.function_checks import FunctionSurvey, VersionState
from canary.rules.checks.stage_checks import StageSurvey
from canary.rules.checks.survey import Survey
from canary.rules.judging.warm_up import UNKNOWN, SeenChange
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from canary.rules.releases.problems import Problem
from canary.rules.releases.release import UNCHANGED, Release, Request
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.taken_back import TakenBack, identify
from canary.rules.rollouts.warm_ups import NOTHING_SEEN, SeenRelease
from canary.rules.targets.access_log import LOG_FORMAT
from canary.rules.targets.floor import Floor
from canary.rules.targets.live import AccessLog, LiveAlias
from canary.rules.targets.policy import OnNewer, PolicyChanges, WhenQuiet
from canary_cli.planning.drafting import Sight, draft_of
from canary_cli.planning.holding import Held
from canary_cli.planning.open_points import UNKNOWN_TRAFFIC, UNSEEN, UNSEEN_API
from canary_cli.planning.prospect import Foreseen, foresee
from canary_cli.planning.prospect_text import lines_of_prospect
from tests.builders import EXECUTION, NEW, NOON, OLD, a_rollout, a_stage, a_target

BUSY = Traffic(((600, 1),) * 1440, 600.0)
SILENT = Traffic((), 0.0)


def seen(versions=NEW, *, target=None, alarms=(), stage=True, **changes):
    """What was read of a target at rest whose newest versions are these."""
    target = target or a_target()
    live = a_stage(log=AccessLog(target.access_log_group, LOG_FORMAT))
    functions = {
        name: FunctionSurvey(
            LiveAlias(OLD[name]), LiveAlias(OLD[name]) if target.stage else None, versions[name], VersionState(versions[name])
        )
        for name in OLD
    }
    found = StageSurvey(stage=live if stage else None, log_group=target.access_log_group, log_format=LOG_FORMAT)
    return replace(Sight(NOON, Survey(functions, found if target.stage else None, alarms)), **changes)


def foreseen(sight=None, traffic=BUSY, *, target=None, **request):
    asked, target = Request("orders", **request), target or a_target()
    sight = sight or seen(target=target)
    return foresee(asked, sight, draft_of(asked, target, sight), traffic)


def taken_back(deployment="dep-old", **request):
    """A release that an earlier rollout brought, with this deployment."""
    draft = draft_of(Request("orders", **request), a_target(), seen())
    identity = replace(identify(draft), fingerprint="abc", deployment_id=deployment)
    return TakenBack(identity, "run-0", NOON - 3600, "errors")


def test_a_release_starts_with_its_versions_steps_and_price():
    found = foreseen()

    assert found.outcome is Foreseen.START
    assert [(one.function, one.old, one.new) for one in found.versions] == [
        ("orders-read", "1", "2"),
        ("orders-write", "5", "6"),
    ]
    assert [step.weight_percent for step in found.steps] == [10.0, 25.0, 50.0]
    assert all(0 < step.expected_minutes < step.longest_minutes for step in found.steps)
    assert found.problems == ()
    assert found.open_points == (UNSEEN_API,)
    text = "\n".join(lines_of_prospect(found))
    assert text.startswith("orders: a start would begin a rollout, as far as can be seen\n")
    assert "release   orders-read 1 -> 2" in text
    assert (
        "policy    standard: 10 % for 15 min, 25 % for 15 min, 50 % for 15 min, then promotion; the bakes take 45 min" in text
    )
    assert "traffic   base had 600.0 requests per minute in the last day" in text
    assert "step 1    10 % needs " in text
    assert f"price     about {found.price}" in text


def test_the_price_is_about_that_of_the_demo():
    """The README's healthy rollout without its watch: 139 transitions, 49 Lambda calls, $0.0075."""
    dollars, _, counts = foreseen().price.partition(": ")
    transitions, calls, _ = (int(part.split()[0]) for part in counts.split(", "))

    assert 0.006 < float(dollars.removeprefix("$")) < 0.009
    assert abs(transitions - 139) <= 15
    assert abs(calls - 49) <= 5


def test_what_base_runs_already_is_unchanged_whatever_the_alarms_say():
    firing = AlarmReading("payments", AlarmState.ALARM, is_ours=False, detail="fails")
    found = foreseen(seen(OLD, alarms=(firing,)), release=Release(deployment=UNCHANGED))

    assert (found.outcome, found.problems, found.open_points) == (Foreseen.UNCHANGED, (), ())
    assert "orders-read stays at 1" in "\n".join(lines_of_prospect(found))


def test_without_a_new_version_it_depends_on_the_definition_that_is_not_read():
    found = foreseen(seen(OLD))

    assert found.outcome is Foreseen.START
    assert "nothing is started unless the API's definition changed" in found.open_points[0]


@pytest.mark.parametrize(
    ("sight", "request_", "problem"),
    [
        (seen(alarms=(AlarmReading("a", AlarmState.ALARM, is_ours=True, detail="x"),)), {}, "alarm a is already firing"),
        (seen(stage=False), {}, "stage prod of API a1b2c3d4e5 does not exist"),
        (seen(), {"release": Release({"nope": "1"})}, "target orders has no such function"),
        (
            seen(holder=Held(Problem("target", "rollout run-0 is running", "wait"))),
            {},
            "target: rollout run-0 is running; wait",
        ),
        (seen(), {"policy_override": PolicyChanges(max_extension_seconds=14 * 86_400)}, "more than an execution's history"),
    ],
)
def test_what_can_be_seen_to_refuse_it_does(sight, request_, problem):
    found = foreseen(sight, **request_)

    assert found.outcome is Foreseen.REFUSED
    assert problem in found.problems[-1]
    assert (found.notes, found.open_points) == ((), ())
    assert "a start would be refused (1 found)" in next(lines_of_prospect(found))


def test_a_held_target_hides_what_the_other_rollout_causes():
    found = foreseen(seen(stage=False, holder=Held(Problem("target", "held", "wait"))))

    assert found.problems == ("target: held; wait",)


def test_a_release_that_was_rolled_back_is_refused_without_retry():
    named = {"release": Release(NEW, deployment="dep-new")}
    sight = seen(taken_back=(taken_back("dep-new", **named),))

    assert "rollout run-0 of the same release was rolled back" in foreseen(sight, **named).problems[0]
    again = foreseen(sight, is_retry=True, reason="not at fault", **named)
    assert again.outcome is Foreseen.START
    assert "this is a retry: rollout run-0" in again.notes[-1]


def test_where_only_the_definition_could_tell_the_refusal_is_an_open_point():
    sight = seen(taken_back=(taken_back(),))

    assert "it may be refused without --retry: rollout run-0" in foreseen(sight).open_points[0]
    assert foreseen(sight, is_retry=True, reason="x").open_points == (UNSEEN_API,)


def test_too_little_traffic_is_noted_or_refused():
    noted = foreseen(traffic=SILENT)
    assert "little traffic: base had no request" in noted.notes[-1]
    assert "never at this traffic" in "\n".join(lines_of_prospect(noted))

    changes = PolicyChanges(when_quiet=WhenQuiet.REFUSE)
    refused = foreseen(traffic=SILENT, policy_override=changes)
    draft = draft_of(Request("orders"), a_target(), seen())
    assert refused.problems[0].startswith(f"policy.when_quiet: {forecast_start(draft, SILENT)}")


def test_unknown_traffic_is_said():
    found = foreseen(traffic=None)

    assert (found.requests_per_minute, found.steps[0].needed_requests) == (None, None)
    assert UNKNOWN_TRAFFIC in found.open_points
    assert "traffic   not known" in "\n".join(lines_of_prospect(found))


def test_a_target_without_an_api_has_no_deployment():
    target = a_target(stage=None)
    found = foreseen(target=target)

    assert (found.outcome, found.deployment, found.open_points) == (Foreseen.START, None, (UNSEEN,))
    assert "deployment" not in "\n".join(lines_of_prospect(found))


STRICT = replace(a_target(), floor=Floor(min_steps=4))
REPLACING = {"policy_override": PolicyChanges(on_newer=OnNewer.REPLACE)}


def held(phase=Phase.SHIFTING, owner=EXECUTION, **changes):
    return Held(Problem("target", "rollout run-1 is running", "wait"), a_rollout(phase=phase, **changes), owner)


def test_a_policy_below_the_floor_is_refused_unless_an_authorizer_asks():
    found = foreseen(target=STRICT)
    assert found.outcome is Foreseen.REFUSED
    assert found.problems[0].startswith(
        "floor.min_steps: policy standard has 3 steps, and at least 4 are required; give a policy"
    )
    allowed = foreseen(seen(is_below_allowed=True), target=STRICT)
    assert allowed.outcome is Foreseen.START
    assert allowed.notes[0].startswith("below the target's floor, which only an authorizer may allow: floor.min_steps: ")


@pytest.mark.parametrize(
    ("holder", "request_", "outcome", "said"),
    [
        (held(), {}, Foreseen.REFUSED, "target: rollout run-1 is running; wait"),
        (held(), REPLACING, Foreseen.START, "the start replaces rollout run-1, which is shifting and is rolled back first"),
        (
            held(Phase.MOVING_BASE),
            REPLACING,
            Foreseen.START,
            "the start waits for the end of rollout run-1, which is moving_base",
        ),
        (held(Phase.WATCHING), {}, Foreseen.START, "the start ends the watch of rollout run-1, whose release stays promoted"),
        (held(reverts="run-0"), REPLACING, Foreseen.REFUSED, "a revert is never replaced"),
        (held(requested_at=NOON + 60), REPLACING, Foreseen.REFUSED, "later than this start"),
    ],
)
def test_what_happens_to_the_rollout_that_holds_the_target(holder, request_, outcome, said):
    found = foreseen(seen(holder=holder), **request_)
    assert found.outcome is outcome
    assert said in (found.notes or found.problems)[0]


def test_a_start_that_is_invalid_replaces_nothing():
    found = foreseen(seen(holder=held()), target=STRICT, **REPLACING)
    assert found.outcome is Foreseen.REFUSED
    assert [problem.partition(":")[0] for problem in found.problems] == ["floor.min_steps", "target"]


def test_the_warm_up_is_the_one_that_the_rollout_would_begin_with():
    slow = SeenChange({"slow_p99": ((6000, 3000, 54_000, 540),) * 6}, {"slow_p99": 0.0})
    known = seen(seen=NOTHING_SEEN.after(SeenRelease("before", (slow,))))
    assert draft_of(Request("orders"), a_target(), seen()).target.metrics.warm_up == UNKNOWN
    assert draft_of(Request("orders"), a_target(), known).target.metrics.warm_up[0] == 0.5
    assert foreseen().notes == ()
    assert foreseen(known).notes[-1].startswith("earlier releases were slow at first, so 50 %, ")
