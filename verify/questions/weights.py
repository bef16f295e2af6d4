"""Whether an alias gives all its invocations to the additional version: the way to shift all traffic without a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.account.aws import RefusedError
from verify.questions.patch_question import ACCEPTED, REFUSED, PatchQuestion
from verify.scratch.answer import Answer
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from verify.scratch.scratch import Scratch


class AliasWeightOfOne(PatchQuestion):
    """The largest weight that the service model allows."""

    slug = "alias-weight-of-one"
    how = "give the additional version of an alias the weight 1, and remove it again"
    parts = frozenset({Part.API, Part.FUNCTION})

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        try:
            answered = _route(scratch, {"2": 1.0})
        except RefusedError as refusal:
            if refusal.code not in {"InvalidParameterValueException", "ValidationException"}:
                raise
            return Answer(REFUSED, (str(refusal),))
        _route(scratch, {})
        shown = answered["RoutingConfig"]["AdditionalVersionWeights"]
        return Answer(ACCEPTED, (f"UpdateAlias shows {shown}",))


def _route(scratch: Scratch, weights: dict[str, float]) -> dict[str, dict[str, dict[str, float]]]:
    return scratch.aws.call(
        "lambda",
        "update_alias",
        FunctionName=scratch.function,
        Name="live",
        RoutingConfig={"AdditionalVersionWeights": weights},
    )
