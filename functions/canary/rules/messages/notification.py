"""One notification: an event of the controller, and what else its message may say.

The event is read as it comes. A key that is missing, or has another type than the controller writes, is left out of the
message; it never prevents one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from canary.rules.failures.safe_text import safe
from canary.rules.messages.kinds import Happening, Severity, happening_of, severity_of
from canary.rules.reports.evidence_report import EvidenceReport

LONGEST_LINE = 400
"""Characters of one line of a message."""

LONGEST_LABEL = 80
LONGEST_LINK = 2_000
LONGEST_VALUE = 5_000
LONGEST_DETAIL = 8_000
"""Characters of the event in JSON: all texts together, escaped once more, stay far below the limit of 256 KB."""

COMMANDS = "commands"
SHORTENED = "shortened"


@dataclass(frozen=True, slots=True)
class Notification:
    """One event of the controller. ``kind`` is its detail-type, ``sent_at`` in epoch seconds.

    ``report``: the rollout's evidence, where it was read; a message without it gives the reason instead of the numbers.
    """

    kind: str
    detail: Mapping[str, Any]
    account: str
    region: str
    sent_at: float
    report: EvidenceReport | None = None

    @property
    def happening(self) -> Happening:
        """What it reports."""
        return happening_of(self.kind, self.detail)

    @property
    def severity(self) -> Severity:
        """How severe that is."""
        return severity_of(self.happening)

    @property
    def target(self) -> str:
        """The target's name."""
        return self.words("target", 64)

    @property
    def rollout(self) -> str:
        """The rollout's id; empty where none is known."""
        return self.words("rollout", 128)

    @property
    def report_link(self) -> str:
        """Where the whole report can be opened; empty if it is not kept anywhere."""
        return self.words("report", LONGEST_LINK)

    @property
    def reason(self) -> str:
        """Why it happened, on one line."""
        return self.words("reason")

    @property
    def labels(self) -> Mapping[str, str]:
        """The rollout's labels, each a short line."""
        found = self.detail.get("labels")
        given = found if isinstance(found, Mapping) else {}
        return {safe(str(name), LONGEST_LABEL): safe(str(value), LONGEST_LABEL) for name, value in given.items()}

    @property
    def started_by(self) -> str:
        """Who started the rollout, as far as its input claims it."""
        return self.words("started_by").removeprefix("claimed: ")

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands for a person to run, in this order."""
        found = self.detail.get(COMMANDS)
        return tuple(map(str, found)) if isinstance(found, list | tuple) else ()

    @property
    def weight_percent(self) -> float:
        """The weight of the rollout's step; 0 before the first one."""
        return self.number("weight_percent") if self.report is None else self.report.weight_percent

    @property
    def watch(self) -> Mapping[str, Any]:
        """What the event says of the watch after the promotion."""
        found = self.detail.get("watch")
        return found if isinstance(found, Mapping) else {}

    def words(self, key: str, longest: int = LONGEST_LINE) -> str:
        """A text of the event on one line, without control characters."""
        return safe(str(self.detail.get(key) or ""), longest)

    def number(self, key: str) -> float:
        """A number of the event; 0 where there is none."""
        found = self.detail.get(key)
        return float(found) if isinstance(found, int | float) else 0.0


def shortened(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail, shortened: long texts lose their ends, other long values are left out, and so are the last commands."""
    cut = {key: _cut(value) if isinstance(value, str) else value for key, value in detail.items()}
    kept = {key: value for key, value in cut.items() if key == COMMANDS or len(json.dumps(value)) <= LONGEST_VALUE}
    commands = [*kept.get(COMMANDS, ())]
    while commands and len(json.dumps({**kept, COMMANDS: commands})) > LONGEST_DETAIL:
        commands.pop()
    if COMMANDS in kept:
        kept[COMMANDS] = commands
    return kept if kept == dict(detail) else {**kept, SHORTENED: "the rollout's record has the full text"}


def moment(seconds: float) -> str:
    """An instant (epoch seconds) as 2026-01-31T12:00:00+00:00."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _cut(text: str) -> str:
    """The start of a text, as much as fits into the longest value once written as JSON."""
    while len(json.dumps(text)) > LONGEST_VALUE:
        text = text[: len(text) * 9 // 10]
    return text
