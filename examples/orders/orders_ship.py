"""Ships one order. Whoever packed it invokes this function directly, through its alias, with the event {"order": "17"}."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from . import database

ORDERS = database.Orders()
LOGGER = Logger(service="orders-ship", location=None, timestamp=None)


class UnknownOrderError(Exception):
    """The caller's fault: the order does not exist."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """Lambda's entry point. No HTTP client expects a 503, so errors are raised, and Lambda counts them."""
    try:
        order = _find(str(event["order"]))
    except (database.DatabaseError, UnknownOrderError) as error:
        said = f"{type(error).__name__}: {error}"
        ids = {"version": context.function_version, "function_request_id": context.aws_request_id}
        LOGGER.error("the shipment failed", error=said, **ids)  # noqa: TRY400 - without the stack
        raise
    return {"shipped": order["id"], "total_cents": order["total_cents"]}


def _find(order_id: str) -> database.Order:
    order = ORDERS.find(order_id, is_down=False)
    if order is None:
        raise UnknownOrderError(f"there is no order {order_id}")
    return order
