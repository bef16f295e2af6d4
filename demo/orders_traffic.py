"""Who calls the sample: clients who read orders and place them, and an outage of the database that hits both arms alike.

An outage is rehearsed as with any fault injection: requests carry a header that tells the service to find its database down.
Which arm a request will get is not known here, so an outage cannot prefer one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.dataplane.traffic import Shape, Traffic

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from canary.rules.targets.target import Stage
    from embedded_aws.dataplane.served import Request
    from embedded_aws.dataplane.traffic import Rate

PER_MINUTE = 600.0
READ_SHARE = 0.7
DATABASE_DOWN = {"X-Fault": "database"}
_CHECKOUT = json.dumps({"items": [{"article": "tea", "quantity": 2}, {"article": "cup", "quantity": 1}]})
_JSON = {"Content-Type": "application/json"}
SHAPES = (
    Shape("GET", "/orders/{n}", READ_SHARE - 0.1),
    Shape("GET", "/orders", 0.1),
    Shape("POST", "/orders", 1 - READ_SHARE, _JSON, _CHECKOUT),
)


@dataclass(frozen=True, slots=True)
class Outage:
    """For ``lasts_seconds`` from ``after_seconds`` on, ``share`` (0 to 1) of all requests find the database down."""

    after_seconds: float
    lasts_seconds: float
    share: float


class OrdersTraffic:
    """The sample's traffic, as a source for the data plane."""

    def __init__(self, stage: Stage, *, rng: random.Random, per_minute: Rate = PER_MINUTE) -> None:
        self._traffic = Traffic(stage.rest_api_id, stage.stage_name, SHAPES, per_minute=per_minute, rng=rng)
        self._rng = rng
        self._outage: tuple[float, float, float] | None = None

    def plan_outage(self, outage: Outage | None, now: float) -> None:
        """Have an outage at its time after ``now`` (epoch seconds), or none."""
        begins = now + outage.after_seconds if outage else 0.0
        self._outage = (begins, begins + outage.lasts_seconds, outage.share) if outage else None

    def requests(self, start: float, end: float) -> Iterator[Request]:
        """What arrives after ``start`` up to ``end``."""
        arriving = self._traffic.requests(start, end)
        if self._outage is None or end <= self._outage[0] or start >= self._outage[1]:
            return arriving
        return self._with_outage(arriving, *self._outage)

    def _with_outage(self, arriving: Iterator[Request], begins: float, ends: float, share: float) -> Iterator[Request]:
        for request in arriving:
            if begins <= request.at < ends and self._rng.random() < share:
                yield request._replace(headers={**request.headers, **DATABASE_DOWN})
            else:
                yield request
