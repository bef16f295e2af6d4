"""Parameter mappings: where a header, a query parameter or a path parameter gets its value.

Decides what an expression such as `method.request.header.Accept` means (docs/aws.md#parameter-mappings).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from embedded_aws.dataplane.access_log import context_value
from embedded_aws.dataplane.mapping_templates import Input, UnsupportedTemplateError, at_path, header


@dataclass(frozen=True, slots=True)
class Backend:
    """An integration's own answer, for mappings that read from it."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


def value_of(expression: str, given: Input, backend: Backend | None = None) -> str | None:
    """The value of a mapping expression; None if there is none.

    Raises:
        UnsupportedTemplateError: the embedded AWS does not support this expression.

    """
    if expression.startswith("'") and expression.endswith("'"):
        return expression[1:-1]
    root, _, rest = expression.partition(".")
    if root == "context":
        value = context_value(given.served, rest)
        return None if value is None else str(value)
    if root == "stageVariables":
        return given.variables.get(rest)
    if expression.startswith("method.request."):
        return _of_request(expression.removeprefix("method.request."), given)
    if expression.startswith("integration.response.") and backend is not None:
        return _of_backend(expression.removeprefix("integration.response."), backend)
    raise UnsupportedTemplateError(f"the mapping {expression} is not built; use a header, a query, a path or a constant")


def _of_request(source: str, given: Input) -> str | None:
    place, _, name = source.partition(".")
    request = given.served.request
    match place:
        case "header" | "multivalueheader":
            return header(request.headers, name)
        case "querystring" | "multivaluequerystring":
            return next((value for key, value in reversed(request.query) if key == name), None)
        case "path":
            return given.served.parameters.get(name)
        case "body" if not name:
            return request.body
        case "body":
            return _text(at_path(request.body or "", f"$.{name}"))
        case _:
            raise UnsupportedTemplateError(f"the mapping method.request.{source} is not built")


def _of_backend(source: str, backend: Backend) -> str | None:
    place, _, name = source.partition(".")
    if place in {"header", "multivalueheader"}:
        return header(backend.headers, name)
    if place == "body":
        return backend.body if not name else _text(at_path(backend.body, f"$.{name}"))
    raise UnsupportedTemplateError(f"the mapping integration.response.{source} is not built")


def _text(found: object) -> str | None:
    return None if found is None else str(found)


def mapped(
    parameters: Mapping[str, str], prefix: str, given: Input, backend: Backend | None = None
) -> Iterator[tuple[str, str]]:
    """The parameters whose names have this prefix, without it, each with its value where there is one."""
    for target, expression in parameters.items():
        if target.startswith(prefix):
            value = value_of(expression, given, backend)
            if value is not None:
                yield target.removeprefix(prefix), value
