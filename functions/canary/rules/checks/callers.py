"""Which parts of an API call a function through its aliases, and whether an alias's policy lets all of them call it.

A caller is one method or authorizer, known by the ARN that API Gateway presents to Lambda on its behalf. For a method `ANY` and
for a path with a parameter that ARN is not recorded (docs/aws.md#source-arn-of-open-method), and an existing deployment may
have an authorizer under an earlier id (docs/aws.md#overwrite-keeps-ids). For these, a policy counts as covering the caller only
if it covers every possible ARN.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from canary.rules.checks.resource_policy import Decision, PolicyAnswer, Statement, decide, read_statements, service_call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from canary.rules.targets.target import Stage

API_GATEWAY = "apigateway.amazonaws.com"
ANY = "ANY"
VERBS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
PARAMETER = re.compile(r"\{[^{}]*\}")
GREEDY = re.compile(r"\{[^{}]*\+\}")
FILLINGS = (("x", "x"), ("some-value", "some/value"))
"""What requests may have in place of a parameter, and of a greedy one: example values that no policy names."""

SOME_AUTHORIZER = "authorizers/xxxxxx"
"""Stands for an authorizer whose id no policy names."""

NAMED_AUTHORIZER = re.compile(r"authorizers/\w+")


@dataclass(frozen=True, slots=True)
class ApiIdentity:
    """The API and stage, and the account that owns them, as in their ARNs."""

    partition: str
    region: str
    account: str
    rest_api_id: str
    stage_name: str

    def arn(self, presented: str) -> str:
        """A source ARN of this API: `presented` is what follows its id, as in `Caller.presents`."""
        return f"arn:{self.partition}:execute-api:{self.region}:{self.account}:{self.rest_api_id}/{presented}"


def api_identity(lambda_arn: str, stage: Stage) -> ApiIdentity:
    """The stage's identity, by the ARN of a function or alias in the same account and Region."""
    _, partition, _, region, account, *_ = lambda_arn.split(":")
    return ApiIdentity(partition, region, account, stage.rest_api_id, stage.stage_name)


@dataclass(frozen=True, slots=True, order=True)
class Caller:
    """A method or authorizer that calls ``function`` through the alias variable, without its own credentials.

    ``presents``: what follows the API's id in its source ARN, with a method's path as the API writes it:
    `prod/GET/orders/{id}`, `prod/GET/` for the root, `authorizers/abc123`.
    ``is_id_guessed``: it is an authorizer, and the deployment may have another id for it.
    """

    function: str
    presents: str
    is_id_guessed: bool = False

    @property
    def is_authorizer(self) -> bool:
        """Whether it is an authorizer; a method's ARN has at least two slashes."""
        return self.presents.count("/") == 1

    @property
    def name(self) -> str:
        """The readable name: `GET /orders/{id}`, `authorizer abc123`."""
        if self.is_authorizer:
            return f"authorizer {self.presents.partition('/')[2]}"
        _, verb, path = self.presents.split("/", 2)
        return f"{verb} /{path}"

    @property
    def possible(self) -> tuple[str, ...]:
        """Everything that API Gateway may present for it; each request presents one of these."""
        if self.is_authorizer:
            return (self.presents, SOME_AUTHORIZER) if self.is_id_guessed else (self.presents,)
        stage, verb, path = self.presents.split("/", 2)
        verbs = (ANY, "*", *VERBS) if verb == ANY else (verb,)
        return tuple(f"{stage}/{one}/{way}" for one in verbs for way in _ways(path))


def _ways(path: str) -> Iterator[str]:
    yield path
    if PARAMETER.search(path):
        yield PARAMETER.sub("*", path)
        for value, greedy_value in FILLINGS:
            yield PARAMETER.sub(value, GREEDY.sub(greedy_value, path))


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A caller that an alias's policy does not certainly let in: it is DENIED, or that is not certain.

    ``sids``: the statements that deny it, or on which the answer depends; empty if no statement allows it.
    """

    caller: Caller
    answer: PolicyAnswer
    sids: tuple[str, ...]


@lru_cache(maxsize=256)
def find_uncovered(
    policy: str | None, callers: tuple[Caller, ...], identity: ApiIdentity, alias_arn: str
) -> tuple[Uncovered, ...]:
    """Which callers an alias's policy does not cover; `policy` is its JSON text, None without one.

    The result is cached, because problems and notes both need it, and an API may have hundreds of methods.
    """
    statements = read_statements(policy)
    others = {*NAMED_AUTHORIZER.findall(policy or "")} - {caller.presents for caller in callers}
    found = (
        (caller, _decide(statements, [identity.arn(one) for one in _presentable(caller, others)], identity, alias_arn))
        for caller in callers
    )
    return tuple(
        Uncovered(caller, decision.answer, decision.sids)
        for caller, decision in found
        if decision.answer is not PolicyAnswer.ALLOWED
    )


def _presentable(caller: Caller, others: AbstractSet[str]) -> tuple[str, ...]:
    """What may be presented for a caller; ``others``: the authorizers that a policy names and that are not known callers."""
    return (*caller.possible, *sorted(others)) if caller.is_id_guessed else caller.possible


def _decide(statements: tuple[Statement, ...], source_arns: list[str], identity: ApiIdentity, alias_arn: str) -> Decision:
    """The decision if it is the same for every ARN that may be presented; otherwise not certain."""
    calls = [service_call(API_GATEWAY, one, identity.account, alias_arn) for one in source_arns]
    decisions = [decide(statements, call) for call in calls]
    answers = {decision.answer for decision in decisions}
    sids = dict.fromkeys(sid for decision in decisions for sid in decision.sids)
    return Decision(answers.pop() if len(answers) == 1 else PolicyAnswer.NOT_CERTAIN, tuple(sids))
