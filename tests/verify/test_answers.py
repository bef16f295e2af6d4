"""Every question, put to an embedded AWS that gives each plausible answer, reports exactly that answer."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.verify.scratch_world import NOT_HOSTED, World
from verify.__main__ import main
from verify.announcement import whole_budget
from verify.questions import ALL
from verify.questions.unknowns import QUESTIONS
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.wire.unknowns import Question

pytestmark = pytest.mark.slow

CREATED = {
    Part.API: "CreateRestApi",
    Part.FUNCTION: "CreateFunction",
    Part.LOG: "UpdateAccount",
    Part.MACHINE: "CreateStateMachine",
    Part.METRICS: "PutMetricData",
    Part.PACKAGES: "PublishLayerVersion",
    Part.STACK: "CreateStack",
    Part.TOPIC: "CreateTopic",
}
CASES = [
    pytest.param(question, answer, id=f"{question.slug}-{answer}")
    for question in QUESTIONS
    if question.slug not in NOT_HOSTED
    for answer in question.answers
]


def expected_mark(question: Question, answer: str) -> str:
    if question.assumed is None:
        return "settled"
    return "as-assumed" if question.assumed == answer else "differs"


@pytest.mark.parametrize(("question", "answer"), CASES)
def test_the_answer_that_was_switched_in_is_reported(question: Question, answer: str, tmp_path: Path) -> None:
    with EmbeddedAws(guest=CONTROLLER, answers={question.slug: answer}) as aws:
        world, path = World(aws, tmp_path / "ledgers"), tmp_path / "record.json"
        arguments = world.arguments("--yes", "--lend-log-role", "--only", question.slug, "--json", str(path))

        assert main(arguments, program=world.program()) == 0, world.text
        (found,) = json.loads(path.read_text(encoding="utf-8"))["questions"]
        assert (found["slug"], found["answer"], found["mark"]) == (question.slug, answer, expected_mark(question, answer))
        assert found["evidence"] or answer == "accepted"
        assert f"answer: {answer}; the embedded AWS: {question.assumed or '501, nothing assumed'}; " in world.text
        assert world.left() == []
        keeps_its_announcement(world, question.slug, aws.clock.now() - aws.start_time)


def keeps_its_announcement(world: World, slug: str, seconds: float) -> None:
    """Only announced calls are used, and only announced resources are created."""
    asked = [question for question in ALL if question.slug == slug]
    budget, calls = whole_budget(asked, world.pace), world.calls()
    assert seconds <= budget.seconds
    assert world.requests <= budget.requests
    assert 4 * calls.count("GetMetricData") + calls.count("ListMetrics") <= budget.metrics
    assert calls.count("StartExecution") <= budget.transitions
    assert budget.dollars < Decimal("0.10")
    for part, operation in CREATED.items():
        assert (operation in calls) == (part in asked[0].parts)


def test_every_open_question_is_asked() -> None:
    assert sorted(question.slug for question in ALL) == sorted(question.slug for question in QUESTIONS)


def test_what_an_emulator_cannot_tell_is_not_asked_of_it(world: World) -> None:
    assert main(world.arguments("--yes", "--only", "sdk-integration-error-names"), program=world.program()) == 0
    assert "not asked: an emulator of Step Functions has its own error names" in world.text
    assert "CreateStateMachine" not in world.calls()
    assert world.left() == []


def test_what_the_embedded_aws_was_told_no_answer_to_stays_open(world: World) -> None:
    assert main(world.arguments("--yes", "--only", "remove-absent-canary"), program=world.program()) == 1
    assert "no answer: NotRecorded: not recorded (remove-absent-canary)" in world.text
    assert world.left() == []


def test_questions_about_lines_are_not_asked_where_no_line_can_be_written(world: World) -> None:
    assert main(world.arguments("--yes", "--only", "canary-log-group"), program=world.program()) == 1
    assert "let this lend it one with --lend-log-role" in world.text
    assert "UpdateAccount" not in world.calls()
    assert world.left() == []
