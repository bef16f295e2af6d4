"""A rollout's story: its events in order, the numbers behind them, and what they are worth."""

import random
from dataclasses import replace

import pytest

from canary.rules.judging.harm import Harm
from canary.rules.looks.look_numbers import MinuteRecord
from canary.rules.looks.replay import RecordedLook, replay
from canary.rules.looks.verdict import VerdictKind
from canary.rules.rollouts.phases import Phase
from canary_cli.stories.numbers import MinuteTable
from canary_cli.story import Event, Story, tell
from canary_cli.story_text import as_markdown, as_text
from tests.builders import NOON, a_rollout
from tests.rules.looks.test_replay import EVIDENCE, LOOKS, run

FIRST, SECOND, THIRD = 0, LOOKS, 2 * LOOKS


@pytest.fixture(scope="module")
def ran():
    """A rollout of three steps and its looks: some hold, each step's last one advances, the last one promotes."""
    rollout, looks = run(random.Random(5))
    verdicts = {
        SECOND - 1: (VerdictKind.ADVANCE, "no worse than base over 7 judged minutes"),
        THIRD - 1: (VerdictKind.ADVANCE, "no worse than base over 8 judged minutes"),
        len(looks) - 1: (VerdictKind.PROMOTE, "no worse than base over 9 judged minutes"),
    }
    held = {index: (VerdictKind.HOLD, f"{9 - index} more canary requests needed") for index in (4, 5, 6)}
    said = {index: (VerdictKind.CONTINUE, f"{index} judged minutes") for index in range(len(looks))} | held | verdicts
    looks = [replace(look, verdict=said[index][0], reason=said[index][1]) for index, look in enumerate(looks)]
    return replace(rollout, needed=(500, 600, 700)), looks


def story_of(rollout, looks, **more):
    return tell(rollout, replay(rollout, EVIDENCE.history, looks), **more)


def promoted(rollout, looks):
    taken = looks[-1].at + 1
    return replace(
        rollout,
        phase=Phase.PROMOTED,
        shifts=(*rollout.shifts, taken),
        drained_from=taken,
        ended_at=taken + 300,
        reason=looks[-1].reason,
        harm=Harm(nc=900, ec=3, nb=2000, eb=7, expected=3.0, excess=0.2),
    )


class TestEvents:
    def test_are_told_in_order(self, ran):
        rollout, looks = ran
        story = story_of(promoted(rollout, looks), looks)
        texts = [event.text for event in story.events]
        assert story.title == "Rollout run-1 of orders: promoted"
        assert texts[0].startswith("The rollout of orders begins: orders-read goes from version 1 to 2; ")
        assert texts[1:6] == [
            "Step 1 of 3 begins: the canary gets 10 % of the requests.",
            "The bake goes on for 4 looks, and the last says: 3 judged minutes.",
            "The step is held for 3 looks, and the last says: 3 more canary requests needed.",
            "The step is over: no worse than base over 7 judged minutes.",
            "Step 2 of 3 begins: the canary gets 25 % of the requests.",
        ]
        assert texts[-3:] == [
            "The last step is over, and the release is to be promoted: no worse than base over 9 judged minutes.",
            "The canary gets 100 % of the requests, and base drains.",
            "The release is promoted: base serves it.",
        ]
        assert [event.happened_at for event in story.events] == sorted(event.happened_at for event in story.events)

    def test_of_several_looks_say_from_when_to_when(self, ran):
        rollout, looks = ran
        held = next(event for event in story_of(rollout, looks).events if event.text.startswith("The step is held"))
        assert (held.happened_at, held.last_at) == (looks[4].at, looks[6].at)

    def test_of_one_look_have_one_time(self, ran):
        rollout, looks = ran
        over = next(event for event in story_of(rollout, looks).events if event.text.startswith("The step is over"))
        assert (over.happened_at, over.last_at) == (looks[7].at, None)

    def test_say_what_a_step_needs(self, ran):
        rollout, looks = ran
        begun = [event.numbers for event in story_of(rollout, looks).events if event.text.startswith("Step ")]
        assert begun[1] == ("the step needs 600 judged canary requests",)
        bare = story_of(replace(rollout, needed=()), looks)
        assert all(not event.numbers for event in bare.events if event.text.startswith("Step "))

    def test_name_the_latency_limits_the_notes_and_the_variables(self, ran):
        rollout, looks = ran
        intent = replace(rollout.intent, overrides={"lambdaAlias": "canary", "flag": "on"}, deployment_id=None)
        plan = replace(rollout.plan, notes=("no history of errors",))
        begun = story_of(replace(rollout, limits_ms={"p99": (136.9,)}, plan=plan, intent=intent), looks).events[0]
        assert "from deployment dep-old to one that is not made yet; variable flag becomes on." in begun.text
        assert begun.numbers[0] == "policy standard: 10 % for 15 min, 25 % for 15 min, 50 % for 15 min"
        assert begun.numbers[1:] == (
            "a request is slow above the limits from base's history: p99 136.9 ms",
            "no history of errors",
        )

    def test_leave_out_a_deployment_that_stays(self, ran):
        rollout, looks = ran
        same = replace(rollout, intent=replace(rollout.intent, deployment_id=rollout.snapshot.deployment_id))
        assert "deployment" not in story_of(same, looks).events[0].text


