"""The service's database: one table of orders in memory, a pool of connections, and queries that take time.

`time.sleep` stands for the duration of a query; on the embedded AWS it takes simulated time only, so no one waits.
"""

from __future__ import annotations

import math
import random
import time
from collections import deque
from typing import Any

from . import release

Order = dict[str, Any]

FAULT_HEADER = "X-Fault"
DOWN = "database"
"""For a request with this header and value the database is down; this is how an outage is rehearsed."""

POOL_SIZE = 150
IDLE_SECONDS = 60.0
SEEDED = 9_800
NEWEST = 10


class DatabaseError(Exception):
    """The database did not answer."""


class Pool:
    """A limited number of connections. One that was not returned becomes free after it was idle for a minute."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()

    def take(self) -> None:
        """Take a connection for one query."""
        now = time.time()
        taken = self._taken
        while taken and taken[0] <= now - IDLE_SECONDS:
            taken.popleft()
        if len(taken) >= POOL_SIZE:
            raise DatabaseError("no connection is free")
        taken.append(now)

    def give_back(self) -> None:
        """Return the connection that was taken last."""
        self._taken.pop()


class Orders:
    """The table: orders by id, and the newest ids."""

    def __init__(self) -> None:
        self._rows: dict[str, Order] = {
            str(number): {"id": str(number), "total_cents": 500 + 7 * (number % 900)} for number in range(SEEDED)
        }
        self._newest = deque((str(number) for number in range(SEEDED - NEWEST, SEEDED)), maxlen=NEWEST)
        self._pool = Pool()

    def find(self, order_id: str, *, is_down: bool) -> Order | None:
        """The order, if there is one."""
        self._query(is_down=is_down)
        return self._rows.get(order_id)

    def newest(self, *, is_down: bool) -> list[Order]:
        """The ten newest orders."""
        self._query(is_down=is_down)
        return [self._rows[order_id] for order_id in self._newest]

    def insert(self, order: Order, *, is_down: bool) -> None:
        """Store a new order. The oldest of the newest orders is dropped, so that a warm function's memory does not grow."""
        self._query(is_down=is_down)
        leaving = self._newest[0]
        self._newest.append(order["id"])
        if int(leaving) >= SEEDED:
            self._rows.pop(leaving, None)
        self._rows[order["id"]] = order

    def _query(self, *, is_down: bool) -> None:
        self._pool.take()
        milliseconds = random.lognormvariate(math.log(release.MEDIAN_MS), release.SPREAD)
        if release.SLOW_SHARE and random.random() < release.SLOW_SHARE:  # noqa: S311 - nor is this
            milliseconds *= release.SLOW_FACTOR
        time.sleep(milliseconds / 1000)
        if release.RETURNS_CONNECTIONS:
            self._pool.give_back()
        if is_down or random.random() < release.FAILING_SHARE:  # noqa: S311 - nor is this
            raise DatabaseError("the database does not answer")
