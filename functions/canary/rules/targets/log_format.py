"""The format of an access-log line, and why another format would lose lines.

Decides whether every line of a format is a JSON object with the fields that the metric filters read, whatever the request was.
A line that is not valid JSON counts for neither arm, and failing requests are the ones most likely to write such lines. What
each variable prints is defined in `log_variables`. No filter reads `functionRequestId`; it joins a request with what its
function logged (docs/aws.md#function-request-id).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, assert_never

from canary.rules.targets.log_variables import HARMLESS, INSTEAD, VARIABLE, Prints, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canary.rules.targets.target import Outside

_FIELDS = {
    "requestId": '"$context.requestId"',
    "extendedRequestId": '"$context.extendedRequestId"',
    "functionRequestId": '"$context.integration.requestId"',
    "apiId": '"$context.apiId"',
    "stage": '"$context.stage"',
    "deploymentId": '"$context.deploymentId"',
    "isCanary": '"$context.isCanaryRequest"',
    "httpMethod": '"$context.httpMethod"',
    "resourcePath": '"$context.resourcePath"',
    "status": "$context.status",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": '"$context.integrationLatency"',
    "integrationStatus": '"$context.integrationStatus"',
    "errorResponseType": '"$context.error.responseType"',
}

LOG_FORMAT = "{" + ",".join(f'"{name}":{value}' for name, value in _FIELDS.items()) + "}"
"""The access-log format, one JSON line per request."""

_READ_ALWAYS = ("apiId", "stage", "isCanary", "status", "responseLatency", "integrationLatency", "integrationStatus")
_READ_OF_ROUTES = ("httpMethod", "resourcePath")
_REQUEST_IDS = ("$context.requestId", "$context.extendedRequestId")
_LONGEST_FORMAT = 3_000

_PIECE = re.compile(rf'(?P<string>"(?:[^"\\]|\\.)*")|(?P<bare>{VARIABLE.pattern})|(?P<broken>")')
_BESIDE = re.compile(r'[^\s:,\[\]{}"]')
_NAME_BEFORE = re.compile(r'("(?:[^"\\]|\\.)*"\s*:)\s*\Z')
_NO_JSON = "produces lines that are not valid JSON; write it as a JSON object with the variables as values"


@dataclass(frozen=True, slots=True)
class _Bare:
    """A variable used as a value without quotes."""

    variable: str


class _Pairs(tuple[tuple[str, object], ...]):
    """A JSON object as written: a name may occur twice."""

    __slots__ = ()


class _MisfitError(ValueError):
    """What is wrong with the format as a whole, so that its fields cannot be checked."""


def find_misfit(log_format: str, outside: Outside | None = None) -> str | None:
    """Why the filters would not count every line of this format, each reason with what to write; None if they would.

    Additional fields do no harm as long as the line stays valid JSON. If routes are ``outside`` the rollout, the filters also
    read method and path.
    """
    try:
        line = _read(log_format)
    except _MisfitError as misfit:
        return f"the access-log format {misfit}"
    read = (*_READ_ALWAYS, *(_READ_OF_ROUTES if outside and outside.routes else ()))
    rest = _Pairs(pair for pair in line if pair[0] not in read)
    clauses = dict.fromkeys((*_of_fields(line, read), *_of_object(rest)))
    return "the access-log format " + "; it ".join(clauses) if clauses else None


def names_of(log_format: str) -> dict[str, str]:
    """By variable, the field of the line that holds it and nothing else; empty for a format that is no JSON object."""
    try:
        line = _read(log_format)
    except _MisfitError:
        return {}
    found = ((value.variable if isinstance(value, _Bare) else value, name) for name, value in reversed(line))
    return {value: name for value, name in found if isinstance(value, str) and VARIABLE.fullmatch(value)}


def find_untrusted_text(log_format: str) -> tuple[str, ...]:
    """The variables of a fitting format whose content a client or a function controls.

    In quotes they are safe if API Gateway escapes them, which has been observed for user agents only.
    """
    variables = dict.fromkeys(VARIABLE.findall(log_format))
    return tuple(one for one in variables if kind_of(one) is Prints.UNTRUSTED_TEXT and one not in HARMLESS)


def _read(log_format: str) -> _Pairs:
    """The line as a JSON object that contains the variables."""
    if len(log_format.strip().splitlines()) > 1:
        raise _MisfitError("has several lines; write it as one")
    if len(log_format) > _LONGEST_FORMAT:
        raise _MisfitError(f"has {len(log_format)} characters; API Gateway accepts {_LONGEST_FORMAT}")
    if not any(name in VARIABLE.findall(log_format) for name in _REQUEST_IDS):
        raise _MisfitError("has neither $context.requestId nor $context.extendedRequestId; add one")
    line = _parse(log_format)
    if not isinstance(line, _Pairs):
        raise _MisfitError("produces a line that is not a JSON object; put it in braces")
    read_back = json.dumps(line, ensure_ascii=False, default=lambda bare: bare.variable)
    if VARIABLE.findall(read_back) != VARIABLE.findall(log_format):
        raise _MisfitError("writes part of a variable as an escape, which API Gateway does not decode; write it out")
    return line


def _parse(log_format: str) -> object:
    """The format as JSON. A quoted variable is plain text; an unquoted one is parsed as a number, which is then mapped back."""
    stem = next(str(number) for number in count(9_000) if str(number) not in log_format)
    pieces = list(_PIECE.finditer(log_format))
    bare = [piece for piece in pieces if piece["bare"]]
    if any(piece["broken"] for piece in pieces):
        raise _MisfitError(_NO_JSON)
    if glued := [clause for piece in bare if (clause := _find_glue(log_format, piece))]:
        raise _MisfitError("; it ".join(glued))
    variables = {f"{stem}{number:04}": piece["bare"] for number, piece in enumerate(bare)}
    numbers = iter(variables)
    text = _PIECE.sub(lambda piece: piece["string"] or next(numbers), log_format)

    def number(raw: str) -> object:
        return _Bare(variables[raw]) if raw in variables else raw

    try:
        return json.loads(text, object_pairs_hook=_Pairs, parse_int=number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _MisfitError(_NO_JSON) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _find_glue(log_format: str, piece: re.Match[str]) -> str | None:
    """What is wrong with an unquoted variable that touches other characters: together they may form a wrong number."""
    start, end = piece.span()
    while start and _BESIDE.match(log_format[start - 1]):
        start -= 1
    while end < len(log_format) and _BESIDE.match(log_format[end]):
        end += 1
    whole = log_format[start:end]
    if whole == piece["bare"]:
        return None
    before = _NAME_BEFORE.search(log_format[:start])
    return f'has {whole} without quotes, which is more than the variable; write {before[1] if before else ""}"{whole}"'


def _of_fields(line: _Pairs, read: Sequence[str]) -> Iterator[str]:
    """The fields that the filters read and would not find."""
    for name in read:
        written = _FIELDS[name]
        variable = written.strip('"')
        wanted: object = variable if written != variable else _Bare(variable)
        found = [value for key, value in line if key == name]
        if not found or any(value != wanted for value in found):
            how = "in quotes" if written != variable else "without quotes"
            yield f'needs {name} as {variable} {how}; write "{name}":{written}'


def _of_object(pairs: _Pairs) -> Iterator[str]:
    for name, value in pairs:
        if variables := VARIABLE.findall(name):
            yield f"names a field by {variables[0]}; write the name out"
        yield from _of_value(f"{json.dumps(name)}:", value)


def _of_value(name: str, value: object) -> Iterator[str]:
    """Variables whose values may break the JSON; ``name`` is the field's, with its colon, or empty in a list."""
    match value:
        case _Bare():
            yield from _of_bare(name, value.variable)
        case _Pairs():
            yield from _of_object(value)
        case list():
            for item in value:
                yield from _of_value("", item)
        case str():
            yield from _of_quoted(name, value)


def _of_bare(name: str, variable: str) -> Iterator[str]:
    match kind_of(variable):
        case Prints.NUMBER:
            return
        case Prints.QUOTED_TEXT:
            yield from _of_quoted(name, variable)
        case Prints.NUMBER_OR_DASH | Prints.UNTRUSTED_TEXT:
            yield (
                f"has {variable} without quotes, which may print -; then the line is not valid JSON and is not counted; "
                f'write {name}"{variable}"'
            )
        case Prints.TEXT:
            yield f'has {variable} without quotes, which prints text, so the line is not valid JSON; write {name}"{variable}"'
        case unreachable:
            assert_never(unreachable)


def _of_quoted(name: str, text: str) -> Iterator[str]:
    for variable in dict.fromkeys(VARIABLE.findall(text)):
        if kind_of(variable) is Prints.QUOTED_TEXT:
            yield (
                f"has {variable}, which prints text with its own quotes or - without quotes, so some lines are not valid JSON "
                f"whether it is quoted or not; write {name}{json.dumps(_with_instead(text))}"
            )


def _with_instead(text: str) -> str:
    return VARIABLE.sub(lambda variable: INSTEAD.get(variable[0], variable[0]), text)
