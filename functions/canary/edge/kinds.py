"""Reads kinds of values: numbers, truth values, choices and text, and says what is wrong with values that do not fit.

Each kind derives its JSON schema from the same bounds. Pipelines send strings, so numbers and truth values are also read from
strings. Text is never made from a number, because a number has already lost its leading zeros. What a value means is up to the
fields.
"""

import enum
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError, core_schema

from canary.rules.releases.problems import nearest, show

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

REFUSED = "refused"
"""The type of every pydantic error that already says what is wrong, the value found and what to do."""

LONGEST_NUMBER = 40
NUMBER = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?"
WHOLE_NUMBER = r"-?[0-9]+"
JOINERS = "\u200c\u200d"
"""Invisible, but part of the text: they join letters and the parts of an emoji."""


def refusal(value: str, fix: str) -> PydanticCustomError:
    """The error for a value that does not fit; ``value`` and ``fix`` as in a ``Problem``."""
    return PydanticCustomError(REFUSED, "{value}; {fix}", {"value": value, "fix": fix})


def read_number(value: object) -> Decimal | None:
    """The number that ``value`` is or spells, exactly as written; None if it is not a number."""
    match value:
        case bool():
            return None
        case int() | Decimal():
            number = Decimal(value)
        case float():
            number = Decimal(repr(value))
        case str() if len(value) <= LONGEST_NUMBER and re.fullmatch(NUMBER, value.strip()):
            number = Decimal(value.strip())
        case _:
            return None
    return number if number.is_finite() else None


class ValueKind(ABC):
    """A kind of value, for ``Annotated``: ``read`` reads the field and ``schema`` describes it."""

    __slots__ = ()

    @abstractmethod
    def read(self, value: object) -> Any:  # noqa: ANN401 - each kind has its own type
        """The value, or a ``refusal``."""

    @abstractmethod
    def schema(self) -> "JsonSchemaValue":
        """What the kind accepts, as a JSON schema."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: "GetCoreSchemaHandler") -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: "GetJsonSchemaHandler"
    ) -> "JsonSchemaValue":
        return self.schema()


@dataclass(frozen=True, slots=True)
class Given:
    """For an optional field: it may be left out, but null is not allowed."""

    def __get_pydantic_core_schema__(self, source: object, handler: "GetCoreSchemaHandler") -> core_schema.CoreSchema:
        nullable: Any = handler(source)
        inner: core_schema.CoreSchema = nullable["schema"]
        return inner


@dataclass(frozen=True, slots=True)
class Whole(ValueKind):
    """A whole number within bounds. ``what`` names it with its unit."""

    what: str
    at_least: int
    at_most: int
    fix: str

    def read(self, value: object) -> int:
        """The number, also from a string or from 900.0."""
        number = read_number(value)
        if number is not None and self.at_least <= number <= self.at_most and number == int(number):
            return int(number)
        raise refusal(f"not {self.what} from {self.at_least} to {self.at_most}, got {show(value)}", self.fix)

    def schema(self) -> "JsonSchemaValue":
        """An integer, or a string that holds one."""
        return {
            "type": ["integer", "string"],
            "minimum": self.at_least,
            "maximum": self.at_most,
            "pattern": f"^{WHOLE_NUMBER}$",
        }


@dataclass(frozen=True, slots=True)
class Rate(ValueKind):
    """A share between two bounds, both excluded."""

    what: str
    above: float
    below: float
    fix: str

    def read(self, value: object) -> float:
        """The share, also from a string."""
        number = read_number(value)
        if number is not None and self.above < number < self.below:
            return float(number)
        raise refusal(f"not {self.what} above {self.above:g} and below {self.below:g}, got {show(value)}", self.fix)

    def schema(self) -> "JsonSchemaValue":
        """A number, or a string that holds one."""
        return {
            "type": ["number", "string"],
            "exclusiveMinimum": self.above,
            "exclusiveMaximum": self.below,
            "pattern": f"^{NUMBER}$",
        }


@dataclass(frozen=True, slots=True)
class Flag(ValueKind):
    """True or false, also as a string."""

    def read(self, value: object) -> bool:
        """The truth value."""
        match value:
            case bool():
                return value
            case str() if value.strip().lower() in {"true", "false"}:
                return value.strip().lower() == "true"
            case _:
                raise refusal(f"neither true nor false, got {show(value)}", "write true or false")

    def schema(self) -> "JsonSchemaValue":
        """A boolean, or a string that holds one."""
        return {"enum": [True, False, "true", "false", "True", "False"]}


@dataclass(frozen=True, slots=True)
class OneOf(ValueKind):
    """A member of an enumeration. With ``only``, the other members are known but not allowed here."""

    choices: type[enum.StrEnum]
    only: tuple[enum.StrEnum, ...] = ()

    def read(self, value: object) -> enum.StrEnum:
        """The member."""
        words = [choice.value for choice in self.choices]
        if isinstance(value, str) and value in self._accepted():
            return self.choices(value)
        raise refusal(f"not one of {', '.join(words)}, got {show(value)}", suggest(value, words))

    def schema(self) -> "JsonSchemaValue":
        """The allowed words."""
        return {"enum": self._accepted()}

    def _accepted(self) -> list[str]:
        return [choice.value for choice in self.only or self.choices]


@dataclass(frozen=True, slots=True)
class Instant(ValueKind):
    """A time in ISO 8601 with its offset, as epoch seconds."""

    def read(self, value: object) -> float:
        """The time in epoch seconds."""
        try:
            instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            raise refusal(f"not a time with an offset, got {show(value)}", "write it like 2026-01-31T12:00:00Z")
        return instant.timestamp()

    def schema(self) -> "JsonSchemaValue":
        """A string in RFC 3339 format."""
        return {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class Text(ValueKind):
    """Text of a limited set of characters, such as a name that follows AWS's rules."""

    what: str
    pattern: str
    fix: str

    def read(self, value: object) -> str:
        """The text as it is; a number is refused because it may have lost leading zeros."""
        text = _read_text(value)
        if re.fullmatch(self.pattern, text, re.ASCII):
            return text
        raise refusal(f"not {self.what}, got {show(text)}", self.fix)

    def schema(self) -> "JsonSchemaValue":
        """A string with the pattern."""
        return {"type": "string", "pattern": f"^({self.pattern})$"}


