"""On whose behalf API Gateway says that it calls a function, found out with permissions for one source ARN each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.answer import Answer, UnansweredError
from verify.budget import Budget
from verify.parts import Part
from verify.patches import replace
from verify.question import Question
from verify.scratch_api import PATTERN, allow_api
from verify.traffic import OK, await_answer, is_version, most_requests

if TYPE_CHECKING:
    from verify.pace import Pace
    from verify.scratch import Scratch
    from verify.stage import Stage

REQUESTED = PATTERN.replace("{id}", "17")
KEPT_OUT = 500
"""What a client gets where API Gateway may not invoke the function (docs/aws.md#integration-failures)."""

PRESENTED = {"request-verb": f"GET{PATTERN}", "method-as-defined": f"ANY{PATTERN}", "path-as-requested": f"GET{REQUESTED}"}
"""By answer, what follows the stage in the source ARN if this is the answer."""


class SourceArnOfOpenMethod(Question):
    """Which source ARN a permission has to name so that a method `ANY` with a path parameter gets through."""

    slug = "source-arn-of-open-method"
    how = "call a method ANY with a path parameter through aliases that may be invoked for one source ARN each"
    parts = frozenset({Part.API, Part.FUNCTION})

    def budget(self, pace: Pace) -> Budget:
        """A wait for the stage, and a verdict on each permission."""
        seconds = (len(PRESENTED) + 1) * pace.longest_watch_seconds
        requests = most_requests(pace, seconds)
        usual = len(PRESENTED) * pace.steady_seconds
        return Budget(seconds=seconds + 30, usual_seconds=usual, requests=requests, calls=requests)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            await_answer(scratch, stage, REQUESTED, is_version("1"))
            is_let_in = {word: _is_let_in(scratch, stage, word) for word in PRESENTED}
        words = [word for word, is_let in is_let_in.items() if is_let]
        evidence = tuple(
            f"a permission for {presented} {'lets' if is_let_in[word] else 'does not let'} GET {REQUESTED} in"
            for word, presented in PRESENTED.items()
        )
        return Answer(" and ".join(words) or "none-of-them", evidence)


def _is_let_in(scratch: Scratch, stage: Stage, word: str) -> bool:
    """Whether an alias is called that has a permission for this answer's source ARN and no other."""
    scratch.aws.call("lambda", "create_alias", FunctionName=scratch.function, Name=word, FunctionVersion="1")
    allow_api(scratch, word, f"{stage.name}/{PRESENTED[word]}")
    stage.patch(replace("/variables/alias", word))
    return _await_verdict(scratch, stage)


def _await_verdict(scratch: Scratch, stage: Stage) -> bool:
    """Whether requests are let in, once all had the same fate for `Pace.steady_seconds`.

    Raises:
        UnansweredError: they never had, or another fate than either.

    """
    pace, clock = scratch.pace, scratch.aws.clock
    since, end = clock.now(), clock.now() + pace.longest_watch_seconds
    last = None
    while clock.now() < end:
        status = scratch.get(stage, REQUESTED).status
        if status != last:
            last, since = status, clock.now()
        elif clock.now() - since >= pace.steady_seconds and status in {OK, KEPT_OUT}:
            return status == OK
        clock.sleep(pace.request_seconds)
    raise UnansweredError(f"requests were neither let in nor kept out for good; the last status was {last}")
