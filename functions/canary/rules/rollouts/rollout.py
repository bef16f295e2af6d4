"""The record of one rollout: what it brings, how far it has come, and what its looks have seen. Values only.

A change of any value in the record needs a new schema: an upgrade in `canary.rules.rollouts.upgrades`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from canary.rules.judging.habit import Habit
from canary.rules.judging.harm import Harm
from canary.rules.judging.missing import BadCounts
from canary.rules.judging.silence import Heard
from canary.rules.judging.split import NO_SPLIT_EVIDENCE, SplitEvidence
from canary.rules.releases.identity import ReleaseIdentity
from canary.rules.releases.plan import Plan
from canary.rules.rollouts.actions import Action, StartedBy
from canary.rules.rollouts.grants import BelowFloor
from canary.rules.rollouts.phases import SETTLE_SECONDS, AliasNames, Phase, RecoveryStage, Standing
from canary.rules.rollouts.steering import NOT_STEERED, Steering
from canary.rules.rollouts.succession import Successor
from canary.rules.rollouts.watched import PromotionWatch
from canary.rules.targets.live import Intent, Snapshot
from canary.rules.targets.policy import Progression
from canary.rules.targets.target import Target

OPEN_INDEX = "open"
"""The table's index of what still needs attention: locks that are held, and ends that were not reported."""


@dataclass(frozen=True, slots=True)
class MetricCount:
    """One metric summed over minutes: requests and bad requests of canary (`nc`, `ec`) and base (`nb`, `eb`).

    Minutes in which the bad requests were not counted are left out.
    """

    nc: int = 0
    ec: int = 0
    nb: int = 0
    eb: int = 0