@dataclass(frozen=True, slots=True)
class Prose(ValueKind):
    """One line of printable characters."""

    what: str
    at_least: int
    at_most: int

    def read(self, value: object) -> str:
        """The text without surrounding spaces."""
        text = _read_text(value).strip()
        if self.at_least <= len(text) <= self.at_most and text.isprintable():
            return text
        size = f"{self.at_least} to {self.at_most} characters"
        raise refusal(f"{self.what} must be one line of {size}, got {len(text)}: {show(text)}", "write one such line")

    def schema(self) -> "JsonSchemaValue":
        """A string within the allowed lengths."""
        return {"type": "string", "minLength": self.at_least, "maxLength": self.at_most}


@dataclass(frozen=True, slots=True)
class Line(ValueKind):
    """Any text, turned into one line of limited length.

    Line ends, control characters and runs of spaces each become one space. Longer text is cut and ends in an ellipsis.
    """

    at_most: int

    def read(self, value: object) -> str:
        """The text on one line."""
        spaced = "".join(" " if _is_control(one) else one for one in _read_text(value))
        line = " ".join(spaced.split())
        return line if len(line) <= self.at_most else f"{line[: self.at_most - 1].rstrip()}…"

    def schema(self) -> "JsonSchemaValue":
        """Any string."""
        return {"type": "string"}


def _is_control(character: str) -> bool:
    """Whether people cannot see the character, a terminal takes it as a command, or UTF-8 cannot hold it."""
    category = unicodedata.category(character)
    return category in {"Cc", "Cs"} or (category == "Cf" and character not in JOINERS)


def suggest(value: object, words: Iterable[str]) -> str:
    """What to write instead of a word that is not one of ``words``."""
    near = nearest(value, words) if isinstance(value, str) else None
    return f"did you mean {near}?" if near else f"write {' or '.join(words)}"


def _read_text(value: object) -> str:
    if isinstance(value, str):
        return value
    is_quotable = isinstance(value, int | float)
    raise refusal(f"not text, got {show(value)}", "put it in quotes" if is_quotable else "write text, or remove the field")
