"""How a stage with a canary splits its requests: a number from 0 to 1 for each, which the canary's share is compared with.

A client does not stay with one arm (docs/aws.md#traffic-split). How near the share comes to the percent, and whether the
requests of one connection are drawn for one by one, nobody has recorded (docs/aws.md#split-accuracy).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.dataplane.served import Request

BY_CONNECTION, WITHIN_A_THIRD = "as-set-by-connection", "within-a-third"
SMALLER_BY = 0.75
"""What the share is multiplied by where it is only near the percent."""


def draw(request: Request, rng: random.Random, answer: str) -> float:
    """The number for a request, under one of the plausible answers."""
    if answer == BY_CONNECTION and request.connection:
        return random.Random(f"{request.api_id}/{request.stage}/{request.connection}").random()
    return rng.random()


def share_of(percent: float, answer: str) -> float:
    """The share of the requests that a canary of that percent gets; all and nothing are what they say."""
    share = percent / 100
    return share * SMALLER_BY if answer == WITHIN_A_THIRD and share < 1 else share
