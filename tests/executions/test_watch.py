"""The watch after promotion, in whole executions: a good release ends as promoted, and one that breaks is found."""

from dataclasses import replace

from canary.rules.targets.access_log import metric_namespace
from canary.rules.targets.policy import AfterPromotion
from embedded_aws.embedded import EmbeddedAws
from tests.rig import QUICK, Rig

WATCHED = replace(QUICK, watch_seconds=600, after_promotion=AfterPromotion.NOTIFY)
LOOK = ["Watch", "WatchPromotion", "WhichOutcome"]


def watching(rig: Rig, arn: str) -> None:
    """Let time pass until the release is promoted and watched."""
    rig.aws.clock.run_until(lambda: "Watch" in rig.states(arn), limit=1500)


def told(rig: Rig) -> list[str]:
    return [event["detail-type"] for event in rig.aws.events.sent if event["source"] == "canary"]


def test_a_good_release_is_watched_and_ends_as_promoted(aws: EmbeddedAws):
    rig = Rig(aws, policy=WATCHED)
    rig.publish()
    arn = rig.start()
    watching(rig, arn)
    lock = rig.records.read_lock("orders")
    assert (lock.rollout_id, lock.promoted_rollout_id) == (arn.rsplit(":", 1)[-1],) * 2
    ended = rig.finish(arn)
    print(rig.record_of(arn).rollout.watch, ended)
    assert (ended.status, ended.ending) == ("SUCCEEDED", "Promoted")


def test_b(aws: EmbeddedAws):
    rig = Rig(aws, policy=WATCHED)
    rig.publish()
    arn = rig.start()
    watching(rig, arn)
    start = int(rig.aws.clock.now() // 60) * 60
    for minute in range(start + 60, start + 600, 60):
        rig.aws.metrics.put(metric_namespace("orders"), "BaseErrors", {}, minute, *([1.0] * 90))
    ended = rig.finish(arn)
    print(rig.record_of(arn).rollout.watch, ended)
