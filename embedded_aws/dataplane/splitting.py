"""How a stage with a canary splits its requests: each gets a number from 0 to 1, which is compared with the canary's share.

A client does not stay with one arm (docs/aws.md#traffic-split). No record says how close the share comes to the percent, or
whether the requests of one connection are drawn independently (docs/aws.md#split-accuracy).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.dataplane.served import Request

BY_CONNECTION, WITHIN_A_THIRD = "as-set-by-connection", "within-a-third"
SMALLER_BY = 0.75
"""The factor on the share under the answer that it only comes close to the percent."""


def draw(request: Request, rng: random.Random, answer: str) -> float:
    """The number for a request, under one of the plausible answers."""
    if answer == BY_CONNECTION and request.connection:
        return random.Random(f"{request.api_id}/{request.stage}/{request.connection}").random()
    return rng.random()


def share_of(percent: float, answer: str) -> float:
    """The share of requests that a canary at this percent gets. A share of all requests is always exact."""
    share = percent / 100
    return share * SMALLER_BY if answer == WITHIN_A_THIRD and share < 1 else share
