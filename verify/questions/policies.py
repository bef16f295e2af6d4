"""Whether IAM distinguishes a function's ARN from those of its versions and aliases in a policy.

The policy simulator shows how IAM matches ARNs. It does not show which ARN Lambda presents for a call; see
docs/aws.md#permission-resources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.questions.patch_question import PatchQuestion
from verify.scratch.answer import Answer
from verify.scratch.scratch import document

if TYPE_CHECKING:
    from verify.scratch.scratch import Scratch

APART, COVERS, REVERSE, BOTH = "apart", "unqualified-covers", "qualified-covers", "each-covers-the-other"
ACTIONS = ("lambda:InvokeFunction", "lambda:GetFunctionConfiguration", "lambda:GetPolicy")
"""Actions that may name a version or an alias."""


class QualifiedArnInPolicy(PatchQuestion):
    """Two policies, one for each ARN, each tried with both ARNs."""

    slug = "qualified-arn-in-policy"
    how = "pass a policy for a function's ARN, and one for its alias's ARN, to SimulateCustomPolicy with both ARNs"
    parts = frozenset()
    not_of_emulators = "an emulator's policy simulator, if it has one, says nothing about IAM"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        function = scratch.aws.place.arn("lambda", f"function:{scratch.function}")
        alias = f"{function}:live"
        covers = {
            (one, other): _allowed(scratch, policy=one, asked=other) for one in (function, alias) for other in (function, alias)
        }
        evidence = tuple(
            f"a policy for the {_name(one)} allows on the {_name(other)}: {', '.join(allowed) or 'nothing'}"
            for (one, other), allowed in covers.items()
        )
        if not covers[function, function] or not covers[alias, alias]:
            return Answer("neither-by-its-own-arn", evidence)
        words = {(False, False): APART, (True, False): COVERS, (False, True): REVERSE, (True, True): BOTH}
        return Answer(words[bool(covers[function, alias]), bool(covers[alias, function])], evidence)


def _name(arn: str) -> str:
    return "alias" if arn.endswith(":live") else "function"


def _allowed(scratch: Scratch, *, policy: str, asked: str) -> list[str]:
    """The actions that a policy for one ARN allows on another."""
    answered = scratch.aws.call(
        "iam",
        "simulate_custom_policy",
        PolicyInputList=[document({"Effect": "Allow", "Action": list(ACTIONS), "Resource": policy})],
        ActionNames=list(ACTIONS),
        ResourceArns=[asked],
    )
    return [each["EvalActionName"] for each in answered["EvaluationResults"] if each["EvalDecision"] == "allowed"]
