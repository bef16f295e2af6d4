"""Whether an alias's second version may have all invocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.answer import Answer
from verify.aws import RefusedError
from verify.budget import Budget
from verify.parts import Part
from verify.question import Question
from verify.questions.patch_question import ACCEPTED, REFUSED

if TYPE_CHECKING:
    from verify.pace import Pace
    from verify.scratch import Scratch

ALIAS = "live"
ONE = "InvalidParameterValueException"


class AliasWeightOfOne(Question):
    """An alias of version 1 with version 2 beside it."""

    slug = "alias-weight-of-one"
    how = "give an alias a second version at a weight of 1.0, and take it away again"
    parts = frozenset({Part.FUNCTION})

    def budget(self, pace: Pace) -> Budget:
        """Two calls, which are free."""
        del pace
        return Budget(seconds=10, usual_seconds=2)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        try:
            _split(scratch, {"2": 1.0})
        except RefusedError as error:
            if not (error.is_judgement or error.code == ONE):
                raise
            return Answer(REFUSED, (f"a weight of 1.0: {error}",))
        shown = scratch.aws.call("lambda", "get_alias", FunctionName=scratch.function, Name=ALIAS)
        _split(scratch, {})
        return Answer(ACCEPTED, (f"a weight of 1.0 is then shown as {shown['RoutingConfig']}",))


def _split(scratch: Scratch, weights: dict[str, float]) -> None:
    routing = {"AdditionalVersionWeights": weights}
    scratch.aws.call("lambda", "update_alias", FunctionName=scratch.function, Name=ALIAS, RoutingConfig=routing)
