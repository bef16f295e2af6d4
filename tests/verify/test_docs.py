"""docs/verify-aws.md says what the program does."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.guest import CONTROLLER
from embedded_aws.dataplane.execute_api import PREFIX
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.wire.unknowns import QUESTIONS
from tests.verify.scratch_world import TINY, World
from verify.__main__ import main
from verify.account.budget import DEAREST
from verify.account.pace import ACCOUNT_PACE
from verify.announcement import whole_budget
from verify.outcome import Mark
from verify.questions import ALL
from verify.scratch.scratch import EMULATED

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (Path(__file__).parents[2] / "docs" / "verify-aws.md").read_text(encoding="utf-8")
FLOWING = " ".join(TEXT.split())
IAM_NAMES = {"cloudformation", "cloudwatch", "events", "iam", "lambda", "logs", "sns", "sqs"}

DELIVERING = {"sns:GetTopicAttributes", "sns:Publish"}
"""The calls that the embedded AWS makes by itself to pass an event on."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with EmbeddedAws(guest=CONTROLLER, answers={question.slug: question.answers[0] for question in QUESTIONS}) as aws:
        yield World(aws, tmp_path, pace=TINY)


def test_every_question_stands_in_the_table_with_its_fact() -> None:
    rows = re.findall(r"^\| \[([a-z-]+)\]\(aws\.md#([a-z-]+)\) \|", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted((question.slug, question.slug) for question in ALL)


def test_times_and_costs_are_those_that_are_announced() -> None:
    budget = whole_budget(ALL, ACCOUNT_PACE)
    minutes = f"about {math.ceil(budget.usual_seconds / 60)} minutes and at most {math.ceil(budget.seconds / 60)}"
    assert f"{minutes}, and cost at most {math.ceil(budget.dollars * 100)} US cents" in FLOWING
    assert DEAREST == 2
    assert f"{round(1 / ACCOUNT_PACE.request_seconds)} requests a second" == "4 requests a second"
    assert (ACCOUNT_PACE.watch_seconds, ACCOUNT_PACE.rounds, ACCOUNT_PACE.metric_minutes) == (60, 2, 3)
    assert (ACCOUNT_PACE.poll_seconds, ACCOUNT_PACE.listing_seconds) == (5, 20 * 60)


def test_the_invoke_url_of_the_embedded_aws_is_known() -> None:
    assert EMULATED == PREFIX


def test_every_mark_is_explained() -> None:
    explained = re.findall(r"^\| ([A-Za-z ]+) \| .+ \|$", TEXT.partition("| mark |")[2].partition("\n\n")[0], re.MULTILINE)
    assert [re.split(r"[:]| from", str(mark))[0] for mark in Mark] == explained


def test_every_option_stands_there(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"], program=world.program())
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert options <= set(re.findall(r"--[a-z-]+", TEXT))


@pytest.mark.slow
def test_every_call_stands_among_the_permissions(world: World) -> None:
    assert main(world.arguments("--yes", "--lend-log-role"), program=world.program()) == 0
    calls = {(call.service, call.operation) for call in world.aws.faults.calls}
    actions = {f"{service}:{operation}" for service, operation in calls if service in IAM_NAMES} - DELIVERING
    assert "cloudformation:UpdateStack" in actions
    assert sorted(actions - set(re.findall(r"`([a-z]+:[A-Za-z]+)`", TEXT))) == []
