"""Models that an import creates from inline schemas: AWS names them, possibly with a new name each time.

Here they are named by their content, so that the same document imported again is the same definition
(docs/aws.md#names-of-inline-models). Models with a name from the author are left alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canary.rules.definitions.definition import Definition, Method, Texts

GIVEN_BY_AWS = re.compile(r"MODEL[0-9a-z]{6}")
REFERENCE = re.compile(r"\bmodel:(MODEL[0-9a-z]{6})\b")


def name_by_content(definition: Definition) -> Definition:
    """The definition with each such model renamed to a hash of its schema, in all references too."""
    names = {
        name: f"inline-{hashlib.sha256(REFERENCE.sub('model:', model.schema).encode()).hexdigest()[:16]}"
        for name, model in definition.models.items()
        if GIVEN_BY_AWS.fullmatch(name)
    }
    if not names:
        return definition
    return replace(
        definition,
        methods=tuple(_renamed(method, names) for method in definition.methods),
        models={
            names.get(name, name): replace(
                model, schema=REFERENCE.sub(lambda found: f"model:{names.get(found[1], found[1])}", model.schema)
            )
            for name, model in definition.models.items()
        },
    )


def _renamed(method: Method, names: Texts) -> Method:
    responses = {status: replace(one, models=_texts(one.models, names)) for status, one in method.responses.items()}
    return replace(method, models=_texts(method.models, names), responses=responses)


def _texts(models: Texts, names: Texts) -> dict[str, str]:
    return {content: names.get(name, name) for content, name in models.items()}
