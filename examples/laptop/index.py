"""The code of the API shop. The variable FAILING is the share of requests that fail."""  # noqa: INP001 - an archive's root

import json
import os
import random
from typing import Any

FAILING = float(os.environ.get("FAILING", "0"))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with the item that was asked for."""
    if random.random() < FAILING:  # noqa: S311 - which request fails is no secret
        return {"statusCode": 503, "body": json.dumps({"message": "the shop is closed"})}
    return {"statusCode": 200, "body": json.dumps({"item": event["pathParameters"]["id"]})}
