"""What broke, as the report shows it: which rollouts the logs are asked about, and the routes that their answer names.

A query of logs costs money by the bytes that it scans, so it is asked only about a release that was taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.failures.asking import LATE_SECONDS, span_of, versions_of
from canary.rules.failures.query import Question
from canary.rules.reports.evidence_report import BrokenRoute
from canary.rules.rollouts.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.failures.broken import FailedRequest, Failing, LoggedError, WhatBroke
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.live import AccessLog

MOST_ROUTES = 10
NOT_ASKED = "The logs were not asked what broke."
NOTHING = "The logs show nothing that failed more often at the canary than at base."
COUNTED = (
    "Counted in the logs right after the end, with the requests since the last look; lines that arrived later are missing. "
    "Answers that base gave as often are left out."
)
INCOMPLETE = "There was more than is shown, so the counts are lower bounds."


def is_worth_asking(rollout: Rollout) -> bool:
    """Whether the logs can say what a rollout broke: its canary had requests, and was taken back."""
    return rollout.phase is Phase.ROLLED_BACK and rollout.tally.canary_requests > 0


def question_about(rollout: Rollout, log: AccessLog) -> Question:
    """What the logs are asked about a rollout that has ended; `log` is where its stage writes the access log now."""
    ended_at = rollout.ended_at or rollout.started_at
    span = span_of(rollout, ended_at + LATE_SECONDS, None)
    return Question(rollout.target, span.begins_at, span.ends_at, versions_of(rollout, span), log)


def broken_routes(found: WhatBroke, rollout: Rollout) -> tuple[BrokenRoute, ...]:
    """The routes on which the canary failed more than base, with what its function said; those with most failures first."""
    return (*_answered(found, _share(rollout)), *_logged(found))[:MOST_ROUTES]


def breakage_note(found: WhatBroke, rollout: Rollout) -> str:
    """How much the answer of the logs covers."""
    told = [COUNTED if broken_routes(found, rollout) else NOTHING, *found.notes, *([INCOMPLETE] if found.is_cut else ())]
    return " ".join(told)


def _share(rollout: Rollout) -> float:
    """The canary's requests for each of base's."""
    return rollout.tally.canary_requests / max(1, rollout.tally.base_requests)


def _answered(found: WhatBroke, share: float) -> Iterator[BrokenRoute]:
    """What failed more often than at base. Clients send some wrong requests to either arm."""
    for one in found.failing:
        if one.canary > one.base * share:
            function = f"{one.function} {one.canary_version or ''}".strip() if one.function else ""
            yield BrokenRoute(f"{one.route} {one.status}", one.canary, one.base, function, _said(one, found.samples))


def _said(failing: Failing, samples: tuple[FailedRequest, ...]) -> str:
    """What the canary's function said about a request on that route with that status, if a sample knows."""
    return next((one.error for one in samples if one.error and (one.route, one.status) == (failing.route, failing.status)), "")


def _logged(found: WhatBroke) -> Iterator[BrokenRoute]:
    """Error lines without an answer beside them. A route is not known there, so the lines are counted instead of requests."""
    for one in found.logged:
        if one.arm == "canary":
            yield BrokenRoute("lines in the log", one.lines, 0, _logger(one), one.error)


def _logger(one: LoggedError) -> str:
    return f"{one.function} {one.version or ''}".strip()
