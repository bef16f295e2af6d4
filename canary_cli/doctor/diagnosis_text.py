"""A diagnosis as lines of text. Pure: it renders values and reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary_cli.doctor.findings import Checked, Diagnosis


def lines_of_diagnosis(diagnosis: Diagnosis) -> Iterator[str]:
    """Every check with its fix, then the commands in their order, so that they can be pasted into a shell."""
    refusing = sum(one.refuses for one in diagnosis.checks)
    said = (
        "nothing would refuse a start"
        if diagnosis.is_ready
        else f"{refusing} of {len(diagnosis.checks)} checks would refuse a start"
    )
    yield f"{diagnosis.target}: {said}"
    for check in diagnosis.checks:
        yield from _lines_of(check)
    if diagnosis.commands:
        yield "commands, in this order; no request notices any of them:"
        yield from diagnosis.commands
    if diagnosis.target_file:
        yield "target file:"
        yield from (f"  {line}" for line in diagnosis.target_file.splitlines())
    yield f"next: {diagnosis.following}"


def _lines_of(check: Checked) -> Iterator[str]:
    for found in check.found:
        yield f"  {check.condition:<8} {check.area}: {found}"
    if check.commands:
        yield f"  {'':<8} fix: {_counted(len(check.commands))} below"
        return
    for fix in dict.fromkeys(check.fixes):
        yield f"  {'':<8} fix: {fix}"


def _counted(count: int) -> str:
    return "the command" if count == 1 else f"the {count} commands"
