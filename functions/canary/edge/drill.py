"""How an input says that its rollout is a drill."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.kinds import Whole
from canary.edge.model import Clash, Strict
from canary.rules.releases.drills import LATEST_REFUSALS_SECONDS, LONGEST_REFUSALS_SECONDS, Drill

AFTER = Whole("a number of seconds", 0, LATEST_REFUSALS_SECONDS, "give the seconds from the start, such as 120")
LASTING = Whole("a number of seconds", 0, LONGEST_REFUSALS_SECONDS, "give the seconds that they last, such as 600")


class DrillModel(Strict):
    """A rehearsal on a target that allows it. AWS may be told to refuse the controller for a while."""

    refuse_after_seconds: Annotated[int, AFTER] = Field(
        default=0, description="the seconds from the execution's start until the calls that shift traffic are refused"
    )
    refuse_seconds: Annotated[int, LASTING] = Field(
        default=0, description="the seconds for which they are refused; the default 0 refuses nothing"
    )

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> Iterator[Clash]:
        """A beginning without a duration."""
        if "refuse_after_seconds" in raw and "refuse_seconds" not in raw:
            yield Clash(("refuse_seconds",), "is missing, so nothing is ever refused", "say how many seconds")

    def drill(self) -> Drill:
        """The drill as the rules know it."""
        return Drill(self.refuse_after_seconds, self.refuse_seconds)
