"""Who else calls an alias, as far as its policy shows.

A caller is certain only if the policy proves it: a service that is let in on behalf of one named resource, such as a topic,
rule, bucket or log group (docs/decisions/0015-who-else-calls-is-read-from-the-policy.md). Everyone else who is let in is
possible: another API, a function URL, an account, a service for unnamed resources. The rollout's own API does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from canary.rules.checks.callers import API_GATEWAY
from canary.rules.checks.conditions import ARN_PARTS, any_of, is_like, texts_of
from canary.rules.checks.resource_policy import (
    EVERYBODY,
    INVOKE,
    SOURCE_ARN,
    PolicyAnswer,
    Statement,
    decide,
    read_statements,
    service_call,
)

if TYPE_CHECKING:
    from canary.rules.checks.callers import ApiIdentity

INVOKE_URL = "lambda:InvokeFunctionUrl"
URL_KEYS = {"lambda:functionurlauthtype", "lambda:invokedviafunctionurl"}
SOURCE_KEYS = {SOURCE_ARN, "aws:sourceaccount"}
SELECTING = {
    f"{name}{ending}" for name in ("arnlike", "arnequals", "stringlike", "stringequals") for ending in ("", "ifexists")
}
"""The operators whose values list the source ARNs that are let in."""


@dataclass(frozen=True, slots=True)
class OtherCaller:
    """One other caller: its readable name, a resource's ARN or a principal, and the id of the statement that lets it in.

    ``is_removable``: whether RemovePermission can remove that statement, and only certain callers would lose by it.
    """

    name: str
    sid: str
    is_removable: bool = False


@dataclass(frozen=True, slots=True)
class OtherCallers:
    """Those who certainly call the alias, and those who may."""

    certain: tuple[OtherCaller, ...] = ()
    possible: tuple[OtherCaller, ...] = ()


@dataclass(frozen=True, slots=True)
class _Party:
    """One principal that a statement names, on behalf of one source, or of any; ``kind`` as in `Principal`, or empty."""

    statement: Statement
    kind: str
    principal: str
    source: str | None

    def is_of(self, api: ApiIdentity) -> bool:
        """Whether it is only this API."""
        if self.source is None or self.principal not in {API_GATEWAY, EVERYBODY}:
            return False
        own, found = (arn.split(":", ARN_PARTS - 1) for arn in (api.arn(""), self.source))
        if len(found) != ARN_PARTS or found[-1].partition("/")[0] != api.rest_api_id:
            return False
        return all(map(is_like, own[:-1], found[:-1]))

    def is_certain(self, statements: tuple[Statement, ...], api: ApiIdentity, alias_arn: str) -> bool:
        """Whether it is a service that is let in on behalf of one named resource."""
        if self.kind != "Service" or self.principal == API_GATEWAY or self.source is None or not _is_exact(self.source):
            return False
        account = self.source.split(":")[4] or api.account
        return decide(statements, service_call(self.principal, self.source, account, alias_arn)).answer is PolicyAnswer.ALLOWED

    def __str__(self) -> str:
        who = {EVERYBODY: "anyone"}.get(self.principal, self.principal)
        keys = {key.lower() for _, key, _ in _conditions(self.statement)}
        if keys & URL_KEYS or self.statement.covers(INVOKE) is False:
            return f"a function URL, open to {who}"
        whose = f" for {self.source or 'any source'}" if self.source or self.kind == "Service" else ""
        return f"{who}{whose}{' under further conditions' if keys - SOURCE_KEYS else ''}"


def find_other_callers(policy: str | None, api: ApiIdentity, alias_arn: str) -> OtherCallers:
    """Everyone except this API whom an alias's policy lets in; `policy` is its JSON text, None without one."""
    statements = read_statements(policy)
    permits = [permit for statement in statements for permit in _permits(statement)]
    certain = [permit for permit in permits if not permit.is_of(api) and permit.is_certain(statements, api, alias_arn)]
    possible = [permit for permit in permits if not permit.is_of(api) and permit not in certain]
    mixed = {permit.statement.sid for permit in permits if permit not in certain}
    return OtherCallers(
        certain=tuple(
            dict.fromkeys(
                OtherCaller(str(one.source), one.statement.sid, one.statement.is_removable and one.statement.sid not in mixed)
                for one in certain
            )
        ),
        possible=tuple(dict.fromkeys(OtherCaller(str(permit), permit.statement.sid) for permit in possible)),
    )


def is_only_about(statement: Statement, api: ApiIdentity) -> bool:
    """Whether a statement, whatever its effect, is about calls on behalf of this API and no others."""
    parties = [*_parties(statement)]
    return bool(parties) and all(party.is_of(api) for party in parties)


def _permits(statement: Statement) -> Iterator[_Party]:
    """Everyone that a statement lets in, if it allows calls."""
    is_about_calls = any_of((statement.covers(INVOKE), statement.covers(INVOKE_URL))) is not False
    if statement.body.get("Effect") == "Allow" and is_about_calls:
        yield from _parties(statement)


def _parties(statement: Statement) -> Iterator[_Party]:
    """Everyone that a statement is about."""
    for (kind, principal), source in product(_principals(statement.body), _sources(statement) or (None,)):
        yield _Party(statement, kind, principal, source)


def _principals(body: Mapping[str, object]) -> list[tuple[str, str]]:
    if "NotPrincipal" in body:
        return [("", "everyone except its NotPrincipal")]
    return [*_named(body.get("Principal"))]


def _named(principal: object) -> Iterator[tuple[str, str]]:
    match principal:
        case str():
            yield "", principal
        case list():
            for one in principal:
                yield from _named(one)
        case Mapping():
            for kind, names in principal.items():
                yield from ((kind, name) for name in texts_of(names) or ())
        case _:
            yield "", "someone its Principal does not name"


def _sources(statement: Statement) -> tuple[str, ...]:
    """The source ARNs that the statement's condition selects; none if it leaves the source open."""
    return tuple(
        text
        for operator, key, value in _conditions(statement)
        if operator.lower() in SELECTING and key.lower() == SOURCE_ARN
        for text in texts_of(value) or ()
    )


def _conditions(statement: Statement) -> Iterator[tuple[str, str, object]]:
    condition = statement.body.get("Condition", {})
    for operator, keys in condition.items() if isinstance(condition, Mapping) else ():
        for key, value in keys.items() if isinstance(keys, Mapping) else ():
            yield operator, key, value


def _is_exact(arn: str) -> bool:
    """Whether an ARN names one resource; a log group's may end in `:*` and still does."""
    named = arn.removesuffix(":*") if ":log-group:" in arn else arn
    return len(arn.split(":")) >= ARN_PARTS and not any(wild in named for wild in ("*", "?", "${"))
