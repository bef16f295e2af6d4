"""Answers in the format that API Gateway's Lambda proxy integration expects."""

from __future__ import annotations

import json
from typing import Any


def answer(status: int, body: object, **headers: str) -> dict[str, Any]:
    """A JSON answer."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **headers},
        "body": json.dumps(body),
    }


def explain(status: int, message: str) -> dict[str, Any]:
    """An answer that only says what is wrong."""
    return answer(status, {"message": message})
