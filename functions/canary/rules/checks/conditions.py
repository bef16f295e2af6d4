"""The `Condition` element of a policy statement: true, false, or not certain.

Evaluates IAM's operators on strings and ARNs (docs/aws.md#policy-evaluation). An operator, a key or a policy variable that this
module does not know makes a condition uncertain; nothing is guessed. `resource_policy` evaluates the rest of a statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache

Truth = bool | None
"""None: not certain."""

Context = Mapping[str, tuple[str | None, ...]]
"""By condition key in lower case: every value that the key may have in a request, None where it may be missing.

A key that is not in the mapping may have any value.
"""

ARN_PARTS = 6
IF_EXISTS = "ifexists"
NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}

Test = Callable[[str | None, Sequence[str]], Truth]


def all_of(truths: Iterable[Truth]) -> Truth:
    """False if any is false; otherwise not certain if any is not certain; otherwise true."""
    said: Truth = True
    for truth in truths:
        if truth is False:
            return False
        said = None if truth is None else said
    return said


def negate(truth: Truth) -> Truth:
    """The opposite; not certain stays not certain."""
    return None if truth is None else not truth


def any_of(truths: Iterable[Truth]) -> Truth:
    """True if any is true; otherwise not certain if any is not certain; otherwise false."""
    return negate(all_of(negate(truth) for truth in truths))


def agreed(truths: Iterable[Truth]) -> Truth:
    """The value that all of them have; not certain if they differ."""
    found = set(truths)
    return found.pop() if len(found) == 1 else None


def texts_of(value: object) -> tuple[str, ...] | None:
    """A policy's value or list of values as texts; None if it has another shape."""
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | bool | int | float) for one in values):
        return None
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def holds(condition: object, context: Context) -> Truth:
    """Whether a statement's whole condition holds in this context."""
    if not isinstance(condition, Mapping):
        return None
    return all_of(_holds_for_operator(operator, keys, context) for operator, keys in condition.items())


def _holds_for_operator(operator: str, keys: object, context: Context) -> Truth:
    test = _test_of(operator)
    if test is None or not isinstance(keys, Mapping):
        return None
    return all_of(_holds_for_key(test, key, value, context) for key, value in keys.items())


def _holds_for_key(test: Test, key: str, value: object, context: Context) -> Truth:
    """Several values are alternatives. IAM fills in a policy variable, `${...}`, with a value that is unknown here."""
    found, wanted = context.get(key.lower()), texts_of(value)
    if found is None or wanted is None or any("${" in one for one in wanted):
        return None
    return agreed(test(one, wanted) for one in found)


@cache
def _test_of(operator: str) -> Test | None:
    """How an operator compares a key's value with the policy's values; None for unknown operators and for set operators."""
    name = operator.lower()
    if name == "null":
        return _is_missing
    is_optional, name = name.endswith(IF_EXISTS), name.removesuffix(IF_EXISTS)
    matches = _MATCHES.get(NEGATED.get(name, name))
    if matches is None:
        return None
    is_negated = name in NEGATED

    def test(value: str | None, wanted: Sequence[str]) -> Truth:
        if value is None:
            return is_optional or is_negated
        found = any_of(matches(value, one) for one in wanted)
        return negate(found) if is_negated else found

    return test


def _is_missing(value: str | None, wanted: Sequence[str]) -> Truth:
    """The operator `Null`: its value `true` asks for a missing key, `false` for a present one."""
    asked = {one.lower() for one in wanted}
    return str(value is None).lower() in asked if asked in ({"true"}, {"false"}) else None


def is_like(text: str, pattern: str) -> bool:
    """Whether a text matches a pattern in which `*` stands for any characters and `?` for one."""
    return _compile(pattern).fullmatch(text) is not None


@lru_cache(maxsize=2048)
def _compile(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    collapsed = re.sub(r"\*+", "*", pattern)
    return re.compile("".join(wild.get(letter) or re.escape(letter) for letter in collapsed), re.DOTALL)


def is_arn_like(arn: str, pattern: str) -> Truth:
    """Whether an ARN matches a pattern part by part: no wildcard matches across a colon, except in the last part.

    Not certain if the pattern is not an ARN.
    """
    patterns = pattern.split(":", ARN_PARTS - 1)
    if len(patterns) != ARN_PARTS:
        return None
    parts = arn.split(":", ARN_PARTS - 1)
    return len(parts) == ARN_PARTS and all(map(is_like, parts, patterns))


def _is_equal(text: str, wanted: str) -> Truth:
    return text == wanted


def _is_equal_but_for_case(text: str, wanted: str) -> Truth:
    return text.casefold() == wanted.casefold()


_MATCHES: Mapping[str, Callable[[str, str], Truth]] = {
    "stringequals": _is_equal,
    "stringequalsignorecase": _is_equal_but_for_case,
    "stringlike": is_like,
    "arnequals": is_arn_like,
    "arnlike": is_arn_like,
    "bool": _is_equal_but_for_case,
}
