"""The command line: what is announced before anything is created, what errors lead to, and what is recorded."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.faults.calls import Fault, Mode
from embedded_aws.wire.unknowns import QUESTIONS
from tests.verify.scratch_world import NOT_HOSTED, TINY, World
from verify.__main__ import main
from verify.account.connection import NoWayError, reach
from verify.account.ledger import Header, Ledger
from verify.account.pace import ACCOUNT_PACE
from verify.announcement import announce
from verify.program import Program
from verify.questions import ALL
from verify.questions.promotions import RemoveAbsentCanary
from verify.scratch.parts import Part
from verify.scratch.replies import get, get_kept

if TYPE_CHECKING:
    from pathlib import Path

    from verify.scratch.answer import Answer
    from verify.scratch.scratch import Scratch

FIRST = {question.slug: question.answers[0] for question in QUESTIONS}
LAST = {question.slug: question.answers[-1] for question in QUESTIONS}
QUICK_ONE = ("--only", "remove-absent-canary")
REAL_LIMIT = 60.0
"""Seconds that a busy machine may lose between two lines."""


@pytest.mark.parametrize("typed", ["", "y", "no"])
def test_nothing_is_made_before_someone_types_yes(world: World, typed: str) -> None:
    assert main(world.arguments(), program=world.program(typed)) == 2
    assert "nothing was created; pass --yes, or type yes, to begin" in world.text
    assert world.calls() == []
    assert not list(world.folder.glob("*.jsonl"))


def test_nothing_is_made_where_no_one_can_type(world: World) -> None:
    program = world.program()

    def hang_up(_: str) -> str:
        raise EOFError

    program.typed = hang_up
    assert main(world.arguments(), program=program) == 2
    assert world.calls() == []


def test_a_typed_yes_begins(world: World) -> None:
    with world.aws.unknowns.answering("remove-absent-canary", "refused"):
        assert main(world.arguments(*QUICK_ONE), program=world.program("YES ")) == 0
    assert "answer: refused" in world.text


def test_it_says_beforehand_what_it_makes_for_how_long_and_for_how_much(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path, Header("canary-verify-ab12cd34", "123456789012", "eu-west-1"))
    said = " ".join(announce(ledger, ALL, ACCOUNT_PACE, lends_log_role=True))
    ledger.close()

    assert said.startswith("This asks AWS 42 questions, in account 123456789012, Region eu-west-1. It creates, each with ")
    assert all(f"- {part} " in said for part in Part)
    assert "1 role with which API Gateway may write logs" in said
    assert "It takes about 92 minutes and at most 429." in said
    assert "It costs at most 20 US cents" in said
    assert (
        f"What it creates is listed in {ledger.path} until it is removed; after a kill -9, `python -m verify clean-up`" in said
    )


def test_an_emulator_is_announced_no_more_than_it_is_asked(world: World) -> None:
    main(world.arguments(), program=world.program())
    assert f"This asks {world.aws.endpoint_url} {len(ALL) - len(NOT_HOSTED)} questions" in world.text
    assert "CloudFormation stack" in world.text
    assert "state machine" not in world.text


def test_it_names_only_the_parts_that_the_chosen_questions_need(world: World) -> None:
    main(world.arguments(*QUICK_ONE), program=world.program())
    assert "1 REST API" in world.text
    assert "Lambda function" not in world.text
    assert "1 question," in world.text


@pytest.mark.slow
@pytest.mark.parametrize("answers", [FIRST, LAST], ids=["first", "last"])
def test_all_questions_in_one_run_over_the_network(answers: dict[str, str], tmp_path: Path) -> None:
    with EmbeddedAws(guest=CONTROLLER, answers=answers) as aws:
        world = World(aws, tmp_path, pace=TINY)
        world.get = get  # type: ignore[method-assign]
        world.get_kept = get_kept  # type: ignore[method-assign]
        path = tmp_path / "record.json"
        assert main(world.arguments("--yes", "--lend-log-role", "--json", str(path)), program=world.program()) == 0, world.text
        record = json.loads(path.read_text(encoding="utf-8"))
        assert world.left() == []
    found = {each["slug"]: each["answer"] for each in record["questions"]}
    assert [found.pop(slug) for slug in sorted(NOT_HOSTED)] == [None] * len(NOT_HOSTED)
    assert found == {slug: answer for slug, answer in answers.items() if slug in found}
    assert record["left_behind"] == []
    assert f"{len(NOT_HOSTED)} not asked" in world.text
    assert "everything that was created has been removed" in world.text


def test_the_questions_are_listed(world: World) -> None:
    assert main(["questions"], program=world.program()) == 0
    assert [line.partition(":")[0] for line in world.text.splitlines()] == [question.slug for question in ALL]


def test_an_error_in_a_question_is_that_questions_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object, scratch: Scratch) -> Answer:
        raise ValueError(f"{scratch.prefix} was too much")

    monkeypatch.setattr(RemoveAbsentCanary, "ask", fail)
    with world.aws.unknowns.answering("remove-absent-override", "refused"):
        arguments = world.arguments("--yes", *QUICK_ONE, "--only", "remove-absent-override")
        assert main(arguments, program=world.program()) == 1
    assert "no answer: the question itself failed, ValueError: canary-verify-" in world.text
    assert "answer: refused" in world.text
    assert world.left() == []


def test_a_part_that_cannot_be_made_costs_only_the_questions_that_need_it(world: World) -> None:
    world.aws.faults.add(Fault(None, "lambda", "CreateFunction", Mode.REFUSED))
    with world.aws.unknowns.answering("remove-absent-canary", "accepted"):
        arguments = world.arguments("--yes", *QUICK_ONE, "--only", "metric-delay")
        assert main(arguments, program=world.program()) == 1
    assert "no answer: it needs 1 Lambda function" in world.text
    assert "could not be created: AccessDeniedException" in world.text
    assert "answer: accepted" in world.text
    assert world.left() == []


def test_a_denial_is_no_answer(world: World) -> None:
    world.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED))

    assert main(world.arguments("--yes", *QUICK_ONE), program=world.program()) == 1
    assert "no answer: AccessDeniedException" in world.text
    assert world.left() == []


def test_the_record_and_the_report_do_not_tell_whose_account_it_was(world: World, tmp_path: Path) -> None:
    world.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED))
    path = tmp_path / "record.json"
    main(world.arguments("--yes", *QUICK_ONE, "--json", str(path)), program=world.program())

    assert "123456789012" not in path.read_text(encoding="utf-8")
    assert "arn:aws:sts::<account>:assumed-role" in json.loads(path.read_text(encoding="utf-8"))["questions"][0]["reason"]
    assert "123456789012" not in world.text.partition("asking")[2]


def test_the_control_planes_rates_are_waited_out(world: World) -> None:
    world.aws.throttles.turn_on("apigateway")
    with world.aws.unknowns.answering("delete-canary-deployment", "refused"):
        arguments = world.arguments("--yes", "--only", "delete-canary-deployment")
        assert main(arguments, program=world.program()) == 0, world.text
    assert world.left() == []
    assert world.calls().count("CreateDeployment") > 3  # some came too soon
    assert world.clock.now() - world.aws.start_time >= 10


def test_clean_up_without_a_ledger_says_so(world: World) -> None:
    assert main(world.arguments("clean-up"), program=world.program()) == 0
    assert "no run has left anything" in world.text


def test_a_ledger_that_is_broken_keeps_no_other_from_being_worked_off(world: World) -> None:
    scratch = world.scratch()
    scratch.create_role("function", "lambda.amazonaws.com")
    scratch.ledger._file.close()
    (world.folder / "a.jsonl").write_text("nonsense", encoding="utf-8")

    assert main(world.arguments("clean-up"), program=world.program()) == 2
    assert "a.jsonl is not a ledger" in world.text
    assert world.left() == []


def test_a_record_that_could_not_be_written_is_reported_before_anything_is_made(world: World, tmp_path: Path) -> None:
    arguments = world.arguments("--yes", "--json", str(tmp_path / "absent" / "record.json"))
    assert main(arguments, program=world.program()) == 2
    assert "the record cannot be written to " in world.text
    assert world.calls() == []


def test_a_name_that_is_no_question_is_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "nonsense"], program=world.program())
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err


def test_a_missing_region_is_reported(world: World) -> None:
    program = Program(world.program().console)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_DEFAULT_REGION")
        assert main([], program=program) == 2
    assert world.text == "no Region is set; name one with --region or in AWS_DEFAULT_REGION\n"


def test_missing_credentials_are_reported() -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_ACCESS", "AWS_SECRET"))]:
            patch.delenv(name)
        with pytest.raises(NoWayError, match="AWS does not say who you are"):
            reach(None, "eu-west-1", "http://127.0.0.1:9", 1.0)


def test_a_profile_that_is_not_there_is_reported() -> None:
    with pytest.raises(NoWayError, match=r"nobody.* could not be found; name another one with --profile"):
        reach("nobody", "eu-west-1", None, 1.0)


def test_the_way_is_found_and_time_is_awss(world: World) -> None:
    aws = reach(None, "eu-west-1", world.aws.endpoint_url, 60.0)

    assert (aws.place.account, aws.place.partition, aws.place.region) == ("123456789012", "aws", "eu-west-1")
    assert -1 <= aws.clock.now() - world.clock.now() < 60 * REAL_LIMIT
    before = aws.clock.now()
    aws.clock.sleep(6.0)
    assert 6.0 <= aws.clock.now() - before < 6.0 + 60 * REAL_LIMIT
    assert math.isfinite(aws.clock.now())
