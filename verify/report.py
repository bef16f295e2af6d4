"""The report of a run, for people and for programs.

It never shows which account it was: the account id is masked wherever AWS's own words contain it.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from rich.table import Table

from verify.outcome import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from verify.account.cleaning import LeftBehind
    from verify.account.ledger import Header
    from verify.outcome import Outcome

SCHEMA = 1
_STYLES = {Mark.DIFFERS: "bold red", Mark.UNFORESEEN: "bold red", Mark.SETTLED: "green", Mark.AS_ASSUMED: "green"}


def masked(text: str, account: str) -> str:
    """The text without the account id."""
    return text.replace(account, "<account>")


def tell_outcome(console: Console, outcome: Outcome, account: str) -> None:
    """Print one question as soon as it has been asked."""
    question = outcome.question
    console.print(f"{question.unknown.text[0].upper()}{question.unknown.text[1:]}", style="bold", markup=False)
    console.print(f"  {question.slug}, {question.fact}", style="dim", markup=False)
    console.print(f"  asked: {question.how}", markup=False)
    for line in _lines(outcome):
        console.print(
            f"  {masked(line, account)}", style=_STYLES.get(outcome.mark) if line.startswith("answer") else None, markup=False
        )


def _lines(outcome: Outcome) -> Iterator[str]:
    if outcome.word is None:
        yield f"{outcome.mark}: {outcome.reason}"
    else:
        yield f"answer: {outcome.word}; the embedded AWS: {outcome.assumed}; {outcome.mark}"
    yield from (f"- {line}" for line in outcome.evidence)


def tell_summary(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Print all questions in a table, and the number of each mark."""
    table = Table(box=None, pad_edge=False)
    table.add_column("question", no_wrap=True)
    for heading in ("answer", "embedded AWS", ""):
        table.add_column(heading, overflow="fold")
    for outcome in outcomes:
        table.add_row(
            outcome.question.slug, outcome.word or "-", outcome.assumed, str(outcome.mark), style=_STYLES.get(outcome.mark)
        )
    console.print(table)
    counts = Counter(outcome.mark for outcome in outcomes)
    console.print("; ".join(f"{counts[mark]} {mark}" for mark in Mark if counts[mark]), markup=False)


def tell_left(console: Console, left: Iterable[LeftBehind], ledger: Path) -> None:
    """Print what could not be removed, in red."""
    console.print("NOT REMOVED, and it may cost money or block something:", style="bold red", markup=False)
    for each in left:
        console.print(f"  {each.what}: {each.why}", style="red", markup=False)
        console.print(f"    {each.commands}", markup=False)
    console.print(f"To try again: python -m verify clean-up {ledger}", style="bold red", markup=False)


def write_record(path: Path, outcomes: Sequence[Outcome], left: Sequence[LeftBehind], header: Header, *, now: float) -> None:
    """The machine-readable record."""
    record = {
        "schema": SCHEMA,
        "ended_at": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        "region": header.region,
        "endpoint_url": header.endpoint_url,
        "botocore": version("botocore"),
        "questions": [_describe(outcome) for outcome in outcomes],
        "left_behind": [each.what for each in left],
    }
    text = json.dumps(record, indent=2, ensure_ascii=False)
    path.write_text(masked(text, header.account) + "\n", encoding="utf-8")


def _describe(outcome: Outcome) -> dict[str, Any]:
    question = outcome.question
    return {
        "slug": question.slug,
        "question": question.unknown.text,
        "fact": question.fact,
        "asked": question.how,
        "plausible": list(question.unknown.answers),
        "assumed": question.unknown.assumed,
        "answer": outcome.word,
        "mark": outcome.mark.name.lower().replace("_", "-"),
        "reason": outcome.reason or None,
        "evidence": list(outcome.evidence),
        "seconds": round(outcome.seconds, 1),
    }
