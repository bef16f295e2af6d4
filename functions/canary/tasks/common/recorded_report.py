"""A rollout's evidence report from its record, for a message. A report that cannot be made is logged and left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.archive import Archive
from canary.aws.errors import ControllerError
from canary.rules.judging.history import from_json
from canary.rules.looks.replay import read_look, replay
from canary.rules.reports.building import report_of
from canary.rules.rollouts.upgrades import upgrade_history

if TYPE_CHECKING:
    from canary.rules.looks.replay import ReplayedLook
    from canary.rules.reports.evidence_report import EvidenceReport
    from canary.rules.rollouts.rollout import Rollout
    from canary.tasks.common.entry import Tools

UNREADABLE = (ControllerError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What records raise that AWS refuses, or that this code did not write."""


def read_report(rollout_id: str, target: str, tools: Tools) -> EvidenceReport | None:
    """The report of a rollout, or None if its records cannot be used."""
    try:
        owned = tools.records.find(rollout_id, target=target)
        return report_of(owned.rollout, _read_looks(owned.rollout, tools)) if owned else None
    except UNREADABLE as error:
        tools.logger.warning("no report for the message", rollout=rollout_id, reason=f"{type(error).__name__}: {error}")
        return None


def _read_looks(rollout: Rollout, tools: Tools) -> tuple[ReplayedLook, ...]:
    items = Archive(tools.clients.dynamodb, tools.settings.table).list_looks(rollout.rollout_id)
    looks = [read_look(one.at, one.verdict, one.reason, one.numbers) for one in items]
    if not looks:
        return ()
    history = upgrade_history(tools.records.read_history(rollout.rollout_id))
    return replay(rollout, from_json(history), looks)
