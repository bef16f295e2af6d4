"""KeepReport: the page and the JSON of a rollout that ended are in the bucket, with what broke as far as the logs can say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import AwsRefusedError, RecordGoneError
from canary.edge.events import EndEvent, read_event
from canary.rules.judging.warm_up import UNKNOWN, USUAL, SeenChange
from canary.rules.reports.breakage import NOT_ASKED
from canary.rules.reports.document import read_document
from canary.rules.reports.links import ReportPlace
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.warm_ups import NOTHING_SEEN, SeenRelease
from canary.rules.targets.target import Metrics
from canary.tasks.keep_report import keep_report
from demo.sample import publish_release
from embedded_aws.faults.calls import Fault, Mode
from tests.tasks.walk import SETTLE

if TYPE_CHECKING:
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground

BUCKET = "the-reports"


@pytest.fixture
def keeping(ground: Ground, tools: Tools) -> Tools:
    """The task's tools, with a bucket."""
    s3 = ground.aws.client("s3")
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": ground.aws.region})
    return replace(tools, settings=replace(tools.settings, reports=ReportPlace(BUCKET, ground.aws.region)))


def kept(ground: Ground, key: str) -> tuple[str, str]:
    """An object's type and text."""
    found = ground.aws.client("s3").get_object(Bucket=BUCKET, Key=key)
    return found["ContentType"], found["Body"].read().decode()


def keep(ground: Ground, rollout_id: str, tools: Tools) -> dict[str, Any]:
    """The task's answer; simulated time passes while it waits for the logs."""
    answers: list[dict[str, Any]] = []
    clock = ground.aws.clock
    clock.spawn(lambda: answers.append(keep_report(event(rollout_id), tools)), name="keep")
    clock.run_until(lambda: bool(answers), limit=60)
    return answers[0]


def event(rollout_id: str) -> EndEvent:
    detail: dict[str, Any] = {"target": "orders", "rollout": rollout_id, "phase": "rolled_back"}
    return read_event(EndEvent, {"detail": detail})


def test_a_rolled_back_rollout_is_kept_with_what_broke(ground: Ground, keeping: Tools):
    broken = {"NAME": "broken", "FAILING_SHARE": 0.5, "CATCHES_FAILURES": False}
    walk = ground.walk().shift(release={"functions": publish_release(ground.aws.client, ground.rig.target, broken)})
    walk.pause(240)
    walk.look()
    name = walk.rollout_id

    keep(ground, name, keeping)
    running = json.loads(kept(ground, f"orders/{name}.json")[1])["report"]
    assert (running["broken"], running["broken_note"]) == ([], NOT_ASKED)

    walk.end()
    answer = keep(ground, name, keeping)
    kind, page = kept(ground, f"orders/{name}.html")
    document = json.loads(kept(ground, f"orders/{name}.json")[1])
    assert answer["keys"] == [f"orders/{name}.json", f"orders/{name}.html"]
    assert answer["link"].endswith(f"/s3/object/{BUCKET}?region=eu-west-1&prefix=orders/{name}.html")
    assert kind == "text/html; charset=utf-8"
    assert "DatabaseError: the database does not answer" in page, document["report"]["broken_note"]
    assert read_document(document)[0].phase is Phase.ROLLED_BACK
    assert {one["function"].partition(" ")[0] for one in document["report"]["broken"]} <= {"orders-read", "orders-write"}

    ground.aws.faults.add(Fault(None, "logs", "StartQuery", Mode.REFUSED))
    keep(ground, name, keeping)
    assert "What broke is not known, because the logs could not be read: AWS refused" in kept(ground, f"orders/{name}.html")[1]

    ground.aws.faults.add(Fault(None, "s3", "PutObject", Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match=f"aws s3api put-object --bucket {BUCKET} --key orders/{name}.json"):
        keep_report(event(name), keeping)


def test_a_rollout_that_is_not_recorded_is_an_error(keeping: Tools):
    with pytest.raises(RecordGoneError, match="rollout gone of orders is not recorded, so there is nothing to report"):
        keep_report(event("gone"), keeping)


def test_a_promoted_release_shows_how_long_its_target_warms_up(ground: Ground, keeping: Tools):
    walk = ground.walk(metrics=Metrics(slow=(), latency_limits_ms=(800,))).shift(release={"expects": ["client_errors"]})
    walk.pause(600)
    walk.look()
    assert walk.record.target.metrics.warm_up == UNKNOWN, "nothing was promoted yet"
    keep(ground, walk.rollout_id, keeping)
    assert keeping.records.read_warm_up("orders") == NOTHING_SEEN, "a rollout that goes on shows nothing yet"

    walk.task("TakeAllTraffic")
    for task, seconds in (("MoveBase", 240), ("FlipStage", SETTLE + 5), ("CleanUp", SETTLE + 5)):
        walk.pause(seconds)
        walk.task(task)
    walk.pause(walk.record.plan.policy.watch_seconds + 120)
    walk.task("WatchPromotion")
    assert walk.record.phase is Phase.PROMOTED
    for _ in range(2):
        keep(ground, walk.rollout_id, keeping)
    seen = keeping.records.read_warm_up("orders")
    assert [one.rollout_id for one in seen.releases] == [walk.rollout_id]
    assert {metric for change in seen.changes for metric in change.counts} == {"slow_800ms"}


def test_the_next_rollout_begins_with_what_was_shown_and_says_so(ground: Ground, keeping: Tools):
    slow = ((6000, 3000, 54_000, 540), *((6000, number * 100, 54_000, 540) for number in (12, 9, 6, 3, 1)))
    for counts, warm_up in ((((6000, 60, 54_000, 540),) * 6, [*USUAL]), (slow, [0.5, 0.18, 0.12, 0.06, 0.02])):
        change = SeenChange({"slow_p99": counts}, {"slow_p99": 0.0})
        keeping.records.keep_warm_up("orders", NOTHING_SEEN.after(SeenRelease("before", (change,))))
        draft = ground.walk().check(release={"functions": ground.new})["draft"]
        assert draft["target"]["metrics"]["warm_up"] == pytest.approx(warm_up, abs=0.01)
        assert any(note.startswith("earlier releases were slow at first") for note in draft["plan"]["notes"]) == (
            counts == slow
        )


def test_a_release_that_was_promoted_without_a_look_shows_nothing(ground: Ground, keeping: Tools):
    walk = ground.walk().promote()
    keep(ground, walk.rollout_id, keeping)
    assert keeping.records.read_warm_up("orders") == NOTHING_SEEN
