"""The report as JSON: the report itself, and the record, the history and the looks from which all of it can be computed again.

`docs/schemas/report.schema.json` describes it. Instants are epoch seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.rules.judging.history import from_json
from canary.rules.looks.replay import RecordedLook, ReplayedLook, replay
from canary.rules.reports.evidence_report import EvidenceReport
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.schema_version import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


VERSION = 1
"""Of the document. It rises when a key changes its meaning or goes; a new key leaves it."""


class ReportVersionError(Exception):
    """The document was written by another version, whose record this one does not read."""


def to_document(
    report: EvidenceReport, rollout: Rollout, looks: Sequence[RecordedLook], history: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The report with all that it was computed from. `history` is the frozen history's JSON, None before there is one."""
    return {
        "version": VERSION,
        "report": encode(report),
        "record_schema": SCHEMA_VERSION,
        "record": encode(rollout),
        "history": history,
        "looks": encode(tuple(looks)),
    }


def read_report(document: Mapping[str, Any]) -> EvidenceReport:
    """The report of a document.

    Raises:
        ReportVersionError: another version wrote the document.

    """
    _require_version(document)
    return decode(EvidenceReport, document["report"])


def read_document(document: Mapping[str, Any]) -> tuple[Rollout, tuple[ReplayedLook, ...]]:
    """The rollout of a document and its looks, replayed from the recorded counts.

    Raises:
        ReportVersionError: another version wrote the document.

    """
    _require_version(document)
    rollout = decode(Rollout, document["record"])
    if document["history"] is None:
        return rollout, ()
    looks = [decode(RecordedLook, one) for one in document["looks"]]
    return rollout, replay(rollout, from_json(document["history"]), looks)


def _require_version(document: Mapping[str, Any]) -> None:
    found = document.get("version"), document.get("record_schema")
    if found != (VERSION, SCHEMA_VERSION):
        raise ReportVersionError(
            f"the report has version {found[0]} with records of schema {found[1]}, and this version reads {VERSION} with "
            f"{SCHEMA_VERSION}; use the version of canary that wrote it"
        )