class TestEnding:
    def test_says_why_only_where_no_look_has_said_it(self, ran):
        rollout, looks = ran
        rolled_back = replace(promoted(rollout, looks), phase=Phase.ROLLED_BACK, drained_from=None, shifts=rollout.shifts)
        aborted = replace(rolled_back, reason="aborted by ops")
        gone = "The release is rolled back: base has all traffic again, and the canary is gone."
        assert story_of(rolled_back, looks).events[-1].text == gone
        assert story_of(aborted, looks).events[-1].text == f"{gone} Reason: aborted by ops."
        assert story_of(replace(rolled_back, reason=""), looks).events[-1].text == gone

    def test_says_whom_it_harmed_and_what_it_cost(self, ran):
        rollout, looks = ran
        harmed, cost = story_of(promoted(rollout, looks), looks).events[-1].numbers
        assert harmed == "0 of 900 canary requests were harmed (no more than chance explains)"
        assert cost.startswith("it lasted ")
        assert "transitions" in cost

    def test_says_what_is_more_than_chance(self, ran):
        rollout, looks = ran
        worse = replace(promoted(rollout, looks), harm=Harm(nc=900, ec=300, nb=900, eb=3, expected=151.5, excess=297.0))
        assert "297 of 900 canary requests were harmed (more than chance explains)" in story_of(worse, looks).events[-1].numbers

    def test_counts_no_harm_where_nothing_was_judged(self):
        refused = a_rollout(phase=Phase.REFUSED, ended_at=NOON + 9, reason="the lock was lost")
        end = tell(refused, ()).events[-1]
        assert end.text == "The rollout has ended as refused. Reason: the lock was lost."
        assert len(end.numbers) == 1

    def test_is_open_while_the_rollout_goes_on(self, ran):
        rollout, looks = ran
        story = story_of(rollout, looks)
        assert story.title.endswith(": in progress (shifting)")
        assert story.events[-1].text.startswith("The last step is over")

    def test_says_that_it_is_parked(self, ran):
        rollout, looks = ran
        since = looks[-1].at + 5
        parked = replace(rollout, phase=Phase.PARKED, parked_since=since, parked_until=since + 3 * 86_400)
        story = story_of(parked, looks)
        assert story.title.endswith(": parked")
        assert story.events[-1].text == "The rollout is parked and keeps its weight; it waits 3 d 0 h for an advance."

    def test_says_that_an_operator_is_needed(self, ran):
        rollout, looks = ran
        stuck = replace(rollout, phase=Phase.ROLLING_BACK, needs_operator=True)
        assert story_of(stuck, looks).title.endswith(": needs an operator (rolling back)")

    def test_says_that_the_release_is_to_be_rolled_back(self, ran):
        rollout, looks = ran
        looks = [*looks[:-1], replace(looks[-1], verdict=VerdictKind.ROLL_BACK, reason="alarm a is firing")]
        assert story_of(rollout, looks).events[-1].text == "The release is to be rolled back: alarm a is firing."


