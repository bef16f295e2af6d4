"""A resource policy, as Lambda keeps one for each alias: whether it lets a service call the function.

Decides one call, statement by statement: allowed, denied, or not certain. `callers` knows who calls.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from canary.rules.checks.conditions import Context, Truth, all_of, any_of, holds, is_like, negate, texts_of

INVOKE = "lambda:InvokeFunction"
EVERYBODY = "*"
SOURCE_ARN = "aws:sourcearn"

REMOVABLE_ID = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}")
"""The statement ids that RemovePermission takes (docs/aws.md#alias-permission), but for a leading hyphen.

The AWS CLI takes a value that begins with a hyphen for an option.
"""


class PolicyAnswer(enum.StrEnum):
    """What a policy says about a call."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_CERTAIN = "not certain"


@dataclass(frozen=True, slots=True)
class IamCall:
    """One call as IAM sees it: the principal of the service that makes it, action, resource, and the context's keys."""

    service: str
    action: str
    resource: str
    context: Context


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as written, ``body``; ``sid`` is its id, or its position if it has none."""

    sid: str
    body: Mapping[str, Any]

    @property
    def is_removable(self) -> bool:
        """Whether RemovePermission, as a line for the AWS CLI, can remove it by its id."""
        sid = self.body.get("Sid")
        return isinstance(sid, str) and REMOVABLE_ID.fullmatch(sid) is not None

    def says(self, effect: str, call: IamCall) -> Truth:
        """Whether it has this effect, `Allow` or `Deny`, on the call."""
        own = self.body.get("Effect")
        has_effect = own == effect if own in ("Allow", "Deny") else None
        return has_effect if has_effect is False else all_of((has_effect, self.applies_to(call)))

    def applies_to(self, call: IamCall) -> Truth:
        """Whether it is about the call, whatever its effect."""
        about = all_of((self._is_for(call.service), self.covers(call.action), self._is_on(call.resource)))
        return about if about is False else all_of((about, holds(self.body.get("Condition", {}), call.context)))

    def covers(self, action: str) -> Truth:
        """Whether it is about this action."""
        return _elect(self.body, "Action", lambda value: _covers(value, action))

    def _is_for(self, service: str) -> Truth:
        return _elect(self.body, "Principal", lambda value: _names(value, service))

    def _is_on(self, resource: str) -> Truth:
        """A statement without a resource applies to whatever has the policy."""
        return self.body.keys().isdisjoint({"Resource", "NotResource"}) or _elect(
            self.body, "Resource", lambda value: _is_one_of(value, resource)
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy says about a call, and the ids of the deciding statements; none if no statement allows the call."""

    answer: PolicyAnswer
    sids: tuple[str, ...] = ()


def read_statements(policy: str | None) -> tuple[Statement, ...]:
    """The statements of a policy's JSON text; none without a policy.

    Text that is not a policy is read as one statement that is not certain in every respect.
    """
    if policy is None:
        return ()
    try:
        document = json.loads(policy)
        found = document["Statement"]
    except (ValueError, LookupError, TypeError):
        found = None
    bodies = found if isinstance(found, list) else [found]
    return tuple(_statement(place, body) for place, body in enumerate(bodies, start=1))


def _statement(place: int, body: object) -> Statement:
    known: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    return Statement(str(known.get("Sid") or f"number {place}"), known)


def _elect(body: Mapping[str, Any], element: str, test: Callable[[object], Truth]) -> Truth:
    """What the element says, or the opposite of what its negation says: `NotAction` may replace `Action`."""
    if element in body:
        return test(body[element])
    return negate(test(body[f"Not{element}"])) if f"Not{element}" in body else None


def _names(principal: object, service: str) -> Truth:
    """Whether a principal, written as text, as a list or as a mapping by kind, is this service or everybody."""
    match principal:
        case str():
            return principal in {EVERYBODY, service}
        case list():
            return any_of(_names(one, service) for one in principal)
        case Mapping():
            return any_of(_names_of_kind(kind, names, service) for kind, names in principal.items())
        case _:
            return None


def _names_of_kind(kind: str, value: object, service: str) -> Truth:
    """`*` of the kind `AWS` means everybody; it is not recorded whether IAM accepts `*` for services."""
    names = texts_of(value)
    match kind:
        case "AWS" if names is not None:
            return EVERYBODY in names
        case "Service" if names is not None:
            return True if service in names else None if EVERYBODY in names else False
        case "Federated" | "CanonicalUser":
            return False
        case _:
            return None


def _covers(value: object, action: str) -> Truth:
    """Whether an action, or one of several, is this one, ignoring case."""
    patterns = texts_of(value)
    return None if patterns is None else any(is_like(action.lower(), one.lower()) for one in patterns)


def _is_one_of(value: object, resource: str) -> Truth:
    """Whether a resource, or one of several, is this one; not certain if IAM fills in a variable."""
    patterns = texts_of(value)
    if patterns is None or any("${" in one for one in patterns):
        return None
    return any(is_like(resource, one) for one in patterns)


def decide(statements: tuple[Statement, ...], call: IamCall) -> Decision:
    """Whether the statements allow the call: a denial overrides every permission."""
    denials = [(one.sid, one.says("Deny", call)) for one in statements]
    permits = [(one.sid, one.says("Allow", call)) for one in statements]
    is_denied = any_of(truth for _, truth in denials)
    match all_of((any_of(truth for _, truth in permits), negate(is_denied))):
        case True:
            return Decision(PolicyAnswer.ALLOWED, tuple(sid for sid, truth in permits if truth))
        case False:
            return Decision(PolicyAnswer.DENIED, tuple(sid for sid, truth in denials if truth))
        case _:
            unsure = (sid for sid, truth in (*permits, *denials) if truth is None)
            return Decision(PolicyAnswer.NOT_CERTAIN, tuple(dict.fromkeys(unsure)))


def service_call(service: str, source_arn: str, account: str, function_arn: str) -> IamCall:
    """The call to a function that a service makes on behalf of one of its resources (docs/aws.md#service-call-context).

    ``function_arn`` is the ARN of the alias or version that it calls.
    """
    context: Context = {
        SOURCE_ARN: (source_arn,),
        "aws:sourceaccount": (account,),
        "aws:principalorgid": (None,),
        "aws:principalisawsservice": ("true",),
        "aws:principalservicename": (service,),
        "aws:securetransport": ("true",),
        "lambda:functionurlauthtype": (None,),
        "lambda:invokedviafunctionurl": ("false", None),
        "lambda:eventsourcetoken": (None,),
    }
    return IamCall(service, INVOKE, function_arn, context)
