"""What the oldest boto3 that the functions may meet can do: `python tests/aws/oldest_sdk.py <botocore/data>` writes it.

The Lambda runtime has its own boto3, which is older than the one in the tests. That version's service models describe it.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("oldest_sdk.json")
VERSION = "1.34.145"
"""From July 2024: older than the runtime python3.13 itself (docs/aws.md#runtime-sdk)."""

SERVICES = ("apigateway", "cloudwatch", "dynamodb", "events", "lambda", "logs", "ssm", "stepfunctions", "sts")


def members(model: dict[str, Any], operation: str) -> list[str]:
    """The names of an operation's parameters."""
    shape = model["operations"][operation].get("input")
    return sorted(model["shapes"][shape["shape"]]["members"]) if shape else []


def digest(data: Path) -> dict[str, dict[str, list[str]]]:
    """The parameters, by service and operation."""
    found = {}
    for service in SERVICES:
        [path] = sorted((data / service).glob("*/service-2.json*"))[-1:]
        raw = path.read_bytes()
        model = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        found[service] = {operation: members(model, operation) for operation in sorted(model["operations"])}
    return found


if __name__ == "__main__":
    RECORD.write_text(json.dumps(digest(Path(sys.argv[1])), separators=(",", ":")) + "\n", encoding="utf-8")
