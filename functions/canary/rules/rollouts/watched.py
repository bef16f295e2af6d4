"""What the record keeps of the watch after a promotion: since when, what was judged, what was not seen, and how it ended.

Values only. What begins and ends a watch is in `canary.rules.rollouts.watch_course`, and how a look judges in
`canary.rules.looks.promotion`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from canary.rules.judging.absolute import CeilingEvidence


class WatchEnd(enum.StrEnum):
    """How a watch ended: its time was over, something ended it before, or it condemned the release."""

    OVER = "over"
    CUT_SHORT = "cut_short"
    CONDEMNED = "condemned"


@dataclass(frozen=True, slots=True)
class PromotionWatch:
    """The watch of a promoted release. Times are epoch seconds.

    ``until``: when it ends if nothing ends it before. ``judged_to``: the start of the newest minute that was judged or left
    out. ``is_told``: whether the bus accepted that the rollout was promoted. ``metrics``: the metrics that are held against a
    ceiling; empty before the first look. ``log_e``: the evidence of all of them. ``unseen``: what the watch could not see, one
    sentence each. ``doubts``: what its newest look could not see. ``reason``: why it ended as it did. ``cut_short_by``: the
    rollout that took the target. ``reverted_by``: the rollout that takes the condemned release back.
    """

    since: float
    until: float
    judged_to: int = 0
    is_told: bool = False
    looks: int = 0
    metrics: Mapping[str, CeilingEvidence] = field(default_factory=dict)
    log_e: float = 0.0
    unseen: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    end: WatchEnd | None = None
    ended_at: float | None = None
    reason: str = ""
    cut_short_by: str | None = None
    reverted_by: str | None = None

    @property
    def is_remarkable(self) -> bool:
        """Whether its end is worth a notification: it condemned, did not last, or could not see everything."""
        return self.end in {WatchEnd.CONDEMNED, WatchEnd.CUT_SHORT} or (self.end is WatchEnd.OVER and bool(self.unseen))
