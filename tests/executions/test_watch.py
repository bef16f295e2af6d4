"""The watch after promotion, in whole executions: a good release ends as promoted, and one that breaks later is found."""

from dataclasses import replace

from canary.rules.rollouts.watched import WatchEnd
from canary.rules.targets.access_log import metric_namespace
from canary.rules.targets.policy import AfterPromotion
from demo.controller import OPERATOR
from embedded_aws.embedded import EmbeddedAws
from tests.executions.test_alias_shifter import ShipRig
from tests.executions.test_records_refused import listen, told
from tests.executions.test_verbs import call
from tests.rig import QUICK, Rig

WATCHED = replace(QUICK, watch_seconds=600, after_promotion=AfterPromotion.NOTIFY)


def watched(aws: EmbeddedAws, **changes: object) -> tuple[Rig, str]:
    """A release that is promoted and watched."""
    rig = Rig(aws, policy=replace(WATCHED, **changes), per_minute=60)
    listen(rig)
    rig.publish()
    arn = rig.start()
    rig.aws.clock.run_until(lambda: "Watch" in rig.states(arn), limit=1500)
    return rig, arn


def fail_from_now_on(rig: Rig) -> None:
    """Most requests fail, as if something that only all traffic breaks had broken; never more than there are."""
    start = int(rig.aws.clock.now() // 60 + 1) * 60
    for minute in range(start, start + 600, 60):
        rig.aws.metrics.put(metric_namespace("orders"), "BaseErrors", {}, minute, [1.0] * 45)


def test_a_good_release_is_watched_and_ends_as_promoted(aws: EmbeddedAws):
    rig, arn = watched(aws)
    owned = rig.record_of(arn)
    assert (owned.rollout.phase, owned.lock.rollout_id) == ("watching", owned.rollout.rollout_id)
    assert owned.lock.promoted_rollout_id == owned.rollout.rollout_id
    rig.settle(5)
    assert len(told(rig, "Rollout Promoted")) == 1
    ended = rig.finish(arn)

    assert (ended.status, ended.ending, ended.output["outcome"]) == ("SUCCEEDED", "Promoted", "promoted")
    assert ended.states[-4:] == ["Watch", "WatchPromotion", "WhichOutcome", "Promoted"]
    watch = rig.record_of(arn).rollout.watch
    assert (watch.end, watch.unseen, watch.until) == (WatchEnd.OVER, (), watch.since + 600)
    assert watch.metrics["errors"].minutes >= 5
    assert ended.states.count("WatchPromotion") == watch.looks
    assert f"{len(ended.states)} transitions" in ended.output["price"]
    assert rig.is_at_rest()
    rig.settle(120)
    assert [len(told(rig, kind)) for kind in ("Rollout Promoted", "Rollout Watch Ended", "Rollout Ended")] == [1, 0, 0]


def test_a_release_that_breaks_after_its_promotion_is_found_and_reported(aws: EmbeddedAws):
    rig, arn = watched(aws)
    fail_from_now_on(rig)
    ended = rig.finish(arn)

    assert ended.ending == "Promoted"
    assert ended.output["watch"]["end"] == "condemned"
    watch = rig.record_of(arn).rollout.watch
    assert watch.ended_at < watch.until
    assert watch.reason.startswith("errors: ")
    rig.settle(5)
    ((_, detail),) = told(rig, "Rollout Watch Ended")
    assert detail["watch"]["reason"] == watch.reason


def test_a_release_that_breaks_after_its_promotion_is_taken_back(aws: EmbeddedAws):
    rig, arn = watched(aws, after_promotion=AfterPromotion.REVERT)
    fail_from_now_on(rig)
    ended = rig.finish(arn)

    assert (ended.status, ended.error, ended.ending) == ("FAILED", "Reverted", "Reverted")
    name = arn.rsplit(":", 1)[-1]
    revert = rig.records.find(f"{name}-watch-revert").rollout
    assert ended.cause == revert.reason
    assert (revert.phase, revert.reverts, revert.execution) == ("promoted", name, arn)
    promoted = rig.record_of(arn).rollout
    assert (promoted.phase, promoted.watch.end, promoted.watch.reverted_by) == ("promoted", "condemned", revert.rollout_id)
    assert {live for live, _ in rig.aliases().values()} == {"1"}
    assert rig.is_at_rest()
    rig.settle(5)
    assert [len(told(rig, kind)) for kind in ("Rollout Watch Ended", "Rollout Reverted", "Operator Needed")] == [1, 1, 0]
    assert rig.run().ending == "Refused"


def test_an_advance_ends_a_watch(aws: EmbeddedAws):
    rig, arn = watched(aws)
    ended = rig.finish(rig.start(operation="advance"))

    assert (ended.ending, ended.output["outcome"]) == ("Unchanged", "unchanged")
    watch = rig.record_of(arn).rollout.watch
    assert (watch.end, rig.is_at_rest()) == (WatchEnd.CUT_SHORT, True)
    assert rig.finish(arn).ending == "Promoted"
    rig.settle(5)
    assert len(told(rig, "Rollout Watch Ended")) == 1


def test_a_start_takes_the_target_from_a_watch(aws: EmbeddedAws):
    rig, arn = watched(aws)
    versions = rig.publish()
    later = rig.start()
    first = rig.finish(arn)

    assert (first.ending, first.output["watch"]["cut_short_by"]) == ("Promoted", later.rsplit(":", 1)[-1])
    rig.aws.clock.run_until(lambda: "Watch" in rig.states(later), limit=1500)
    assert {name: live for name, (live, _) in rig.aliases().items()} == versions


def test_an_abort_of_a_watched_release_takes_it_back(aws: EmbeddedAws):
    rig, arn = watched(aws)
    answer = call(rig, OPERATOR, verb="abort")
    assert (answer["answer"], answer["takes_back"]) == ("ACCEPTED", arn.rsplit(":", 1)[-1])
    reverted = rig.finish(answer["execution"])

    assert (reverted.ending, reverted.output["operation"]) == ("Promoted", "revert")
    assert {live for live, _ in rig.aliases().values()} == {"1"}
    assert rig.finish(arn).ending == "Promoted"
    assert rig.record_of(arn).rollout.watch.cut_short_by == reverted.output["rollout"]


def test_behind_weights_the_promoted_version_is_watched(aws: EmbeddedAws):
    ship = ShipRig(aws, WATCHED)
    ship.publish()
    arn = ship.start()
    assert ship.finish(arn).ending == "Promoted"
    watch = ship.record_of(arn).rollout.watch
    assert (watch.end, watch.unseen) == (WatchEnd.OVER, ())
    assert watch.metrics["errors"].minutes >= 5
    assert watch.metrics["errors"].requests > 500
