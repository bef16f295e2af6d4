"""The input of an execution that reverts a release. Only OperateRollout writes it, but anyone may send one like it."""

from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.kinds import Given, OneOf
from canary.edge.model import Strict, parse
from canary.edge.request import ADDED_BY_OTHERS, Reason, RolloutName, Target
from canary.rules.releases.release import GrantedOperation, Revert

if TYPE_CHECKING:
    from canary.rules.releases.problems import Problem


class RevertModel(Strict):
    """The input of an execution that takes a promoted release back."""

    ignored = ADDED_BY_OTHERS

    operation: Annotated[GrantedOperation, OneOf(GrantedOperation)] = Field(description="what the execution does: revert")
    target: Target
    rollout: RolloutName = Field(description="the promoted rollout that is reverted")
    to: Annotated[RolloutName | None, Given()] = Field(
        default=None, description="the earlier rollout whose release is brought back; without it, what base served before"
    )
    reason: Reason = ""

    def revert(self) -> Revert:
        """The revert as the rules know it."""
        return Revert(self.target, self.rollout, self.to, self.reason)


def is_revert(raw: object) -> bool:
    """Whether an execution's input asks for a revert."""
    return isinstance(raw, dict) and raw.get("operation") == GrantedOperation.REVERT


def parse_revert(raw: object) -> tuple[Revert | None, tuple["Problem", ...]]:
    """The revert in an execution's input, or None and every problem."""
    model, problems = parse(RevertModel, raw)
    return (model.revert(), ()) if model else (None, problems)
