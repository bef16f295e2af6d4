"""The statements of a resource's own policy, and whether they allow a service to act on the resource.

Decides as IAM does: a Deny wins, and without an Allow there is no permission (docs/aws.md#policy-evaluation). A condition
that cannot be read here never lets an Allow apply and never stops a Deny from applying.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Statement = Mapping[str, Any]

IF_EXISTS = "IfExists"


class Asked(NamedTuple):
    """A service's request: an action on a resource; ``context`` says on whose behalf, by AWS's global keys in lower case."""

    service: str
    action: str
    resource: str
    context: Mapping[str, str]


def allows(statements: Iterable[Statement], asked: Asked) -> bool:
    """Whether the statements allow the request."""
    verdict = False
    for statement in statements:
        is_deny = statement.get("Effect") == "Deny"
        if not _concerns(statement, asked) or not _holds(statement.get("Condition") or {}, asked.context, unread=is_deny):
            continue
        if is_deny:
            return False
        verdict = True
    return verdict


def is_arn_like(arn: str, pattern: str) -> bool:
    """``ArnLike``: compares each of an ARN's six parts by itself, so that a wildcard does not reach into the next part."""
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(_is_like, parts, patterns))


def _concerns(statement: Statement, asked: Asked) -> bool:
    """Whether the statement covers the principal, the action and the resource."""
    if "Principal" in statement:
        named = _names(statement["Principal"], asked.service)
    else:
        named = "NotPrincipal" in statement and not _names(statement["NotPrincipal"], asked.service)
    if "Action" in statement:
        named &= _is_one_of(statement["Action"], asked.action.lower(), str.lower)
    else:
        named &= "NotAction" in statement and not _is_one_of(statement["NotAction"], asked.action.lower(), str.lower)
    return named and _is_one_of(statement.get("Resource", "*"), asked.resource, str)


def _names(principal: object, service: str) -> bool:
    """Whether a principal (a text, a list or a mapping) names the service or everyone."""
    if isinstance(principal, Mapping):
        return service in _listed(principal.get("Service", ())) or "*" in _listed(principal.get("AWS", ()))
    return "*" in _listed(principal)


def _is_one_of(patterns: object, text: str, fold: Callable[[str], str]) -> bool:
    return any(_is_like(text, fold(str(pattern))) for pattern in _listed(patterns))


def _listed(value: object) -> Sequence[object]:
    """The values of a policy element, which may be one value or several."""
    return value if isinstance(value, list | tuple) else [value]


def _holds(condition: Mapping[str, Mapping[str, object]], context: Mapping[str, str], *, unread: bool) -> bool:
    """Whether the whole condition is met; ``unread`` is the result for an operator that cannot be read here."""
    return all(
        _is_met(operator, context.get(key.lower()), [_text(value) for value in _listed(values)], unread=unread)
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


def _is_met(operator: str, found: str | None, values: Sequence[str], *, unread: bool) -> bool:
    name = operator.removesuffix(IF_EXISTS)
    if name == "Null":
        return all((found is None) is (value == "true") for value in values)
    compare = _COMPARISONS.get(name.replace("Not", "", 1))
    if compare is None:
        return unread
    is_negated = "Not" in name
    if found is None:
        return is_negated or operator.endswith(IF_EXISTS)
    return any(compare(found, value) for value in values) is not is_negated


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_like(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _equals(found: str, value: str) -> bool:
    return found == value


def _equals_in_any_case(found: str, value: str) -> bool:
    return found.lower() == value.lower()


_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "ArnEquals": is_arn_like,
    "ArnLike": is_arn_like,
    "Bool": _equals_in_any_case,
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_in_any_case,
    "StringLike": _is_like,
}
"""By operator; the prefix Not reverses the result."""
