"""The JSON schemas of what users write, of the report and of notifications. ``python -m canary.edge.schemas`` writes the files.

They are generated from the models that read the input and from the types of what is written, so they cannot disagree with
them. What a schema cannot express (rising weights, names that must differ) is refused when the input is read.
"""

import json
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from canary.edge.notes import NoteModel
from canary.edge.request import AdvanceModel, AuthorizerModel, OperatorModel, RequestModel
from canary.edge.target import TargetModel
from canary.rules.messages.document import notification_schema
from canary.rules.reports.schema import DIALECT, document_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canary.edge.model import Strict

REPORT, NOTIFICATION = "report", "notification"
MODELS: "Mapping[str, type[Strict]]" = MappingProxyType(
    {
        "input": RequestModel,
        "advance": AdvanceModel,
        "target": TargetModel,
        "operator": OperatorModel,
        "authorizer": AuthorizerModel,
        "note": NoteModel,
    }
)
DOCS = Path(__file__).parents[3] / "docs" / "schemas"


def schema_of(model: "type[Strict]") -> dict[str, Any]:
    """The model's JSON schema, without the titles and nulls that pydantic adds to optional fields."""
    tidy: dict[str, Any] = _tidy(model.model_json_schema())
    return {"$schema": DIALECT, **tidy}


def write_schemas(folder: Path) -> None:
    """Write ``<name>.schema.json`` for each model, for the report and for a notification."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {REPORT: document_schema(), NOTIFICATION: notification_schema()}
    for name, schema in {**{name: schema_of(model) for name, model in MODELS.items()}, **made}.items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.schema.json").write_text(text, encoding="utf-8")


def _tidy(node: Any, *, is_fields: bool = False) -> Any:  # noqa: ANN401 - JSON is of any type
    """``is_fields``: the keys of ``node`` are names of fields, not keywords of JSON Schema."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    dropped = () if is_fields else {"title"} | ({"default"} if node.get("default", ...) is None else set())
    return {key: _tidy(item, is_fields=key in {"properties", "$defs"}) for key, item in node.items() if key not in dropped}


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
