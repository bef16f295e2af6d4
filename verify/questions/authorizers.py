"""Whether base and canary share an authorizer's cached results, measured with an authorizer that returns its version."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from verify.account.budget import Budget
from verify.account.clock import Deadline
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.documents import INTEGRATION, function_uri, merge, mock
from verify.scratch.parts import Part
from verify.scratch.patches import DEPLOYMENT, canary, replace
from verify.scratch.stage import BASE_VARIABLES, CANARY_OVERRIDES
from verify.scratch.traffic import OK, most_requests

if TYPE_CHECKING:
    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

ASKED = "/guarded"
OWN = {(BASE_VARIABLES["arm"], "1"), (CANARY_OVERRIDES["arm"], "2")}
"""The version of the authorizer that each arm's alias has."""
NAME = "by-version"
ENOUGH = 10


class AuthorizerCacheOfCanary(Question):
    """A canary at 50 % whose authorizer has another version than base's, with results that are cached for five minutes."""

    slug = "authorizer-cache-of-canary"
    how = "give base and a canary at 50 % a different version of an authorizer each, and see which result lets requests in"
    parts = frozenset({Part.API, Part.FUNCTION})

    def budget(self, pace: Pace) -> Budget:
        """Requests until both arms were seen often enough; at most one call of the function per request."""
        seconds = pace.longest_watch_seconds
        requests = most_requests(pace, seconds)
        return Budget(seconds=seconds + 30, usual_seconds=30, requests=requests, calls=requests)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        _make_guarded_method(scratch)
        base, other = (scratch.create_deployment(f"guarded, for {arm}") for arm in ("base", "a canary"))
        with scratch.stage() as stage:
            stage.patch(replace(DEPLOYMENT, base), *canary(other, 50, **CANARY_OVERRIDES))
            seen = _seen(scratch, stage)
        evidence = tuple(f"{count} requests of {arm} by version {version}" for (arm, version), count in sorted(seen.items()))
        return Answer("apart" if seen.keys() == OWN else "shared", evidence)


def _make_guarded_method(scratch: Scratch) -> None:
    """A mock method that answers which version of its authorizer let the request in.

    All requests have the same identity source, so one cached result is enough for all of them.
    """
    authorizer = {
        "type": "request",
        "identitySource": "context.httpMethod",
        "authorizerUri": function_uri(scratch, "${stageVariables.alias}"),
        "authorizerResultTtlInSeconds": 300,
    }
    scheme = {
        "type": "apiKey",
        "name": "Unused",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": authorizer,
    }
    said = mock('{"arm": "$stageVariables.arm", "version": "$context.authorizer.version"}')
    method = {"security": [{NAME: []}], "responses": {"200": {"description": "let in"}}, INTEGRATION: said}
    merge(scratch, ASKED, method, components={"securitySchemes": {NAME: scheme}})


def _seen(scratch: Scratch, stage: Stage) -> Counter[tuple[str, str]]:
    """How often each version let in requests of each arm, until each arm had `ENOUGH`."""
    clock = scratch.aws.clock
    deadline = Deadline(clock, scratch.pace.longest_watch_seconds)
    seen: Counter[tuple[str, str]] = Counter()
    while min(_requests_of(arm, seen) for arm, _ in OWN) < ENOUGH:
        if deadline.is_over():
            raise UnansweredError(
                f"base and canary were not let in {ENOUGH} times each in {scratch.pace.longest_watch_seconds:g} s"
            )
        reply = scratch.get(stage, ASKED)
        if reply.status == OK:
            seen[reply.body.get("arm", ""), reply.body.get("version", "")] += 1
        clock.sleep(scratch.pace.request_seconds)
    return seen


def _requests_of(arm: str, seen: Counter[tuple[str, str]]) -> int:
    return sum(count for (each, _), count in seen.items() if each == arm)
