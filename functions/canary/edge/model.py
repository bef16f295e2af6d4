"""Reads a whole mapping from outside: unknown fields are refused, and every problem is reported at once.

Pydantic skips the checks between fields as soon as one field is wrong; here both kinds of problems are reported together.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from aws_lambda_powertools.utilities.parser import BaseModel, ValidationError, model_validator
from pydantic import ConfigDict, ModelWrapValidatorHandler
from pydantic_core import InitErrorDetails

from canary.edge.kinds import refusal
from canary.rules.releases.problems import Problem, RefusedError, cut, nearest, show

if TYPE_CHECKING:
    from typing import Self

    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import ErrorDetails
    from pydantic_core.core_schema import CoreSchema

Path = tuple[int | str, ...]
Value = TypeVar("Value")
M = TypeVar("M", bound="Strict")


class Clash(NamedTuple):
    """A problem at a path inside the mapping being read; ``value`` and ``fix`` as in a ``Problem``."""

    path: Path
    value: str
    fix: str


class Strict(BaseModel):
    """The base of everything that users write. Each field's description is a noun phrase, so that a fix can say "give <it>".

    ``ignored``: keys that other tools add and that mean nothing here, with a description each; their values may be anything.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: ClassVar[str] = "a mapping"
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @classmethod
    def find_clashes(cls, raw: Mapping[Any, Any]) -> Iterable[Clash]:  # noqa: ARG003 - for models with such rules
        """Fields that do not agree with each other. ``raw`` is unchecked: each field reports its own wrong values."""
        return ()

    @model_validator(mode="wrap")
    @classmethod
    def read_whole(cls, raw: Any, handler: ModelWrapValidatorHandler["Self"]) -> "Self":  # noqa: ANN401
        """The model, or a validation error with every problem in the controller's own words."""
        clashes = cls.find_clashes(raw) if isinstance(raw, Mapping) else ()
        found = [_line(clash) for clash in clashes]
        is_mapping = isinstance(raw, Mapping)
        known = {key: value for key, value in raw.items() if key not in cls.ignored} if is_mapping else raw
        try:
            model = handler(known)
        except ValidationError as error:
            fields = {field.alias or name: field.description or name for name, field in cls.model_fields.items()}
            worded = [_line(explain(line, fields=fields, shape=cls.shape)) for line in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, [*worded, *found]) from None
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return model

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: "CoreSchema", handler: "GetJsonSchemaHandler") -> "JsonSchemaValue":
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        properties.update({name: {"description": text} for name, text in cls.ignored.items()})
        return schema


def parse(model: type[M], raw: object, *, at: str = "") -> tuple[M | None, tuple[Problem, ...]]:
    """The model, or None and every problem; ``at`` is the path of ``raw`` itself."""
    try:
        return model.model_validate(raw), ()
    except ValidationError as error:
        return None, tuple(_problem(line, at) for line in error.errors(include_url=False))


def require(parsed: tuple[Value | None, tuple[Problem, ...]]) -> Value:
    """The parsed value.

    Raises:
        RefusedError: with every problem, if there are any.

    """
    value, problems = parsed
    if value is None:
        raise RefusedError(problems)
    return value


def explain(line: "ErrorDetails", *, fields: Mapping[str, str], shape: str) -> Clash:
    """One pydantic error in the controller's own words; ``fields`` are the descriptions of the fields beside it."""
    path, got = line["loc"], f"got {show(line['input'])}"
    match line["type"]:
        case "refused":
            return Clash(path, line["ctx"]["value"], line["ctx"]["fix"])
        case "missing":
            return Clash(path, "is missing", f"give {fields.get(str(path[-1]), 'it')}")
        case "extra_forbidden" | "invalid_key":
            return Clash(path, f"unknown field, {got}", _suggest(str(path[-1]), fields))
        case "model_type" | "dict_type":
            return Clash(
                path,
                f"not a mapping, {got}",
                f"give {shape} with {', '.join(fields)}" if not path else "give a mapping",
            )
        case "tuple_type":
            return Clash(path, f"not a list, {got}", "give a list")
        case _:
            return Clash(path, f"{line['msg'][:1].lower()}{line['msg'][1:]}, {got}", "correct it")


def _suggest(name: str, fields: Iterable[str]) -> str:
    near = nearest(name, fields)
    return f"did you mean {near}?" if near else f"remove it; the fields here are {', '.join(fields)}"


def _line(clash: Clash) -> InitErrorDetails:
    return InitErrorDetails(type=refusal(clash.value, clash.fix), loc=clash.path, input=None)


def _problem(line: "ErrorDetails", at: str) -> Problem:
    return Problem(_spell(line["loc"], at), line["ctx"]["value"], line["ctx"]["fix"])


def _spell(path: Path, at: str) -> str:
    text = at
    for part in path:
        match part:
            case int():
                text += f"[{part}]"
            case "[key]":  # pydantic's mark for a key that does not fit; the key itself comes before it
                pass
            case _:
                text += f".{cut(part)}" if text else cut(part)
    return text or "input"
