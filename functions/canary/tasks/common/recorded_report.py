"""A rollout's evidence report from its record, for a message. A report that cannot be made is logged and left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.archive import Archive
from canary.aws.errors import ControllerError
from canary.aws.reports.recorded import read_recorded
from canary.rules.reports.building import report_of
from canary.tasks.common.breakage import ask_logs

if TYPE_CHECKING:
    from canary.rules.reports.evidence_report import EvidenceReport
    from canary.tasks.common.entry import Tools

UNREADABLE = (ControllerError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What records raise that AWS refuses, or that this code did not write."""


def read_report(rollout_id: str, target: str, tools: Tools) -> EvidenceReport | None:
    """The report of a rollout, of one that was rolled back with what broke; None if its records cannot be used."""
    try:
        owned = tools.records.find(rollout_id, target=target)
        if owned is None:
            return None
        recorded = read_recorded(tools.records, Archive(tools.clients.dynamodb, tools.settings.table), rollout_id)
        looks = recorded.replayed(owned.rollout)
        broken, note = ask_logs(owned.rollout, tools)
        return report_of(owned.rollout, looks, broken=broken, broken_note=note)
    except UNREADABLE as error:
        tools.logger.warning("no report for the message", rollout=rollout_id, reason=f"{type(error).__name__}: {error}")
        return None
