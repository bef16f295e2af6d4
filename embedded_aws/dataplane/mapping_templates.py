"""Mapping templates without logic: fills in references to stage variables, context and input.

Decides what a reference becomes (docs/aws.md#mapping-templates). A template with logic is refused, not guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from embedded_aws.dataplane.access_log import context_value
from embedded_aws.dataplane.served import Served

JSON = "application/json"
_LOGIC = re.compile(r"#(?:set|if|foreach|end|else|elseif|macro|parse|include|stop|break)\b|\$!?\{?util\b")
_REFERENCE = re.compile(
    r"\$\{?(?P<root>stageVariables|context)\.(?P<name>\w+(?:\.\w+)*)\}?"
    r"|\$input\.(?P<call>params|json|path)\(\s*['\"](?P<argument>[^'\"]*)['\"]\s*\)"
    r"|\$input\.(?P<body>body)\b"
    r"|(?P<unknown>\$!?\{?input\b[^\s,}\"]*)"
)


class UnsupportedTemplateError(Exception):
    """A mapping template or a parameter mapping uses more than this module can fill in."""


@dataclass(frozen=True, slots=True)
class Input:
    """What fills a template: a request with its arm's stage variables, and the body to map."""

    served: Served
    variables: Mapping[str, str]
    body: str = ""

    def parameter(self, name: str) -> str:
        """What `$input.params` gives: the path parameter, else the query parameter, else the header."""
        request = self.served.request
        if name in self.served.parameters:
            return self.served.parameters[name]
        for key, value in reversed(request.query):
            if key == name:
                return value
        return header(request.headers, name) or ""


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header by its name, whatever its case."""
    wanted = name.lower()
    return next((text for key, text in headers.items() if key.lower() == wanted), None)


def render(template: str, given: Input) -> str:
    """The template filled in; a reference that is not set becomes empty.

    Raises:
        UnsupportedTemplateError: the template holds logic.

    """
    logic = _LOGIC.search(template)
    if logic:
        raise _unsupported(logic[0], given)
    return _REFERENCE.sub(lambda found: _value(found, given), template)


def _unsupported(what: str, given: Input) -> UnsupportedTemplateError:
    return UnsupportedTemplateError(
        f"the mapping template of {given.served.request.path} holds {what}; the embedded AWS fills in only $stageVariables, "
        "$context, $input.params('name'), $input.body and $input.json('$')"
    )


def _value(found: re.Match[str], given: Input) -> str:
    if found["root"] == "stageVariables":
        return given.variables.get(found["name"], "")
    if found["root"] == "context":
        value = context_value(given.served, found["name"])
        return "" if value is None else str(value)
    if found["call"] == "params":
        return given.parameter(found["argument"])
    if found["body"]:
        return given.body
    if found["call"] and found["argument"] == "$":
        return given.body or "{}"
    if found["call"] == "json":
        return json.dumps(at_path(given.body, found["argument"]))
    raise _unsupported(found[0], given)


def at_path(body: str, path: str) -> object:
    """The value at a plain path such as `$.order.id` in a JSON body; None if there is none."""
    if not re.fullmatch(r"\$(\.\w+)*", path):
        raise UnsupportedTemplateError(f"the path {path} holds more than names; use a path such as $.name.name")
    try:
        found: object = json.loads(body or "{}")
    except ValueError:
        return None
    for name in path.split(".")[1:]:
        found = found.get(name) if isinstance(found, dict) else None
    return found
