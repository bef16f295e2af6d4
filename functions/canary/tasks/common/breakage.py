"""What a rollout broke, asked from the target's logs for a report or a message. If they cannot be read, the note says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.calls import never_write
from canary.aws.errors import ControllerError
from canary.aws.insights import what_broke
from canary.aws.stages import Stages
from canary.rules.failures.query import NO_LOG
from canary.rules.reports.breakage import NOT_ASKED, breakage_note, broken_routes, is_worth_asking, question_about

if TYPE_CHECKING:
    from canary.rules.reports.evidence_report import BrokenRoute
    from canary.rules.rollouts.rollout import Rollout
    from canary.tasks.common.entry import Tools

PATIENCE_SECONDS = 10.0


def ask_logs(rollout: Rollout, tools: Tools) -> tuple[tuple[BrokenRoute, ...], str]:
    """The routes on which the canary failed, and how much that covers or why it is not known; within ten seconds."""
    if not is_worth_asking(rollout):
        return (), NOT_ASKED if rollout.tally.canary_requests else ""
    clients, stage = tools.clients.of(rollout.target), rollout.target.stage
    try:
        log = Stages(clients.apigateway, stage, never_write).read().log if stage else NO_LOG
        question = question_about(rollout, log)
        found = what_broke(clients.logs, question, wait=None, patience_seconds=PATIENCE_SECONDS)
    except ControllerError as error:
        tools.logger.warning("the logs were not read", rollout=rollout.rollout_id, reason=str(error))
        return (), f"What broke is not known, because the logs could not be read: {error}."
    return broken_routes(found, rollout), breakage_note(found, rollout)
