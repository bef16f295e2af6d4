"""The sample's clients, who read and place orders, and an outage of the database that hits both arms alike.

The outage works like any fault injection: requests carry a header that tells the service to treat its database as down.
Which arm a request will get is not known here, so an outage cannot favour one.
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
    """Starting ``after_seconds`` from now, ``share`` (0 to 1) of all requests find the database down for ``lasts_seconds``."""

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
        """Plan an outage relative to ``now`` (epoch seconds), or cancel it with None."""
        begins = now + outage.after_seconds if outage else 0.0
        self._outage = (begins, begins + outage.lasts_seconds, outage.share) if outage else None

    def requests(self, start: float, end: float) -> Iterator[Request]:
        """The requests that arrive after ``start`` and up to ``end``."""
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
