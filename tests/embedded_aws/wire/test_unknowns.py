import re
from pathlib import Path

import pytest

from embedded_aws.wire.unknowns import QUESTIONS, NotRecorded, Unknowns

OPEN = "remove-absent-canary"
ASSUMED = "stage-propagation"


def test_an_unanswered_question_is_not_recorded() -> None:
    with pytest.raises(NotRecorded, match=r"not recorded \(remove-absent-canary\): how does UpdateStage answer"):
        Unknowns().ask(OPEN)


def test_the_refusal_names_the_plausible_answers() -> None:
    with pytest.raises(NotRecorded, match="choose one of accepted, refused in"):
        Unknowns().ask(OPEN)


def test_what_cannot_be_refused_is_assumed_until_an_answer_is_chosen() -> None:
    unknowns = Unknowns()
    assert unknowns.ask(ASSUMED) == "within-30-seconds"
    unknowns.choose(ASSUMED, "at-once")
    assert unknowns.ask(ASSUMED) == "at-once"


def test_a_chosen_answer_holds_until_reset() -> None:
    unknowns = Unknowns({OPEN: "refused"})
    assert unknowns.ask(OPEN) == "refused"
    unknowns.reset()
    assert unknowns.answer(OPEN) is None


def test_answering_holds_for_its_block_and_gives_back_what_was_before() -> None:
    unknowns = Unknowns({OPEN: "refused"})
    with unknowns.answering(OPEN, "accepted"), unknowns.answering(ASSUMED, "at-once"):
        assert unknowns.ask(OPEN) == "accepted"
        assert unknowns.ask(ASSUMED) == "at-once"
    assert unknowns.ask(OPEN) == "refused"
    assert unknowns.ask(ASSUMED) == "within-30-seconds"


def test_answering_gives_back_what_was_before_a_failure() -> None:
    unknowns = Unknowns()
    with pytest.raises(RuntimeError), unknowns.answering(OPEN, "accepted"):
        raise RuntimeError
    assert unknowns.answer(OPEN) is None


@pytest.mark.parametrize(("slug", "answer"), [(OPEN, "perhaps"), (ASSUMED, "accepted")])
def test_an_implausible_answer_is_refused(slug, answer) -> None:
    with pytest.raises(ValueError, match=f"'{answer}' is not a plausible answer to {slug}; choose one of"):
        Unknowns({slug: answer})


@pytest.mark.parametrize("call", [lambda unknowns: unknowns.ask("x"), lambda unknowns: unknowns.choose("x", "y")])
def test_the_registry_is_closed(call) -> None:
    with pytest.raises(ValueError, match="'x' is not in the registry of questions"):
        call(Unknowns())


def test_each_answer_is_given_once_with_the_others_left_alone() -> None:
    unknowns = Unknowns()
    given = []
    for slug, answer in unknowns.one_at_a_time():
        assert unknowns.ask(slug) == answer
        others = [question for question in QUESTIONS if question.slug != slug]
        assert all(unknowns.answer(question.slug) == question.assumed for question in others)
        given.append((slug, answer))
    assert given == [(question.slug, answer) for question in QUESTIONS for answer in question.answers]
    assert unknowns.answer(OPEN) is None


def test_every_question_is_listed_with_its_present_answer() -> None:
    present = {question.slug: answer for question, answer in Unknowns({OPEN: "refused"})}
    assert set(present) == {question.slug for question in QUESTIONS}
    assert present[OPEN] == "refused"
    assert present["malformed-value"] is None
    assert present[ASSUMED] == "within-30-seconds"


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.slug)
def test_a_question_has_several_answers_and_assumes_one_of_them(question) -> None:
    assert len(set(question.answers)) > 1
    assert question.assumed is None or question.assumed in question.answers
    assert question.text.endswith("?")


def test_every_question_the_embedded_aws_asks_is_in_the_registry() -> None:
    sources = Path(__file__).parents[3].joinpath("embedded_aws").rglob("*.py")
    asked = {
        slug for source in sources for slug in re.findall(r'unknowns\.ask\(\s*"([^"]+)"', source.read_text(encoding="utf-8"))
    }
    assert {OPEN, "malformed-value", "delete-canary-deployment"} <= asked
    assert asked <= {question.slug for question in QUESTIONS}
