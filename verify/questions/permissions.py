"""Which ARN API Gateway presents to Lambda, measured with permissions that name one ARN each."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from verify.account.budget import Budget
from verify.account.clock import Deadline
from verify.questions.question import Question
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.api import make_open_method
from verify.scratch.parts import Part
from verify.scratch.patches import DEPLOYMENT, replace
from verify.scratch.traffic import OK, most_requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

ALIAS = "open"
ASKED = "/items/7"
ENDINGS = {
    "request-verb": "GET/items/{id}",
    "method-as-defined": "ANY/items/{id}",
    "path-as-requested": "GET/items/7",
}
"""The ARN that each answer means for ``GET /items/7``, where the method is ANY and the path ``/items/{id}``."""
ALL = "*"


class SourceArnOfOpenMethod(Question):
    """An ANY method on a path with a parameter calls an alias that gets one permission at a time."""

    slug = "source-arn-of-open-method"
    how = "call an alias through an ANY method of a path with a parameter, permitting one ARN after another"
    parts = frozenset({Part.API, Part.FUNCTION})

    def budget(self, pace: Pace) -> Budget:
        """One permission for everything, then each ARN by itself, with a wait for each to take effect and to end."""
        waits = 2 * (1 + len(ENDINGS))
        seconds = waits * pace.grace_seconds
        requests = waits * most_requests(pace, pace.grace_seconds)
        return Budget(seconds=seconds + 30, usual_seconds=seconds / 2, requests=requests, calls=requests)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        make_open_method(scratch, ALIAS)
        deployment = scratch.create_deployment("an open method")
        with scratch.stage() as stage:
            stage.patch(replace(DEPLOYMENT, deployment))
            with _permitted(scratch, ALL):
                if not _is_answered(scratch, stage, wanted=True):
                    raise UnansweredError("the function did not answer although everything was permitted")
            found = {word: _lets_in(scratch, stage, ending) for word, ending in ENDINGS.items()}
        words = [word for word, lets_in in found.items() if lets_in]
        evidence = tuple(f"{ENDINGS[word]} {'lets' if lets_in else 'does not let'} it in" for word, lets_in in found.items())
        return Answer(" and ".join(words) or "none of them", evidence)


def _lets_in(scratch: Scratch, stage: Stage, ending: str) -> bool:
    """Whether a permission for this ARN alone lets the request in."""
    if not _is_answered(scratch, stage, wanted=False):
        raise UnansweredError("a permission that was removed still let requests in")
    with _permitted(scratch, f"{stage.name}/{ending}"):
        return _is_answered(scratch, stage, wanted=True)


@contextmanager
def _permitted(scratch: Scratch, ending: str) -> Iterator[None]:
    named = {"FunctionName": scratch.function, "Qualifier": ALIAS, "StatementId": scratch.prefix}
    scratch.aws.call(
        "lambda",
        "add_permission",
        **named,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=scratch.aws.place.arn("execute-api", f"{scratch.rest_api_id}/{ending}"),
    )
    try:
        yield
    finally:
        scratch.aws.call("lambda", "remove_permission", **named)


def _is_answered(scratch: Scratch, stage: Stage, *, wanted: bool) -> bool:
    """Whether requests are let in, or refused, within the grace time for things that may never happen."""
    clock = scratch.aws.clock
    deadline = Deadline(clock, scratch.pace.grace_seconds)
    while (scratch.get(stage, ASKED).status == OK) is not wanted:
        if deadline.is_over():
            return False
        clock.sleep(scratch.pace.request_seconds)
    return True
