"""How little care a target allows: the bounds that every start's policy must keep. Values only.

Whether a policy keeps them is decided in `canary.rules.releases.floors`.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Floor:
    """The bounds; None for one that is not set.

    ``min_steps``: the least number of steps. ``min_bake_seconds``: the least bake of every step. ``min_total_seconds``: the
    least time from the first shift to the promotion. ``max_first_weight_percent``: the highest weight of the first step.
    """

    min_steps: int | None = None
    min_bake_seconds: int | None = None
    min_total_seconds: int | None = None
    max_first_weight_percent: Decimal | None = None


NO_FLOOR = Floor()
