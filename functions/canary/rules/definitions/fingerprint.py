"""Whether two definitions are the same: a short text for each, equal if nothing differs that needs a new deployment.

AWS's page `updating-api` says what needs one (docs/aws.md#what-takes-a-deployment);
docs/decisions/0016-what-a-definition-is-read-from.md says which of its rows are left out, and why. The text begins with the
version of these rules, so that a version of the product that sees more does not mistake every definition for changed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from canary.rules.definitions.canonical import json_text, references_in

if TYPE_CHECKING:
    from canary.rules.definitions.definition import Definition

VERSION = 3
WRITTEN = re.compile(r"\bv\d+:[0-9a-f]{64}\b")
NUMBERS = frozenset({"id"})
"""Fields whose values AWS chose, not the author of the API."""


def fingerprint(definition: Definition) -> str:
    """The definition's fingerprint, `v3:` and a SHA-256."""
    return f"v{VERSION}:{hashlib.sha256(json_text(_plain(definition)).encode()).hexdigest()}"


def find_fingerprint(text: str | None) -> str | None:
    """The fingerprint in a deployment's description, if there is one."""
    found = WRITTEN.search(text or "")
    return found[0] if found else None


def is_current(written: str) -> bool:
    """Whether a fingerprint was made by this version of the rules, so that it may be compared with a new one."""
    return written.startswith(f"v{VERSION}:")


def serve_alike(one: Definition, other: Definition) -> bool:
    """Whether two definitions serve every request alike, even if they were read in different ways.

    It is unknown whether an export shows what no method uses (docs/aws.md#export-document), so unused parts are ignored.
    """
    return _used(one) == _used(other)


def _used(definition: Definition) -> Definition:
    methods = definition.methods
    authorizers = {method.authorizer for method in methods}
    validators = {method.validator for method in methods}
    models = _models_used(definition)
    return replace(
        definition,
        authorizers={name: one for name, one in definition.authorizers.items() if name in authorizers},
        validators={name: one for name, one in definition.validators.items() if name in validators},
        models={name: one for name, one in definition.models.items() if name in models},
        bare_paths=(),
    )


def _models_used(definition: Definition) -> set[str]:
    """The models that methods name, and all models that these refer to."""
    found: set[str] = set()
    open_names = {name for method in definition.methods for name in method.models.values()}
    open_names |= {
        name for method in definition.methods for response in method.responses.values() for name in response.models.values()
    }
    while open_names:
        found |= open_names
        schemas = [definition.models[name].schema for name in open_names if name in definition.models]
        open_names = {name for schema in schemas for name in references_in(schema)} - found
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.name not in NUMBERS}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
