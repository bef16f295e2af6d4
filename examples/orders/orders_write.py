"""POST /orders: a checkout. The body is {"items": [{"article": "tea", "quantity": 2}]}."""

from __future__ import annotations

import json
import random
from typing import Any

from . import database, journal, release
from .answers import answer, explain

PRICES_CENTS = {"tea": 450, "coffee": 690, "cup": 1250, "kettle": 4900}
DECLINED_SHARE = 0.02
FREE_DELIVERY_CENTS, DELIVERY_CENTS = 5000, 490

ORDERS = database.Orders()


class BodyError(Exception):
    """The client's fault: the body is not a valid order."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """Lambda's entry point."""
    try:
        items = _read_items(event["body"])
    except BodyError as error:
        return explain(400, str(error))
    if random.random() < DECLINED_SHARE:  # noqa: S311 - stands for the customer's bank
        journal.count_checkout(event, is_failed=True, is_payment=True)
        return explain(402, "the payment was declined")
    try:
        answered = _store(event, items)
    except database.DatabaseError as error:
        status = 503 if release.CATCHES_FAILURES else 502
        journal.log_failure(event, context, status, error)
        if not release.CATCHES_FAILURES:
            raise
        answered = explain(status, str(error))
    journal.count_checkout(event, is_failed=answered["statusCode"] != 201)  # noqa: PLR2004 - created
    return answered


def _read_items(body: str | None) -> list[tuple[str, int]]:
    try:
        items = [(str(item["article"]), int(item["quantity"])) for item in json.loads(body or "")["items"]]
    except (ValueError, LookupError, TypeError) as error:
        raise BodyError('the body must be {"items": [{"article": ..., "quantity": ...}]}') from error
    if not items or any(article not in PRICES_CENTS or quantity < 1 for article, quantity in items):
        raise BodyError(f"an order needs items, each one of {', '.join(PRICES_CENTS)} with a quantity of 1 or more")
    return items


def _store(event: dict[str, Any], items: list[tuple[str, int]]) -> dict[str, Any]:
    goods = sum(PRICES_CENTS[article] * quantity for article, quantity in items)
    total = goods + (DELIVERY_CENTS if goods < FREE_DELIVERY_CENTS else 0)
    order = {"id": str(random.randrange(database.SEEDED, 10**9)), "total_cents": total}  # noqa: S311 - an id is no secret
    ORDERS.insert(order, is_down=event["headers"].get(database.FAULT_HEADER) == database.DOWN)
    return answer(201, order, Location=f"/orders/{order['id']}")
