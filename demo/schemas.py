"""The JSON schema of a traffic file. ``python -m demo.schemas`` writes it to docs/schemas."""

from __future__ import annotations

import json
from pathlib import Path

from embedded_aws.dataplane.traffic_schema import SCHEMA

PUBLISHED = Path(__file__).parents[1] / "docs" / "schemas" / "traffic.schema.json"


def text() -> str:
    """The published file's text."""
    return json.dumps(dict(SCHEMA), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(text(), encoding="utf-8")
