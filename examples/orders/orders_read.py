"""GET /orders and GET /orders/{id}."""

from __future__ import annotations

from typing import Any

from . import database, journal, release
from .answers import answer, explain

ORDERS = database.Orders()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """Lambda's entry point."""
    try:
        return _read(event)
    except database.DatabaseError as error:
        status = 503 if release.CATCHES_FAILURES else 502
        journal.log_failure(event, context, status, error)
        if not release.CATCHES_FAILURES:
            raise
        return explain(status, str(error))


def _read(event: dict[str, Any]) -> dict[str, Any]:
    is_down = event["headers"].get(database.FAULT_HEADER) == database.DOWN
    order_id = (event["pathParameters"] or {}).get("id")
    if order_id is None:
        orders = ORDERS.newest(is_down=is_down)
        return answer(200, {"orders": orders, "total_cents": sum(order["total_cents"] for order in orders)})
    order = ORDERS.find(order_id, is_down=is_down)
    return answer(200, order) if order else explain(404, f"there is no order {order_id}")
