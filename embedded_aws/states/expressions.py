"""JSONata as Step Functions evaluates it: an expression and its variables give a JSON value or an error.

jsonata-python evaluates it, with the differences that Step Functions makes (docs/aws.md#jsonata): variables are bound as
values and never written into the expression's text, Step Functions' own functions are added, `$eval` is removed, and an
undefined result is an error because JSON cannot express it. This module knows nothing of states.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import uuid
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_LARGEST_WHOLE = 2**53  # above this a float does not hold every whole number


class ExpressionError(Exception):
    """The expression has no value; the text says why."""


def evaluate(text: str, variables: Mapping[str, Any], rng: random.Random) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value of the expression ``text``, as plain Python values that share nothing with the variables.

    ``variables`` are JSON values by name, without the dollar sign. ``rng`` feeds `$random` and `$uuid`.

    Raises:
        ExpressionError: the expression does not parse, fails, or gives undefined or a value that is not JSON.
    """
    bindings = {name: Utils.NULL_VALUE if value is None else value for name, value in variables.items()}
    try:
        result = _evaluate(_compile(text), {**_functions(rng), **bindings})
    except JException as error:
        raise ExpressionError(f"threw an error during evaluation: {error.error}: {error}") from error
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ExpressionError(f"threw an error during evaluation: {error}") from error
    if result is None:
        raise ExpressionError("returned nothing (undefined)")
    return _plain(result)


@lru_cache(maxsize=4096)
def _compile(text: str) -> Jsonata:
    compiled = Jsonata(text)
    compiled.set_output_convert_nulls(False)  # otherwise null and undefined look the same
    compiled.set_validate_input(False)
    return compiled


def _evaluate(compiled: Jsonata, bindings: Mapping[str, object]) -> object:
    # jsonata-python takes `$now` from the expression that this thread compiled last, not from the one it evaluates.
    Jsonata.CURRENT.jsonata = compiled
    return compiled.evaluate(None, bindings)


def _plain(value: object) -> object:
    """The value as plain lists, dicts and numbers; a whole number becomes an int, as JavaScript writes it."""
    match value:
        case None | str() | bool() | int():
            return value
        case float() if not math.isfinite(value):
            raise ExpressionError(f"returned {value}, which JSON cannot express")
        case float():
            return int(value) if value.is_integer() and abs(value) < _LARGEST_WHOLE else value
        case dict():
            return {name: _plain(member) for name, member in value.items()}
        case list():
            return [_plain(member) for member in value]
    if value is Utils.NULL_VALUE:
        return None
    raise ExpressionError("returned an unsupported result type")


def _functions(rng: random.Random) -> dict[str, object]:
    """The functions that Step Functions adds to JSONata, and those that it removes."""
    own: dict[str, Callable[..., object]] = {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "parse": json.loads,
        "random": partial(_random, rng),
        "uuid": lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    }
    return {"eval": None, **{name: Jsonata.JLambda(function) for name, function in own.items()}}


def _partition(members: list[object], size: float) -> list[list[object]]:
    step = int(size)
    if step < 1:
        raise ValueError(f"$partition needs a size of at least 1, got {size:g}")
    return [members[start : start + step] for start in range(0, len(members), step)]


def _range(first: float, last: float, step: float) -> list[float]:
    if not step:
        raise ValueError("$range needs a step other than 0")
    count = math.floor((last - first) / step) + 1
    return [first + index * step for index in range(count)]


def _hash(content: object, algorithm: str) -> str:
    if algorithm not in _HASHES:
        raise ValueError(f"$hash supports {', '.join(_HASHES)}, got {algorithm}")
    text = content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(rng: random.Random, seed: float | None = None) -> float:
    return rng.random() if seed is None else random.Random(seed).random()
