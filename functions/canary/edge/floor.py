"""How a target's floor is written: bounds that every start's policy must keep, each optional."""

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.fields import YEAR_SECONDS, WeightPercent
from canary.edge.kinds import Whole
from canary.edge.model import Strict
from canary.rules.targets.floor import Floor

MOST_STEPS = 100
STEPS = Whole("a whole number of steps", 1, MOST_STEPS, "give the least number of steps, such as 2")
LEAST_BAKE = Whole("a whole number of seconds", 1, YEAR_SECONDS, "give the least bake of a step, such as 300 for five minutes")
LEAST_TOTAL = Whole(
    "a whole number of seconds", 1, YEAR_SECONDS, "give the least time to a promotion, such as 1800 for half an hour"
)


class FloorModel(Strict):
    """The least care that a start's policy must take. A start below it needs an authorizer, with a reason."""

    min_steps: Annotated[int | None, STEPS] = Field(default=None, description="the least number of steps")
    min_bake_seconds: Annotated[int | None, LEAST_BAKE] = Field(
        default=None, description="the least seconds that every step bakes; it excludes early_advance"
    )
    min_total_seconds: Annotated[int | None, LEAST_TOTAL] = Field(
        default=None, description="the least seconds from the first shift to the promotion"
    )
    max_first_weight_percent: Annotated[Decimal | None, WeightPercent()] = Field(
        default=None, description="the highest weight of the first step, in percent"
    )

    def floor(self) -> Floor:
        """The floor as the rules know it."""
        return Floor(**self.model_dump())


def floor_to_mapping(floor: Floor) -> dict[str, Any]:
    """Every bound that is set, as ``FloorModel`` reads it, in JSON's own types."""
    given = {key: value for key, value in asdict(floor).items() if value is not None}
    return {key: float(value) if isinstance(value, Decimal) else value for key, value in given.items()}
