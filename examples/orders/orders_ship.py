"""Ships one order; invoked directly, through its alias, by whoever packed it. The event is {"order": "17"}."""

from __future__ import annotations

import json
from typing import Any

from . import database

ORDERS = database.Orders()


class UnknownOrderError(Exception):
    """The caller's fault: there is no such order."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """What Lambda calls. There is nobody to answer 503 to: what goes wrong is raised, and Lambda counts it."""
    order = ORDERS.find(str(event["order"]), is_down=False)
    if order is None:
        raise UnknownOrderError(f"there is no order {event['order']}")
    print(json.dumps({"version": context.function_version, "shipped": order["id"]}))  # noqa: T201 - the function's log
    return {"shipped": order["id"], "total_cents": order["total_cents"]}
