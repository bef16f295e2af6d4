"""A rollout's evidence report from its record, to be kept or for a message.

A report for a message that cannot be made is logged and left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.archive import Archive
from canary.aws.errors import ControllerError
from canary.aws.reports.recorded import read_recorded
from canary.rules.reports.building import report_of
from canary.tasks.common.breakage import ask_logs

if TYPE_CHECKING:
    from canary.aws.reports.recorded import Recorded
    from canary.rules.reports.evidence_report import EvidenceReport
    from canary.rules.rollouts.rollout import Rollout
    from canary.tasks.common.entry import Tools

UNREADABLE = (ControllerError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What records raise that AWS refuses, or that this code did not write."""


def make_report(rollout: Rollout, tools: Tools) -> tuple[EvidenceReport, Recorded]:
    """The report of a rollout, of one that was rolled back with what broke, and what its looks recorded.

    Raises:
        ControllerError: what is recorded of the looks cannot be read.

    """
    recorded = read_recorded(tools.records, Archive(tools.clients.dynamodb, tools.settings.table), rollout.rollout_id)
    broken, note = ask_logs(rollout, tools)
    return report_of(rollout, recorded.replayed(rollout), broken=broken, broken_note=note), recorded


def read_report(rollout_id: str, target: str, tools: Tools) -> EvidenceReport | None:
    """The report of a rollout for a message; None if its records cannot be used."""
    try:
        owned = tools.records.find(rollout_id, target=target)
        if owned is None:
            return None
        return make_report(owned.rollout, tools)[0]
    except UNREADABLE as error:
        tools.logger.warning("no report for the message", rollout=rollout_id, reason=f"{type(error).__name__}: {error}")
        return None
