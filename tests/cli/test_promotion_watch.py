"""The watch after promotion as the command shows it: what comes next, the story, the past, and the exit code."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from canary.aws.archive import TargetPast
from canary.rules.judging.absolute import CeilingEvidence
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from canary_cli.exits import ExitCode, exit_code_of
from canary_cli.following import Follower, News
from canary_cli.outlook import next_of
from canary_cli.serving import serving_at
from canary_cli.stories.history_view import history_of
from canary_cli.stories.story import tell
from canary_cli.watch_text import phase_line
from tests.builders import NEW, NOON, OLD, a_policy, a_rollout

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.rules.rollouts.rollout import Rollout
    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

ERRORS = CeilingEvidence(usual=0.001, ceiling=0.011, phi=1.0, stake=1.0, starts=15, minutes=7, requests=420, bad=3)
WATCH = PromotionWatch(NOON, NOON + 900, metrics={"errors": ERRORS}, unseen=("alarm payments has no data",))


def watched(**changes: object) -> Rollout:
    return a_rollout(
        policy=a_policy(watch_seconds=900), phase=Phase.WATCHING, started_at=NOON - 3600, watch=replace(WATCH, **changes)
    )


def ended(**changes: object) -> Rollout:
    return replace(watched(ended_at=NOON + 600, **changes), phase=Phase.PROMOTED, ended_at=NOON + 600)


REVERTED = ended(end=WatchEnd.CONDEMNED, reason="errors rose", reverted_by="run-1-watch-revert")


def follow(rollout: Rollout, revert: Rollout | None) -> News:
    """A poll while these two are recorded."""
    found = {one.rollout_id: SimpleNamespace(rollout=one, read_at=NOON) for one in (rollout, revert) if one}
    records = SimpleNamespace(find=lambda name, **_: found.get(name))
    connection = SimpleNamespace(records=records, archive=SimpleNamespace(list_looks=lambda *_, **__: ()))
    return Follower("orders", "run-1").poll(connection)


def test_what_comes_next_is_the_end_of_the_watch():
    following = next_of(watched(), NOON + 60)
    assert following.due_at == NOON + 900
    assert following.what == (
        "the watch of the promoted release ends; 7 minutes are judged so far; it could not see: alarm payments has no data"
    )
    assert next_of(watched(unseen=(), metrics={}), NOON).what.endswith("0 minutes are judged so far")


def test_a_watched_rollout_goes_on_for_whoever_follows_it():
    assert exit_code_of(watched()) is None
    assert phase_line(watched(), NOON).endswith("promoted: base serves the release, which is watched")


def test_the_exit_code_of_a_watch_that_found_nothing_is_that_of_a_promotion():
    assert exit_code_of(ended(end=WatchEnd.OVER)) is ExitCode.DONE
    assert exit_code_of(ended(end=WatchEnd.CONDEMNED)) is ExitCode.DONE
    assert exit_code_of(REVERTED) is ExitCode.ROLLED_BACK


@pytest.mark.parametrize(
    ("phase", "exit_code", "outcome"),
    [
        (Phase.TAKING_ALL, None, None),
        (Phase.PROMOTED, ExitCode.ROLLED_BACK, "reverted"),
        (Phase.ROLLED_BACK, ExitCode.NEEDS_OPERATOR, "needs operator"),
    ],
)
def test_whoever_follows_waits_for_the_end_of_the_revert(phase: Phase, exit_code: ExitCode | None, outcome: str | None):
    revert = a_rollout(rollout_id="run-1-watch-revert", reverts="run-1", phase=phase, reason="errors rose")
    ending = follow(REVERTED, revert).ending
    assert (ending and ending.exit_code, ending and ending.outcome) == (exit_code, outcome)


def test_a_revert_whose_record_is_gone_is_no_success():
    assert follow(REVERTED, None).ending.exit_code is ExitCode.FAILED


def test_the_story_tells_the_watch_with_its_numbers():
    story = tell(ended(end=WatchEnd.CONDEMNED, reason="errors rose", reverted_by="r"), ())
    texts = {event.text: event for event in story.events}
    assert "Base serves the release now, and is watched for 15 min; there is no base beside it." in texts
    said = texts["The watch condemns the release: errors rose. Rollout r takes the release back."]
    assert said.numbers == (
        "errors: 3 of 420 requests in 7 minutes; usual 0.10%, ceiling 1.10%",
        "evidence against the release: E 1",
        "not seen: alarm payments has no data",
    )


def test_the_story_of_a_promotion_that_nobody_watched_says_only_that():
    nobody = replace(WATCH, until=NOON, end=WatchEnd.CUT_SHORT, ended_at=NOON, reason="nobody watches", metrics={}, unseen=())
    texts = [event.text for event in tell(replace(ended(), watch=nobody), ()).events]
    assert "The watch is cut short: nobody watches." in texts
    assert not any("is watched for" in text for text in texts)
    assert not any("watch is" in event.text for event in tell(watched(), ()).events)


def test_the_past_counts_a_release_that_the_watch_took_back_as_a_failed_change():
    past = history_of("orders", TargetPast((ended(end=WatchEnd.OVER), REVERTED)), 0.0)
    assert [(one.phase, one.reason) for one in past.past] == [("promoted", ""), ("reverted", "errors rose")]
    assert (past.promotions, past.rollbacks, past.change_failure_rate) == (1, 1, 0.5)


def test_base_serves_the_release_from_the_flip_on():
    assert serving_at([watched()], (), NOON - 1).base.versions == OLD
    assert serving_at([watched()], (), NOON).base.versions == NEW
    assert serving_at([ended(end=WatchEnd.OVER)], (), NOON + 3600).base.versions == NEW


def test_the_status_of_a_watched_target_has_no_weight(ground: Ground, canary: Callable[..., Told]):
    ground.walk(policy=replace(ground.rig.target.policy, watch_seconds=900)).promote()
    told = canary("status", "orders")
    assert "is watching" in told.out
    assert "the watch of the promoted release ends" in told.out
    assert "weight" not in told.out


def test_an_abort_of_a_watched_release_says_that_a_revert_follows(ground: Ground, canary: Callable[..., Told]):
    walk = ground.walk(policy=replace(ground.rig.target.policy, watch_seconds=900)).promote()
    told = canary("abort", "orders")
    assert told.code == 0
    assert "its watch ends, and a revert takes the promoted release back" in told.out
    assert f"rollout {walk.rollout_id}-revert brings the earlier release back" in told.out
