"""Ships one order. Whoever packed it invokes this function directly, through its alias, with the event {"order": "17"}."""

from __future__ import annotations

import json
from typing import Any

from . import database

ORDERS = database.Orders()


class UnknownOrderError(Exception):
    """The caller's fault: the order does not exist."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """Lambda's entry point. No HTTP client expects a 503, so errors are raised, and Lambda counts them."""
    order = ORDERS.find(str(event["order"]), is_down=False)
    if order is None:
        raise UnknownOrderError(f"there is no order {event['order']}")
    print(json.dumps({"version": context.function_version, "shipped": order["id"]}))  # noqa: T201 - the function's log
    return {"shipped": order["id"], "total_cents": order["total_cents"]}
