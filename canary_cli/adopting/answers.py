"""What an adoption or its undoing answers with, and how people read it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Adoption:
    """What was done to a stage.

    ``done`` and ``commands``: the steps carried out, in words and as lines for the AWS CLI. ``left``: what is still missing or
    wrong, or what an undoing left alone and why. ``target_file`` and ``journal``: their paths, None where there is none now.
    ``following``: what to run next.
    """

    verb: str
    is_undo: bool
    target: str
    account: str | None
    region: str
    rest_api_id: str
    stage_name: str
    done: tuple[str, ...]
    commands: tuple[str, ...]
    left: tuple[str, ...]
    is_ready: bool
    target_file: str | None
    journal: str | None
    following: tuple[str, ...]


def lines_of_adoption(adoption: Adoption) -> Iterator[str]:
    """What follows the lines of the steps."""
    stage = f"stage {adoption.stage_name} of API {adoption.rest_api_id}"
    count = f"{len(adoption.done)} step{'s' * (len(adoption.done) != 1)}"
    if adoption.is_undo:
        yield f"{adoption.target}: {count} of the adoption of {stage} taken back"
    else:
        ready = "nothing would refuse a start" if adoption.is_ready else "a start would be refused"
        yield f"{adoption.target}: {count} carried out on {stage}; {ready}"
    yield from (f"  left     {one}" for one in adoption.left)
    if adoption.target_file:
        yield f"  target   {adoption.target_file}"
    if adoption.journal:
        yield f"  journal  {adoption.journal}"
    yield from (f"  next     {one}" for one in adoption.following)
