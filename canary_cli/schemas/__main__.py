"""`python -m canary_cli.schemas` writes the schema of each verb's answer into docs/schemas/answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from canary_cli.schemas.answers import ANSWERS, schema_of_answer

DOCS = Path(__file__).parents[2] / "docs" / "schemas" / "answers"


def write_answers(folder: Path) -> None:
    """Write ``<verb>.schema.json`` for each verb, and for errors."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ANSWERS:
        text = json.dumps(schema_of_answer(name), indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.schema.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_answers(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
