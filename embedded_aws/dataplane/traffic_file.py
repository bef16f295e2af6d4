"""Traffic from a file: which routes of an API are called, how often and with what.

Decides what a traffic file means, and what is wrong with it. Use::

    plan = parse_traffic(read_yaml(text))               # raises TrafficFileError, one problem per line
    shapes = plan.shapes or shapes_of(definition)[0]    # a file without routes only sets the rate
    aws.dataplane.add_source(Traffic(api_id, "prod", shapes, per_minute=plan.per_minute, rng=random.Random(1)))

`read_traffic` reads a file, or each file of a folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no stubs of its own

from embedded_aws.dataplane.mapping_templates import JSON, header
from embedded_aws.dataplane.served import NOTHING
from embedded_aws.dataplane.traffic import Shape
from embedded_aws.dataplane.traffic_definition import PLACEHOLDER
from embedded_aws.dataplane.traffic_schema import DEFAULT_PER_MINUTE, SCHEMA
from embedded_aws.wire.yaml_text import read_yaml

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_SHOWN = 60
PATTERN = "*.y*ml"
_NUMBER = "n"
_FIX = "description"


class TrafficFileError(Exception):
    """A traffic file's fault; each line of the text is a problem: field, value, fix."""


@dataclass(frozen=True, slots=True)
class Invocations:
    """How often a function is invoked through one of its aliases, and with what."""

    function: str
    alias: str
    per_minute: float
    event: Any


@dataclass(frozen=True, slots=True)
class TrafficPlan:
    """What one file says; without ``shapes`` the routes come from the definition.

    ``api`` is a name or an id; None means every API, and a ``stage`` of None every stage. ``per_minute`` is requests per
    minute of each such stage, and None leaves it to the caller.
    """

    api: str | None = None
    stage: str | None = None
    per_minute: float | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    shapes: tuple[Shape, ...] = ()
    invocations: tuple[Invocations, ...] = ()

    def is_for(self, api_id: str, api_name: str, stage: str) -> bool:
        """Whether the file describes the traffic of this stage; one with invocations alone describes that of no stage."""
        says_something = bool(self.shapes or self.headers or self.per_minute is not None)
        return says_something and self.api in {None, api_id, api_name} and self.stage in {None, stage}


def read_traffic(path: Path) -> tuple[TrafficPlan, ...]:
    """The plan in a file, or those in each YAML file of a folder, in the order of the names.

    Raises:
        TrafficFileError: there is no such file; or all problems of all files, one per line, each with its file.
    """
    files = sorted(path.glob(PATTERN)) if path.is_dir() else [path]
    if not files:
        raise TrafficFileError(f"{path}: the folder has no YAML file; write one traffic file per API into it")
    plans, problems = [], []
    for file in files:
        try:
            plans.append(_read(file))
        except TrafficFileError as error:
            problems += [f"{file}: {line}" for line in str(error).splitlines()]
    if problems:
        raise TrafficFileError("\n".join(problems))
    return tuple(plans)


def _read(file: Path) -> TrafficPlan:
    try:
        return parse_traffic(read_yaml(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise TrafficFileError(f"it cannot be read ({error.strerror}); name a traffic file, or a folder of them") from error
    except UnicodeDecodeError as error:
        raise TrafficFileError(f"it is not UTF-8, got the byte {error.object[error.start]:#04x}; save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise TrafficFileError(f"it is no valid YAML ({' '.join(str(error).split())}); fix it") from error


def parse_traffic(raw: object) -> TrafficPlan:
    """The plan that a parsed file describes.

    Raises:
        TrafficFileError: every problem of the file, one per line.
    """
    problems = [_problem(error) for error in Draft202012Validator(dict(SCHEMA)).iter_errors(raw)]
    if problems or not isinstance(raw, Mapping):
        raise TrafficFileError("\n".join(sorted(problems)))
    if unknown := list(_unknown_parameters(raw.get("routes", []))):
        raise TrafficFileError("\n".join(unknown))
    headers = _texts(raw.get("headers", {}))
    return TrafficPlan(
        api=raw.get("api"),
        stage=raw.get("stage"),
        per_minute=raw.get("requests_per_minute"),
        headers=headers,
        shapes=tuple(_shape(route, headers) for route in raw.get("routes", [])),
        invocations=tuple(_invocations(each) for each in raw.get("invocations", [])),
    )


def _shape(route: Mapping[str, Any], shared: Mapping[str, str]) -> Shape:
    verb, _, path = str(route["route"]).partition(" ")
    listed = {name: [quote(_text(value), safe="") for value in values] for name, values in route.get("path", {}).items()}
    choices = {_placeholder(name): values for name, values in listed.items()}
    body = route.get("body")
    headers = {**shared, **_texts(route.get("headers", {}))}
    if body is not None and not isinstance(body, str):
        body = json.dumps(body)
        headers = headers if header(headers, "Content-Type") else {**headers, "Content-Type": JSON}

    def fill(found: re.Match[str]) -> str:
        name = found[0].strip("{}+")
        return f"{{{_placeholder(name) if name in listed else _NUMBER}}}"

    query = tuple(_texts(route.get("query", {})).items())
    return Shape(verb, PLACEHOLDER.sub(fill, path), float(route.get("share", 1)), headers, body, query, choices)


def _placeholder(name: str) -> str:
    """A listed parameter's place in the shape's path; one that is named like the number's place gets another name."""
    return f"{name}+" if name == _NUMBER else name


def _invocations(given: Mapping[str, Any]) -> Invocations:
    rate = float(given.get("requests_per_minute", DEFAULT_PER_MINUTE))
    return Invocations(given["function"], given.get("alias", "live"), rate, given.get("event", {}))


def _unknown_parameters(routes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Values for a parameter that the route's path does not have."""
    for index, route in enumerate(routes):
        known = {name.strip("{}+") for name in PLACEHOLDER.findall(route["route"])}
        for name in sorted(route.get("path", {}).keys() - known):
            missing = f"{route['route']} has no parameter {{{name}}}"
            yield f"routes[{index}].path.{name}: {missing}; drop it, or put it into the route"


def _problem(error: Any) -> str:  # noqa: ANN401 (jsonschema is untyped)
    """What is wrong: the field, the value found, the fix."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).removeprefix(".")
    fix = error.schema.get(_FIX) or "correct it"
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = sorted(str(key) for key in error.instance if key not in known)
        return f"{place or 'file'}: unknown key {', '.join(unknown)}; the keys are {', '.join(known)}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"{f'{place}.' if place else ''}{missing}: missing; {error.schema['properties'][missing][_FIX]}"
    return f"{place or 'file'}: got {_shown(error.instance)}; {fix}"


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in given.items()}


def _text(value: object) -> str:
    """A value as it is written in YAML: true stays true."""
    return str(value).lower() if isinstance(value, bool) else str(value)
