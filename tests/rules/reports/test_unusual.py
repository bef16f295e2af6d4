"""Rollouts that are unusual: each has a report that says what happened and what to do."""

from dataclasses import replace

import pytest

from canary.rules.reports.amounts import in_utc
from canary.rules.reports.building import report_of
from canary.rules.reports.markdown import to_markdown
from canary.rules.reports.page import to_html
from canary.rules.reports.sentences import harmed, live, place, state, when, why
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from tests.builders import NOON, a_rollout

ABORTED = a_rollout(phase=Phase.ROLLED_BACK, reason="aborted by ann: OPS-1", ended_at=NOON + 60)
REFUSED = a_rollout(phase=Phase.REFUSED, reason="the stage has a canary of someone else", ended_at=NOON + 60)
PARKED = a_rollout(phase=Phase.PARKED, step=StepState(index=0), shifts=(NOON,), parked_since=NOON, parked_until=NOON + 3600)
REVERT = a_rollout(phase=Phase.PROMOTED, reverts="run-0", reason="rollout run-0 is taken back: errors rose", ended_at=NOON + 60)
UNGIVEN = replace(REVERT, reason="rollout run-0 is taken back")
STUCK = a_rollout(phase=Phase.ROLLING_BACK, needs_operator=True, reason="AWS refused the patch")
WATCHED = a_rollout(phase=Phase.WATCHING, watch=PromotionWatch(NOON, NOON + 900))
OVER = replace(
    WATCHED, phase=Phase.PROMOTED, ended_at=NOON + 900, watch=replace(WATCHED.watch, end=WatchEnd.OVER, ended_at=NOON + 900)
)


@pytest.mark.parametrize(
    ("rollout", "says", "to_do"),
    [
        (ABORTED, ("Rolled back", "", "Aborted by ann: OPS-1."), "Nothing to do."),
        (
            REFUSED,
            ("Refused", "", "The stage has a canary of someone else."),
            "Correct what the reason names, and start again.",
        ),
        (PARKED, ("Parked", " at 10 %", "Nothing was compared yet."), "canary advance orders"),
        (REVERT, ("Revert completed", "", "It took back rollout run-0. Errors rose."), "Nothing to do."),
        (UNGIVEN, ("Revert completed", "", "It took back rollout run-0."), "Nothing to do."),
        (
            replace(REVERT, phase=Phase.TAKING_ALL, ended_at=None),
            ("In progress: taking all", "", "It is taking back rollout run-0. Errors rose."),
            "canary watch orders",
        ),
        (
            replace(REVERT, phase=Phase.ROLLED_BACK, reason="someone changed the stage"),
            ("Rolled back", "", "It was to take back rollout run-0. Someone changed the stage."),
            "Nothing to do.",
        ),
        (STUCK, ("Needs operator", "", "AWS refused the patch."), "canary status orders"),
        (WATCHED, ("Promoted, being watched", "", "Nothing was compared yet."), "canary watch orders"),
        (OVER, ("Promoted", "", "Nothing was compared yet."), "Nothing to do."),
    ],
    ids=[
        "aborted",
        "refused",
        "parked",
        "revert",
        "revert without a reason",
        "revert in progress",
        "revert that failed",
        "needs operator",
        "watched",
        "watch over",
    ],
)
def test_a_rollout_without_looks_says_what_happened_and_what_to_do(rollout, says, to_do):
    report = report_of(rollout, ())
    assert (state(report), place(report), why(report)) == says
    assert to_do in report.to_do
    assert harmed(report) == "No canary request was counted."
    page, markdown = to_html(report), to_markdown(report)
    assert f">{says[0]}<" in page
    assert markdown.startswith(f"# {says[0]}: orders{says[1]}")


def test_a_rollout_that_waits_says_until_when():
    assert when(report_of(PARKED, ()), in_utc) == "since 2026-01-31 12:00 UTC, parked until 2026-01-31 13:00"
    assert when(report_of(WATCHED, ()), in_utc) == "since 2026-01-31 12:00 UTC, watched until 2026-01-31 12:15"


def test_the_end_of_a_watch_is_told_with_what_is_live():
    assert live(report_of(OVER, ()), in_utc).endswith("The watch is over, and nothing spoke against the release.")


@pytest.mark.parametrize(
    ("phase", "is_called", "says"),
    [
        (None, "Reverted", "Rollout back began to take the release back, so that base serves: orders-read 1,"),
        (Phase.TAKING_ALL, "Being reverted", "Rollout back is taking the release back. Base then serves: orders-read 1,"),
        (Phase.PROMOTED, "Reverted", "Rollout back took the release back. Base serves: orders-read 1,"),
        (
            Phase.ROLLED_BACK,
            "Promoted, and its revert failed",
            "Rollout back was to take the release back and went back itself. Base serves: orders-read 2,",
        ),
    ],
)
def test_a_release_that_its_watch_condemned_is_told_in_the_tense_of_its_revert(phase, is_called, says):
    watch = replace(OVER.watch, end=WatchEnd.CONDEMNED, reverted_by="back")
    revert = a_rollout(phase=phase, reverts=OVER.rollout_id) if phase else None
    report = report_of(replace(OVER, watch=watch), (), revert=revert)

    assert state(report) == is_called
    assert live(report, in_utc).startswith(says)
