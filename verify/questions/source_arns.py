"""On whose behalf API Gateway says that it calls a function, found out with permissions for one source ARN each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from verify.answer import Answer, UnansweredError
from verify.budget import Budget
from verify.parts import Part
from verify.patches import replace
from verify.question import Question
from verify.scratch_api import PATTERN, allow_api
from verify.traffic import OK, await_answer, is_version, most_requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verify.pace import Pace
    from verify.scratch import Scratch
    from verify.stage import Stage

VALUE = "17"
REQUESTED, ANY_VALUE = PATTERN.replace("{id}", VALUE), PATTERN.replace("{id}", "*")
KEPT_OUT = 500
"""What a client gets where API Gateway may not invoke the function (docs/aws.md#integration-failures)."""


class SourceArnQuestion(Question):
    """Which of several source ARNs a permission has to name so that a method `ANY` with a path parameter gets through."""

    parts = frozenset({Part.API, Part.FUNCTION})
    endings: ClassVar[Mapping[str, str]]
    """By answer, the end of the source ARN that is presented if this is the answer; it has a wildcard for the rest."""
    otherwise: ClassVar[str] = "star"
    """The answer if none of them lets a request in, although a permission for the whole API does."""

    def budget(self, pace: Pace) -> Budget:
        """A wait for the stage, and a verdict on each permission."""
        seconds = (len(self.endings) + 1) * pace.longest_watch_seconds
        requests = most_requests(pace, seconds)
        usual = len(self.endings) * (pace.steady_seconds + 1)
        return Budget(seconds=seconds + 30, usual_seconds=usual, requests=requests, calls=requests)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            await_answer(scratch, stage, REQUESTED, is_version("1"))
            lets_in = {word: self._is_let_in(scratch, stage, word) for word in self.endings}
        words = [word for word, is_let_in in lets_in.items() if is_let_in] or [self.otherwise]
        evidence = tuple(
            f"a permission for {ending} {'lets' if lets_in[word] else 'does not let'} GET {REQUESTED} in"
            for word, ending in self.endings.items()
        )
        return Answer(words[0] if len(words) == 1 else "several", evidence)

    def _is_let_in(self, scratch: Scratch, stage: Stage, word: str) -> bool:
        """Whether an alias that only has a permission for this answer's source ARN is called."""
        alias = f"{self.slug}-{word}"
        scratch.aws.call("lambda", "create_alias", FunctionName=scratch.function, Name=alias, FunctionVersion="1")
        allow_api(scratch, alias, f"{stage.name}/{self.endings[word]}")
        stage.patch(replace("/variables/alias", alias))
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


class SourceArnOfAnyMethod(SourceArnQuestion):
    """The verb of the source ARN."""

    slug = "source-arn-of-any-method"
    how = "call a method ANY through aliases that may be invoked for ANY only, and for GET only"
    endings: ClassVar[Mapping[str, str]] = {"any": f"ANY{ANY_VALUE}", "own-verb": f"GET{ANY_VALUE}"}


class SourceArnOfPathParameter(SourceArnQuestion):
    """The path of the source ARN."""

    slug = "source-arn-of-path-parameter"
    how = "call a path with a parameter through aliases that may be invoked for the template only, and for the value only"
    endings: ClassVar[Mapping[str, str]] = {"template": f"*{PATTERN}", "value": f"*{REQUESTED}"}
