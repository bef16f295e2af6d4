"""How carefully a release is rolled out: its steps, what counts as proof, and what happens without proof."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any


class WhenUnproven(enum.StrEnum):
    """What happens when a step's extension is used up and there was still too little traffic to judge."""

    HOLD = "hold"
    ROLL_BACK = "roll_back"
    PROMOTE = "promote"


class WhenQuiet(enum.StrEnum):
    """What happens when base's traffic of the last day is too little for the policy's steps."""

    GO = "go"
    REFUSE = "refuse"


class AfterRollback(enum.StrEnum):
    """What follows when a release is asked for again that was rolled back."""

    REFUSE = "refuse"
    ALLOW = "allow"


class OnNewer(enum.StrEnum):
    """What a start does that finds its target held by an older rollout."""

    REFUSE = "refuse"
    REPLACE = "replace"


class AfterPause(enum.StrEnum):
    """What follows when a rollout has been paused for as long as its policy allows."""

    ROLL_BACK = "roll_back"
    RESUME = "resume"

    @property
    def words(self) -> str:
        """What happens to the rollout, after "it"."""
        return "is rolled back" if self is AfterPause.ROLL_BACK else "goes on"


class AfterPromotion(enum.StrEnum):
    """What follows when the watch after a promotion condemns the release."""

    REVERT = "revert"
    NOTIFY = "notify"


class Progression(enum.StrEnum):
    """Whether one execution takes every step, or the rollout is parked after each step until an advance takes the next."""

    CONTINUOUS = "continuous"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True)
class Step:
    """One weight (percent, above 0 and below 100, at most two decimals) and its bake in seconds."""

    weight_percent: Decimal
    bake_seconds: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A rollout's policy.

    ``alpha``: the largest share of good releases that may be rolled back, however long one watches (0.01 is 1 %).
    ``detect``: rate points by metric (0.01 is one point): the effect that each step must have enough traffic to show.
    ``delta``: rate points by metric: a canary worse by less than this is safe enough to end a step early.
    ``metric_delay_seconds``: how long after its end a minute's metrics are complete.
    ``calm_look_seconds``: the most seconds between two looks while nothing speaks against the release; 60 looks each minute.
    ``min_requests``: the canary requests that every step must be judged on.
    ``max_extension_seconds``: how long a step may be extended while too little is proven or the evidence is high.
    ``when_quiet``: what a start does if base's traffic of the last day is too little to prove the steps in time.
    ``max_blind_seconds``: how long a step holds for a failing instrument or a silent metric before it rolls back.
    ``not_before_seconds``: the earliest promotion, in seconds after the first shift.
    ``tolerate_firing_alarms``: alarms that were already firing before the start do not refuse the rollout.
    ``max_parked_seconds``: how long a scheduled rollout waits parked for its next advance before it rolls back.
    ``after_rollback``: what a start does when its release was rolled back before, and it does not say that it retries it.
    ``max_pause_seconds``: how long all pauses of a rollout together may last; 0 allows none.
    ``after_pause``: what follows when they have lasted that long.
    ``watch_seconds``: how long the promoted release is watched; 0 ends the rollout at the flip.
    ``after_promotion``: what follows when that watch condemns the release.
    ``on_newer``: what a start under this policy does when an older rollout holds the target.
    """

    name: str
    steps: tuple[Step, ...]
    alpha: float = 0.01
    detect: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"errors": 0.01}))
    delta: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"errors": 0.005, "client_errors": 0.05, "slow": 0.05, "business": 0.01})
    )
    metric_delay_seconds: int = 120
    calm_look_seconds: int = 120
    min_requests: int = 50
    max_extension_seconds: int = 3600
    when_unproven: WhenUnproven = WhenUnproven.HOLD
    when_quiet: WhenQuiet = WhenQuiet.GO
    max_blind_seconds: int = 600
    early_advance: bool = False
    not_before_seconds: int = 0
    tolerate_firing_alarms: bool = False
    progression: Progression = Progression.CONTINUOUS
    max_parked_seconds: int = 3 * 86_400
    after_rollback: AfterRollback = AfterRollback.REFUSE
    max_pause_seconds: int = 4 * 3600
    after_pause: AfterPause = AfterPause.ROLL_BACK
    watch_seconds: int = 900
    after_promotion: AfterPromotion = AfterPromotion.REVERT
    on_newer: OnNewer = OnNewer.REFUSE


@dataclass(frozen=True, slots=True)
class PolicyChanges:
    """Changes of a policy: a policy to start from, and keys with new values. None leaves a key unchanged.

    ``detect`` and ``delta`` may name some metrics only; the others keep their rate points.
    """

    starts_from: Policy | None = None
    name: str | None = None
    steps: tuple[Step, ...] | None = None
    alpha: float | None = None
    detect: Mapping[str, float] | None = None
    delta: Mapping[str, float] | None = None
    metric_delay_seconds: int | None = None
    calm_look_seconds: int | None = None
    min_requests: int | None = None
    max_extension_seconds: int | None = None
    when_unproven: WhenUnproven | None = None
    when_quiet: WhenQuiet | None = None
    max_blind_seconds: int | None = None
    early_advance: bool | None = None
    not_before_seconds: int | None = None
    tolerate_firing_alarms: bool | None = None
    progression: Progression | None = None
    max_parked_seconds: int | None = None
    after_rollback: AfterRollback | None = None
    max_pause_seconds: int | None = None
    after_pause: AfterPause | None = None
    watch_seconds: int | None = None
    after_promotion: AfterPromotion | None = None
    on_newer: OnNewer | None = None


CHANGED = " (changed)"
"""Ends the name of a changed policy that was not given a new name."""


def effective_policy(policy: Policy, changes: PolicyChanges | None) -> Policy:
    """The policy that applies: ``policy``, or the one that the changes start from, with the changed keys."""
    if changes is None:
        return policy
    start = changes.starts_from or policy
    given = _given(changes)
    if not given:
        return start
    for rates in given.keys() & {"detect", "delta"}:
        given[rates] = MappingProxyType({**getattr(start, rates), **given[rates]})
    given.setdefault("name", start.name.removesuffix(CHANGED) + CHANGED)
    return replace(start, **given)


def _given(changes: PolicyChanges) -> dict[str, Any]:
    values = {key.name: getattr(changes, key.name) for key in fields(Policy)}
    return {key: value for key, value in values.items() if value is not None}


def _steps(*percents: int, minutes: int) -> tuple[Step, ...]:
    return tuple(Step(Decimal(percent), minutes * 60) for percent in percents)


STANDARD = Policy("standard", _steps(10, 25, 50, minutes=15))
CAUTIOUS = Policy("cautious", _steps(5, 10, 25, 50, 90, minutes=60), watch_seconds=3600)
FAST = Policy(
    "fast",
    _steps(1, 5, 25, 50, minutes=10),
    delta=MappingProxyType({"errors": 0.03, "client_errors": 0.1, "slow": 0.15, "business": 0.03}),
    early_advance=True,
    not_before_seconds=1800,
)
HOTFIX = Policy("hotfix", _steps(25, 50, minutes=5), tolerate_firing_alarms=True)
QUIET = Policy(
    "quiet",
    _steps(25, 50, minutes=60),
    detect=MappingProxyType({"errors": 0.2}),
    min_requests=20,
    max_extension_seconds=3 * 3600,
    max_blind_seconds=3600,
)
"""For a few requests per minute: such traffic can only show a release that fails often or always."""

SHIPPED: Mapping[str, Policy] = MappingProxyType({policy.name: policy for policy in (STANDARD, CAUTIOUS, FAST, HOTFIX, QUIET)})
