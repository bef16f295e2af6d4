"""What the policy simulator's answers mean; the simulator here matches ARNs as each test defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from verify.account.aws import Place
from verify.questions.policies import ACTIONS, QualifiedArnInPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from verify.scratch.answer import Answer
    from verify.scratch.scratch import Scratch


class Simulator:
    """Allows each action for which ``match`` accepts the pattern in the policy and the ARN in the question."""

    place = Place("aws", "123456789012", "eu-west-1")

    def __init__(self, match: Callable[[str, str], bool]) -> None:
        self._match = match

    def call(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        assert (service, operation) == ("iam", "simulate_custom_policy")
        (policy,), (asked,) = given["PolicyInputList"], given["ResourceArns"]
        decision = "allowed" if self._match("qualified" if ":live" in policy else "plain", asked) else "implicitDeny"
        return {"EvaluationResults": [{"EvalActionName": name, "EvalDecision": decision} for name in given["ActionNames"]]}


class Asked:
    prefix = "canary-verify-ab12cd34"
    function = f"{prefix}-function"

    def __init__(self, match: Callable[[str, str], bool]) -> None:
        self.aws = Simulator(match)


def ask(match: Callable[[str, str], bool]) -> Answer:
    return QualifiedArnInPolicy().ask(cast("Scratch", Asked(match)))


def is_itself(policy: str, asked: str) -> bool:
    return (policy == "qualified") == asked.endswith(":live")


@pytest.mark.parametrize(
    ("match", "word"),
    [
        (is_itself, "apart"),
        (lambda policy, asked: policy == "plain" or is_itself(policy, asked), "unqualified-covers"),
        (lambda policy, asked: policy == "qualified" or is_itself(policy, asked), "qualified-covers"),
        (lambda *_: True, "each-covers-the-other"),
        (lambda *_: False, "neither-by-its-own-arn"),
        (lambda policy, _: policy == "plain", "neither-by-its-own-arn"),
    ],
)
def test_each_policy_is_tried_on_both_arns(match: Callable[[str, str], bool], word: str) -> None:
    assert ask(match).word == word


def test_the_evidence_names_the_actions() -> None:
    everything = ", ".join(ACTIONS)
    assert ask(is_itself).evidence == (
        f"a policy for the function allows on the function: {everything}",
        "a policy for the function allows on the alias: nothing",
        "a policy for the alias allows on the function: nothing",
        f"a policy for the alias allows on the alias: {everything}",
    )
