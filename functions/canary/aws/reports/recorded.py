"""What is recorded of a rollout's looks: the looks, and the history that their evidence rests on.

A report is made from these and the rollout's record alone. No task that decides about a rollout reads them this way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from canary.aws.errors import HistoryGoneError, LookUnreadableError, OwnershipLostError
from canary.rules.judging.history import from_json
from canary.rules.looks.replay import RecordedLook, ReplayedLook, read_look, replay
from canary.rules.rollouts.upgrades import upgrade_history

if TYPE_CHECKING:
    from canary.aws.archive import Archive
    from canary.aws.record_reads import RecordReads
    from canary.rules.rollouts.rollout import Rollout


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of a rollout's looks: the looks, and the frozen history's JSON, None where there was no look."""

    looks: tuple[RecordedLook, ...]
    history: Mapping[str, Any] | None

    def replayed(self, rollout: Rollout) -> tuple[ReplayedLook, ...]:
        """The looks with what each knew; none where the rollout was never looked at."""
        return replay(rollout, from_json(self.history), self.looks) if self.history else ()


def read_recorded(records: RecordReads, archive: Archive, rollout_id: str) -> Recorded:
    """What is recorded of the rollout's looks.

    Raises:
        LookUnreadableError: a look cannot be read.
        HistoryGoneError: the history that the looks rest on was deleted.
        RecordsRefusedError: DynamoDB refused.

    """
    return with_history(records, rollout_id, read_looks(archive, rollout_id))


def with_history(records: RecordReads, rollout_id: str, looks: tuple[RecordedLook, ...]) -> Recorded:
    """The rollout's looks with the history that they rest on.

    Raises:
        HistoryGoneError: it was deleted.
        RecordsRefusedError: DynamoDB refused.

    """
    if not looks:
        return Recorded((), None)
    try:
        history = upgrade_history(records.read_history(rollout_id))
    except OwnershipLostError as error:
        raise HistoryGoneError(
            f"the frozen history of rollout {rollout_id} was deleted, so its evidence cannot be computed again"
        ) from error
    return Recorded(looks, history)


def read_looks(archive: Archive, rollout_id: str, *, most: int | None = None) -> tuple[RecordedLook, ...]:
    """The rollout's looks, oldest first; with `most`, no more than so many are read.

    Raises:
        LookUnreadableError: one cannot be read.
        RecordsRefusedError: DynamoDB refused.

    """
    try:
        items = islice(archive.list_looks(rollout_id), most)
        return tuple(read_look(one.at, one.verdict, one.reason, one.numbers) for one in items)
    except (KeyError, TypeError, ValueError) as error:
        raise LookUnreadableError(f"a look of rollout {rollout_id} cannot be read ({type(error).__name__}: {error})") from error
