"""One canonical form for JSON that AWS returns differently from how it was given: resource policies and schemas.

Decides which documents are the same. Text that is not JSON stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MODEL_REFERENCE = re.compile(r"(?:https://[^/]+/restapis/[^/]+/models/|#/components/schemas/|#/definitions/)([^/]+)")
ROOT_OF_ACCOUNT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")
SETS = frozenset({"required", "enum", "type"})
"""The keys of a schema whose lists have no order."""


def json_text(value: Any) -> str:  # noqa: ANN401 - JSON is of any type
    """The value as JSON, keys sorted, without blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parse_json(text: str) -> Any:  # noqa: ANN401
    """The parsed text, even if its quotes are escaped twice (docs/aws.md#rest-api-policy); None if it is not JSON."""
    for written in (text, f'"{text}"'):
        try:
            parsed = json.loads(written)
            return json.loads(parsed) if isinstance(parsed, str) else parsed
        except ValueError:
            continue
    return None


def schema_text(schema: str | Mapping[str, Any]) -> str:
    """A model's schema as canonical JSON.

    References to models become their names. `$schema` is left out because an export does not show it. Lists whose order has no
    meaning are sorted (docs/aws.md#model-schemas).
    """
    parsed = parse_json(schema) if isinstance(schema, str) else schema
    if not isinstance(parsed, Mapping):
        return str(schema).strip()
    local = set(parsed.get("definitions", ()))
    return json_text(_schema({key: value for key, value in parsed.items() if key != "$schema"}, local))


def references_in(schema: str) -> set[str]:
    """The names of the models that a canonical schema refers to."""
    return set(re.findall(r'"\$ref":"model:([^"]+)"', schema))


def _schema(value: Any, local: set[str], key: str = "") -> Any:  # noqa: ANN401
    match value:
        case Mapping():
            return {name: _schema(item, local, name) for name, item in value.items()}
        case list():
            items = [_schema(item, local) for item in value]
            return sorted(items, key=json_text) if key in SETS else items
        case str() if key == "$ref" and (found := MODEL_REFERENCE.fullmatch(value)):
            return value if value.startswith("#/definitions/") and found[1] in local else f"model:{found[1]}"
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def policy_text(policy: str | Mapping[str, Any], rest_api_id: str) -> str:
    """A resource policy as canonical JSON; empty if there is none.

    AWS expands `execute-api:/x` to a full ARN and an account to the ARN of its root, and keeps or drops the list around a
    single value (docs/aws.md#rest-api-policy). The order of statements and their names have no effect.
    """
    parsed = parse_json(policy) if isinstance(policy, str) else policy
    if not isinstance(parsed, Mapping):
        return str(policy or "").strip()
    statements = [_statement(one, rest_api_id) for one in _listed(parsed.get("Statement", []))]
    return json_text({"Version": parsed.get("Version", "2008-10-17"), "Statement": sorted(statements, key=json_text)})


def _statement(statement: Mapping[str, Any], rest_api_id: str) -> dict[str, Any]:
    own = re.compile(rf"arn:[^:]+:execute-api:[^:]*:[^:]*:{re.escape(rest_api_id)}/")
    plain: dict[str, Any] = {}
    for key, value in statement.items():
        match key:
            case "Sid":
                continue
            case "Principal" | "NotPrincipal":
                plain[key] = _principals(value)
            case "Resource" | "NotResource":
                plain[key] = _sorted(own.sub("execute-api:/", str(one)) for one in _listed(value))
            case "Action" | "NotAction":
                plain[key] = _sorted(str(one).lower() for one in _listed(value))
            case "Condition":
                plain[key] = {test: _tested(keys) for test, keys in value.items()}
            case _:
                plain[key] = value
    return plain


def _principals(value: Any) -> dict[str, list[str]]:  # noqa: ANN401
    by_kind = value if isinstance(value, Mapping) else {"AWS": value}
    return {kind: _sorted(ROOT_OF_ACCOUNT.sub(r"\1", str(one)) for one in _listed(named)) for kind, named in by_kind.items()}


def _tested(keys: Mapping[str, Any]) -> dict[str, list[str]]:
    return {key.lower(): _sorted(_word(one) for one in _listed(value)) for key, value in keys.items()}


def _word(value: Any) -> str:  # noqa: ANN401
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else [value]


def _sorted(words: Any) -> list[str]:  # noqa: ANN401 - a generator of texts
    return sorted(set(words))
