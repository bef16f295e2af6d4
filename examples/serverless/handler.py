"""The functions of the API orders, for the examples with Serverless and Terraform."""  # noqa: INP001 - the root of an archive

import json
from typing import Any


def read(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with the orders."""
    return {"statusCode": 200, "body": json.dumps({"orders": []})}


def write(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with a new order."""
    return {"statusCode": 201, "body": json.dumps({"id": "1"})}
