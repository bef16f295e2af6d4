from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.verify.scratch_world import QUICK
from verify.questions.propagation import word_of
from verify.scratch.answer import UnansweredError
from verify.scratch.replies import Reply, _id_of, get, reply
from verify.scratch.traffic import Watch, await_answer, await_steady, is_arm, is_version, watch

if TYPE_CHECKING:
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

NOWHERE = cast("Stage", None)
OLD, NEW, LOST = "old", "new", "lost"


@dataclass
class Answers:
    """A stage whose answers are a function of the time since the start, on a clock that only waiting moves."""

    at: Any
    pace: Any = QUICK
    time: float = 1000.0
    asked: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.aws = SimpleNamespace(clock=self)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def get(self, _stage: object, _path: str) -> Reply:
        since = self.time - 1000
        self.asked.append(since)
        return Reply(0, {}) if self.at(since) == LOST else Reply(200, {"arm": self.at(since)})

    def scratch(self) -> Scratch:
        return cast("Scratch", self)


def watched(answers: Answers) -> Watch:
    return watch(answers.scratch(), NOWHERE, "/open", is_new=is_arm(NEW), is_old=is_arm(OLD))


def test_a_change_that_is_there_at_once_leaves_nothing_old() -> None:
    seen = watched(Answers(lambda _: NEW))
    assert (seen.first_new, seen.last_old, seen.old, seen.failed) == (0.0, None, 0, 0)
    assert seen.requests == 80


def test_the_last_old_answer_counts_not_the_first_new_one() -> None:
    seen = watched(Answers(lambda since: OLD if since < 12 or since == 20 else NEW))
    assert (seen.first_new, seen.last_old) == (12.0, 20.0)


def test_it_looks_longer_while_the_old_is_still_seen() -> None:
    answers = Answers(lambda since: OLD if since <= 35 else NEW)
    assert watched(answers).last_old == 35.0
    assert answers.asked[-1] >= 35 + QUICK.watch_seconds / 2 - 1


def test_it_does_not_look_forever() -> None:
    answers = Answers(lambda since: OLD if since > 1 else NEW)
    watched(answers)
    assert answers.asked[-1] < QUICK.longest_watch_seconds


def test_answers_that_are_neither_are_counted_by_themselves() -> None:
    assert watched(Answers(lambda since: LOST if since == 3 else NEW)).failed == 1


def test_a_change_that_never_comes_is_no_answer() -> None:
    with pytest.raises(UnansweredError, match="nothing new was seen within 240 s of a change"):
        watched(Answers(lambda _: OLD))


def test_a_change_is_through_once_nothing_old_came_for_long_enough() -> None:
    answers = Answers(lambda since: OLD if since < 5 or since == 25 else NEW)
    await_steady(answers.scratch(), NOWHERE, "/open", is_arm(NEW))
    assert answers.time - 1000 == pytest.approx(25 + QUICK.steady_seconds, abs=1)


def test_a_change_that_is_never_through_is_reported() -> None:
    with pytest.raises(UnansweredError, match="was not complete after 240 s"):
        await_steady(Answers(lambda since: OLD if since % 30 == 0 else NEW).scratch(), NOWHERE, "/open", is_arm(NEW))


def test_a_stage_is_given_time_to_appear() -> None:
    answers = Answers(lambda since: LOST if since < 60 else NEW)
    await_answer(answers.scratch(), NOWHERE, "/open", is_arm(NEW))
    assert answers.asked[-1] == 60


def test_a_stage_that_never_appears_is_reported_with_its_last_status() -> None:
    with pytest.raises(UnansweredError, match="within 240 s; the last status was 0"):
        await_answer(Answers(lambda _: LOST).scratch(), NOWHERE, "/open", is_arm(NEW))


@pytest.mark.parametrize(
    ("last_old", "word"),
    [(None, "at-once"), (1.0, "at-once"), (1.5, "within-30-seconds"), (30.0, "within-30-seconds"), (44.4, "within-44-seconds")],
)
def test_the_slowest_change_names_the_answer(last_old: float | None, word: str) -> None:
    assert word_of([Watch(9, 0, 0, 0.0, None), Watch(9, 1, 0, 0.0, last_old)]) == word


def test_a_body_that_is_no_object_is_empty() -> None:
    assert reply(502, b"[]", None) == Reply(502, {})
    assert reply(502, b"no json", "id") == Reply(502, {}, "id")


def test_a_request_is_known_by_its_extended_id_where_it_has_no_other() -> None:
    headers = Message()
    headers["X-Amz-Apigw-Id"] = "extended"
    assert _id_of(headers) == "extended"
    headers["x-amzn-RequestId"] = "plain"
    assert _id_of(headers) == "plain"


def test_only_a_success_tells_an_arm_or_a_version() -> None:
    assert not is_arm(NEW)(Reply(500, {"arm": NEW}))
    assert not is_version("1")(Reply(403, {"version": "1"}))


def test_a_connection_that_fails_is_a_reply_without_status() -> None:
    assert get("http://127.0.0.1:9/nothing-listens-here") == Reply(0, {})
