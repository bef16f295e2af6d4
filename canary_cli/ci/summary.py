"""What a job's summary says of a rollout, as Markdown. Pure. Words from outside are escaped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.reports.markdown import escaped, to_markdown

if TYPE_CHECKING:
    from canary.rules.reports.evidence_report import EvidenceReport


@dataclass(frozen=True, slots=True)
class Heard:
    """What a start said: the rollout's id, how to watch it, and how it ended as far as that was seen."""

    target: str
    rollout_id: str = ""
    watch: str = ""
    outcome: str = ""
    reason: str = ""


def summary_of(heard: Heard, exit_code: int, report: EvidenceReport | None) -> str:
    """The report of a rollout that is recorded; else what is known of the start."""
    if report:
        return to_markdown(report) + _to_do(heard)
    told = heard.outcome.replace("_", " ") or ("started" if heard.rollout_id and exit_code == 0 else "not known")
    lines = [f"# {escaped(told[:1].upper() + told[1:])}: {escaped(heard.target)}", ""]
    if heard.rollout_id:
        lines += [f"Rollout {escaped(heard.rollout_id)}", ""]
    if heard.reason:
        lines += [escaped(heard.reason), ""]
    return "\n".join(lines) + _to_do(heard)


def _to_do(heard: Heard) -> str:
    """How to watch a rollout whose end was not seen."""
    return "" if heard.outcome or not heard.watch else f"\nThe rollout goes on. Watch it: `{heard.watch}`\n"
