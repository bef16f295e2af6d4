"""How the access log prints texts that clients write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from verify.account.budget import Budget
from verify.questions.logs import SAMPLE, LogQuestion, logging_stage
from verify.questions.patch_question import agreed
from verify.scratch.answer import Answer, UnansweredError
from verify.scratch.api import OPEN
from verify.scratch.lines import await_texts
from verify.scratch.patches import replace
from verify.scratch.replies import USER_AGENT
from verify.scratch.traffic import await_answer, is_arm, most_requests

if TYPE_CHECKING:
    from verify.account.pace import Pace
    from verify.scratch.scratch import Scratch

FORMAT = "$context.requestId $context.identity.userAgent"
_WORDS = {json.dumps(USER_AGENT)[1:-1]: "escaped", USER_AGENT: "as-it-came"}


class ClientTextInAccessLog(LogQuestion):
    """A user agent that contains quotes and a backslash."""

    slug = "client-text-in-access-log"
    how = "log requests whose User-Agent contains quotes and a backslash, in a line that is not JSON"

    def budget(self, pace: Pace) -> Budget:
        """A wait for the stage, one for the new format, and one for lines."""
        requests = most_requests(pace, pace.longest_watch_seconds) + SAMPLE
        seconds = pace.longest_watch_seconds + pace.steady_seconds + pace.longest_line_seconds
        return Budget(seconds=seconds, usual_seconds=2 * pace.steady_seconds, requests=requests, lines=requests)

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        group = scratch.log_group("arms")
        with logging_stage(scratch, "arms") as stage:
            stage.patch(replace("/accessLogSettings/format", FORMAT))
            scratch.aws.clock.sleep(scratch.pace.steady_seconds)
            await_answer(scratch, stage, OPEN, is_arm("base"))
            replies = [scratch.get(stage, OPEN) for _ in range(SAMPLE)]
            ids = [reply.request_id for reply in replies if reply.request_id]
            if not ids:
                raise UnansweredError(f"requests to {OPEN} of a scratch stage got no answer")
            printed = {text.partition(" ")[2] for text in await_texts(scratch, group, ids)}
        words = (_WORDS.get(text, "otherwise") for text in printed)
        return Answer(agreed(words), tuple(f"{USER_AGENT} is printed as {text}" for text in sorted(printed)))