class TestNumbers:
    def test_have_the_evidence_and_its_bars(self, ran):
        rollout, looks = ran
        line = story_of(rollout, looks).events[-1].numbers[0]
        assert line.startswith("evidence that the canary is worse: E ")
        assert ", the bar is 100; without history E " in line
        assert line.endswith(", the bar is 10")

    def test_have_every_metric_where_a_decision_was_made_and_one_elsewhere(self, ran):
        rollout, looks = ran
        events = story_of(rollout, looks).events
        decided = [event for event in events if event.text.startswith("The step is over")]
        baking = [event for event in events if event.text.startswith("The bake goes on")]
        assert all(len(event.numbers) == 1 + len(EVIDENCE.metrics) for event in decided)
        assert all(len(event.numbers) == 2 for event in baking)

    def test_say_counts_difference_and_evidence_of_a_metric(self, ran):
        rollout, looks = ran
        errors = next(line for line in story_of(rollout, looks).events[-1].numbers if line.startswith("errors: "))
        assert errors.startswith("errors: bad were ")
        assert " of the canary and " in errors
        assert "; difference " in errors
        assert " points (" in errors
        assert errors.endswith("; in some minutes the bad requests were not counted")

    def test_name_a_metric_that_is_reported_alone_and_one_without_requests(self):
        record = MinuteRecord(int(NOON), "full", {"extra": (9, 1, 0, 0)})
        look = RecordedLook(NOON + 180, VerdictKind.HOLD, "wait", 0, (record,), 0.0, 0.0, dict.fromkeys(EVIDENCE.metrics, 0.0))
        rollout = a_rollout(phase=Phase.SHIFTING, shifts=(NOON - 60,))
        lines = tell(rollout, replay(rollout, EVIDENCE.history, [look])).events[-1].numbers
        assert "errors: bad were 0 of 0 of the canary and 0 of 0 of base; E 1" in lines
        assert lines[-1] == "extra: bad were 1 of 9 (11.11 %) of the canary and 0 of 0 of base; reported, not judged"

    def test_of_each_minute_are_a_row(self, ran):
        rollout, looks = ran
        table = story_of(rollout, looks, has_minutes=True).minutes
        assert table.headers[:3] == ("minute", "step", "use")
        assert table.headers[-1] == "E"
        assert len(table.rows) == len(table.starts_at) == sum(len(look.minutes) for look in looks)
        assert {row[0] for row in table.rows} == {"1", "2", "3"}
        cells = {cell for row in table.rows for cell in row}
        assert "-" in cells
        assert any(cell.startswith("?/") for cell in cells)


class TestRemarks:
    def test_say_that_the_evidence_is_what_was_recorded(self, ran):
        rollout, looks = ran
        intervals, trust = story_of(rollout, looks).remarks
        assert "confidence sequences" in intervals
        assert trust == (
            f"The evidence of all {len(looks)} looks, computed again from the recorded minutes, is what they recorded."
        )

    def test_say_where_it_is_not(self, ran):
        rollout, looks = ran
        edited = [*looks[:3], replace(looks[3], log_e=5.0), *looks[4:]]
        assert (
            f"the evidence of 1 of {len(looks)} looks differs from what they recorded" in story_of(rollout, edited).remarks[1]
        )

    def test_say_that_there_are_no_looks(self):
        assert tell(a_rollout(), ()).remarks == ("No look is recorded.",)


DAY = 86_400
STORY = Story(
    rollout="run-1",
    target="orders",
    title="Rollout run-1 of orders: promoted",
    events=(
        Event(NOON, "It *begins*\x1b[31m.", ("a_b | c",)),
        Event(NOON + 60, "It goes on.", (), NOON + 120),
        Event(NOON + DAY, "It ends."),
    ),
    remarks=("All is well.",),
    minutes=MinuteTable(("minute", "E"), (NOON,), (("1",),)),
)


class TestText:
    def test_indents_numbers_and_names_the_day_once(self):
        lines = [*as_text(STORY)]
        assert lines[0] == STORY.title
        times = [line for line in lines if line.startswith("20") or line[2:3] == ":"]
        assert sum(line.startswith("2026-") for line in times) == 2
        assert " to " in times[1]
        assert "    a_b | c" in lines

    def test_shows_nothing_that_a_terminal_would_obey(self):
        assert "\x1b" not in "\n".join(as_text(STORY))

    def test_has_no_table_unless_asked(self):
        assert [*as_text(replace(STORY, minutes=None))][-1] == "All is well."


class TestMarkdown:
    def test_is_a_list_with_a_table(self):
        lines = [*as_markdown(STORY)]
        assert lines[0] == "## Rollout run-1 of orders: promoted"
        assert r"  - a\_b \| c" in lines
        assert r"It \*begins\* \[31m." in lines[2]
        assert lines[-3:-1] == ["| minute | E |", "| --- | --- |"]

    def test_has_no_table_unless_asked(self):
        assert [*as_markdown(replace(STORY, minutes=None))][-1] == "All is well."
