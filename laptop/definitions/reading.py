"""Reads whichever kind of definition a file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from laptop.definitions.documents import DefinitionError, read_document
from laptop.definitions.openapi import read_openapi
from laptop.definitions.sam import is_template, read_template

if TYPE_CHECKING:
    from pathlib import Path

    from laptop.definitions.operations import Definition


def read_definition(file: Path) -> Definition:
    """The operations of an OpenAPI definition or a SAM template.

    Raises:
        DefinitionError: there is nothing in it that could be rolled out, or it cannot be read.

    """
    root = read_document(file)
    found = read_template(root, file) if is_template(root) else read_openapi(root)
    if not any(one.is_inside for one in found.operations):
        methods, first = len(found.operations), found.operations[0].name
        raise DefinitionError(
            f"none of the {methods} methods calls a function, so there is nothing to roll out; the first is {first}",
            "remove the x-amazon-apigateway-integration of the methods that a stand-in is to answer",
        )
    return found