@dataclass(frozen=True, slots=True)
class StepState:
    """The step being baked. Times are epoch seconds.

    ``index`` is -1 before the first shift. ``baking_since`` is None until the first look of the step has recorded when
    its bake began. The counts cover the step's own minutes: how many were judged, and each arm's requests in them.
    ``silent_minutes`` were complete and had no canary request. ``entered`` is the state entry that began the step, so that
    a retry of that state does not begin another step. ``metrics``: the same minutes' counts of every metric that is read.
    """

    index: int = -1
    entered: str = ""
    baking_since: float | None = None
    judged_minutes: int = 0
    requests: int = 0
    base_requests: int = 0
    silent_minutes: int = 0
    metrics: Mapping[str, MetricCount] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """Totals of the whole rollout: requests and bad requests of each arm, and the metrics requested from CloudWatch.

    ``looks`` were made by executions, ``parked_looks`` while it was parked. ``advances`` counts the executions after the first.
    ``waits`` counts the waits for a version of the release, and ``replacements`` those for older rollouts to end, before the
    lock was taken.
    """

    canary_requests: int = 0
    canary_bad: int = 0
    base_requests: int = 0
    base_bad: int = 0
    metrics_requested: int = 0
    looks: int = 0
    drains: int = 0
    parked_looks: int = 0
    advances: int = 0
    waits: int = 0
    replacements: int = 0


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout of one release to one target.

    ``shifts``: the times, in epoch seconds, at which the split of the traffic may have changed. ``judged_to``: the start of the
    newest minute that was folded or skipped. ``evidence`` is the judge's own JSON. ``limits_ms``: the latency limits from
    history by percentile, one per latency series. ``needed``: the canary requests that each step must be judged on.
    ``drained_from``: when the wait after the weight 100 began. ``revision`` rises with every write.
    ``park_after``: the index of the step after which a scheduled rollout is parked. ``parked_since``, ``parked_until``: set
    while it is parked. ``totals``: each metric's counts in the whole rollout. ``habits``: how much data each business metric
    that is judged usually has, from history. ``heard``, ``bad_counts``, ``split``: what is known of the instruments so far.
    ``blind_since``: since when something cannot be seen. ``looked_at``: the time of the newest look; ``is_calm``: whether that
    look found nothing that speaks against the release. ``scheduled_at``: the time for which its execution was scheduled, if it
    was. ``labels``: where the release comes from, in the caller's words; they decide nothing. ``retry_of``: the earlier rollout
    of the same release, which was rolled back, if this one was started all the same.
    ``waiting_since``: since when the step waits beyond its bake.
    ``is_end_told``: whether the end was reported.
    ``steering``: what the looks have heard of operators. ``requested_at``: when its first execution began, in epoch seconds; it
    decides which of two rollouts is newer. ``replaced_by``: the newest start that it was rolled back for. ``below_floor``: what
    an authorizer allowed it, if its policy is below the target's floor.
    ``watch``: the watch after promotion, from the flip on; None before, and where the policy has none.
    ``reverts``: the promoted rollout that this one takes back, and ``takes_back`` the release that it brought; None for an
    ordinary rollout. A revert has no steps. ``reverts_to``: the earlier rollout whose release it brings back, if one was named.
    ``aliases_settle_until``: before that time, in epoch seconds, a request may still see where the canary aliases pointed
    before the rollout ended, or, of a revert that has not ended, before the last rollout did.
    ``started_by``: who started it, as far as the input tells; None in a record that is older than that.
    ``actions``: the verbs that took effect, oldest first; ``actions_dropped`` more were too many to keep.
    ``is_drill``: whether it is a rehearsal, or takes back the release of one.
    """

    rollout_id: str
    execution: str
    target: Target
    plan: Plan
    snapshot: Snapshot
    intent: Intent
    phase: Phase
    started_at: float
    reason: str = ""
    recovery_stage: RecoveryStage = RecoveryStage.START
    not_before: float = 0.0
    needs_operator: bool = False
    step: StepState = field(default_factory=StepState)
    shifts: tuple[float, ...] = ()
    first_shift: float | None = None
    judged_to: int = 0
    needed: tuple[int, ...] = ()
    limits_ms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    totals: Mapping[str, MetricCount] = field(default_factory=dict)
    habits: Mapping[str, Habit] = field(default_factory=dict)
    heard: Mapping[str, Heard] = field(default_factory=dict)
    bad_counts: Mapping[str, BadCounts] = field(default_factory=dict)
    split: SplitEvidence = NO_SPLIT_EVIDENCE
    blind_since: float | None = None
    harm: Harm = field(default_factory=Harm)
    drained_from: float | None = None
    ended_at: float | None = None
    park_after: int = 0
    parked_since: float | None = None
    parked_until: float | None = None
    looked_at: float | None = None
    is_calm: bool = False
    scheduled_at: float | None = None
    waiting_since: float | None = None
    is_end_told: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    retry_of: str | None = None
    steering: Steering = NOT_STEERED
    watch: PromotionWatch | None = None
    requested_at: float = 0.0
    replaced_by: Successor | None = None
    below_floor: BelowFloor | None = None
    reverts: str | None = None
    reverts_to: str | None = None
    takes_back: ReleaseIdentity | None = None
    aliases_settle_until: float = 0.0
    started_by: StartedBy | None = None
    actions: tuple[Action, ...] = ()
    actions_dropped: int = 0
    is_drill: bool = False
    revision: int = 0

    @property
    def must_aliases_settle(self) -> bool:
        """Whether the canary aliases must settle before they get traffic: while they do, a request may see where they pointed.

        A revert usually finds them where it needs them. If not, that does no harm where one function's version is all that it
        changes and the alias points at base's version: every request is served by one whole release, whichever it meets.
        """
        if self.reverts is None:
            return True
        base, intent, canary = self.snapshot.live, self.intent, self.snapshot.canary
        moved = [name for name in self.standing.aliases.canary if canary.get(name) != intent.versions[name]]
        if not moved:
            return False
        changed = [name for name, version in intent.versions.items() if base.get(name) != version]
        is_code_alone = intent.deployment_id == self.snapshot.deployment_id and not (
            intent.promoted_variables or intent.removed_variables
        )
        return not is_code_alone or len(changed) > 1 or any(canary.get(name) != base.get(name) for name in moved)

    def seconds_to_settle(self, now: float) -> int:
        """How long the canary aliases must settle at `now`, in epoch seconds, before they get traffic."""
        return SETTLE_SECONDS if self.must_aliases_settle else max(0, ceil(self.aliases_settle_until - now))

    @property
    def is_to_be_parked(self) -> bool:
        """Whether the rollout is parked at the end of the present step and waits for an advance.

        A promotion that was asked for waits for none.
        """
        if self.steering.promotion:
            return False
        return self.plan.policy.progression is Progression.SCHEDULED and self.step.index >= self.park_after

    @property
    def tolerated_alarms(self) -> tuple[str, ...]:
        """The alarms that do not veto: those the plan tolerates, and those named with a promotion."""
        promotion = self.steering.promotion
        return (*self.plan.tolerated_alarms, *(promotion.tolerated_alarms if promotion else ()))

    @property
    def standing(self) -> Standing:
        """What the passes decide from."""
        functions, kind = self.target.functions, self.target.shifter
        return Standing(
            phase=self.phase,
            shifter=kind,
            snapshot=self.snapshot,
            intent=self.intent,
            aliases=AliasNames(
                live={function.name: function.live for function in functions},
                canary={f.name: f.canary for f in functions if f.canary and not kind.has_split_aliases},
            ),
            recovery_stage=self.recovery_stage,
            not_before=self.not_before,
        )
