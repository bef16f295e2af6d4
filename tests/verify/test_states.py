"""The tests of single states: the machine defines what they expect, and AWS's answers are compared with it."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from canary_machine.definition import load, states_of
from embedded_aws.states.expressions import evaluate
from verify.account.aws import Place, RefusedError
from verify.questions import states
from verify.questions.states import CASES, CAUGHT, CONTEXT, RETRIABLE, VARIABLES, Case, ShippedStates
from verify.scratch.answer import UnansweredError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from verify.scratch.answer import Answer
    from verify.scratch.scratch import Scratch

STATES = dict(states_of(load()))
EXPRESSION = re.compile(r"\{%(.*)%\}", re.DOTALL)


def value_of(text: Any, case: Case) -> Any:
    """The value of a state's member, computed by the embedded AWS's own interpreter."""
    found = EXPRESSION.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return text
    bound: dict[str, Any] = {"context": CONTEXT}
    if case.error is not None:
        bound["errorOutput"] = {"Error": case.error, "Cause": case.cause}
    if case.payload is not None:
        bound["result"] = {"Payload": case.payload}
    return evaluate(found[1], {**VARIABLES, **case.given, "states": bound}, random.Random(1))


def interpreted(case: Case) -> dict[str, Any]:
    """The answer of TestState if AWS reads the state as the embedded AWS does."""
    state = STATES[case.state]
    if state["Type"] == "Choice":
        chosen = next((each["Next"] for each in state["Choices"] if value_of(each["Condition"], case)), state["Default"])
        return {"status": "SUCCEEDED", "nextState": chosen}
    if case.error is None:
        return answered("SUCCEEDED", state, case)
    if any(case.error in each["ErrorEquals"] for each in state["Retry"]):
        return {"status": RETRIABLE, "error": case.error, "cause": case.cause}
    catch = next(each for each in state["Catch"] if {case.error, "States.ALL"} & set(each["ErrorEquals"]))
    return answered(CAUGHT, catch, case) | {"error": case.error, "cause": case.cause}


def answered(status: str, source: Mapping[str, Any], case: Case) -> dict[str, Any]:
    assigned = {name: value_of(text, case) for name, text in source.get("Assign", {}).items()}
    inspected = {"variables": json.dumps({**VARIABLES, **assigned})}
    return {"status": status, "nextState": source["Next"], "inspectionData": inspected}


class StepFunctions:
    """Answers TestState with ``answer``, which gets the current case."""

    place = Place("aws", "123456789012", "eu-west-1")

    def __init__(self, answer: Callable[[Case], dict[str, Any]]) -> None:
        self._answer = answer
        self._cases = iter(CASES)
        self.asked: list[dict[str, Any]] = []

    def call(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        assert (service, operation) == ("stepfunctions", "test_state")
        self.asked.append(given)
        return self._answer(next(self._cases))


class Asked:
    prefix = "canary-verify-ab12cd34"

    def __init__(self, answer: Callable[[Case], dict[str, Any]]) -> None:
        self.aws = StepFunctions(answer)


def ask(answer: Callable[[Case], dict[str, Any]]) -> Answer:
    return ShippedStates().ask(cast("Scratch", Asked(answer)))


def test_every_case_expects_what_the_machine_says() -> None:
    answer = ask(interpreted)

    assert (answer.word, answer.evidence) == ("as-meant", (f"{len(CASES)} tests, 0 mistakes",))


def test_only_tasks_are_given_an_answer_and_no_function_is_called() -> None:
    asked = Asked(interpreted)
    ShippedStates().ask(cast("Scratch", asked))

    types = [json.loads(given["definition"])["Type"] for given in asked.aws.asked]
    assert [("mock" in given) for given in asked.aws.asked] == [each == "Task" for each in types]
    assert all(json.loads(given["definition"])["QueryLanguage"] == "JSONata" for given in asked.aws.asked)
    assert "${" not in "".join(given["definition"] for given in asked.aws.asked)


@pytest.mark.parametrize(
    ("bent", "told"),
    [
        ({"nextState": "Elsewhere"}, 'next state is "Elsewhere" instead of'),
        ({"status": "FAILED", "error": "States.QueryEvaluationError", "cause": "no $parse"}, 'status is "FAILED" instead of'),
        ({"inspectionData": {"variables": "{}"}}, '$reason is null instead of "ValueError: the table is gone"'),
    ],
)
def test_a_deviation_is_reported(bent: dict[str, Any], told: str) -> None:
    answer = ask(lambda case: interpreted(case) | bent)

    assert answer.word == "otherwise"
    assert any(told in line for line in answer.evidence)


def test_why_a_state_failed_stands_beside_it() -> None:
    failed = {"status": "FAILED", "error": "States.QueryEvaluationError", "cause": "no $exists"}
    answer = ask(lambda case: failed if case.error is None else interpreted(case))

    assert any(line.endswith("(States.QueryEvaluationError: no $exists)") for line in answer.evidence)


def refusing(*, tasks: bool) -> Callable[[Case], dict[str, Any]]:
    def answer(case: Case) -> dict[str, Any]:
        if case.mock is None or tasks:
            raise RefusedError("ValidationException", "a role is missing")
        return interpreted(case)

    return answer


def test_a_choice_that_needs_a_role_is_left_out_and_told() -> None:
    answer = ask(refusing(tasks=False))

    assert answer.word == "as-meant"
    assert "WhichStart, an unknown start: not tested, ValidationException: a role is missing" in answer.evidence


def test_a_task_that_is_refused_is_no_answer() -> None:
    with pytest.raises(RefusedError, match="a role is missing"):
        ask(refusing(tasks=True))


def test_no_state_that_was_tested_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "CASES", tuple(case for case in CASES if case.mock is None))

    with pytest.raises(UnansweredError, match="no state was tested"):
        ask(refusing(tasks=True))
