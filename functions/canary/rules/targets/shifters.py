"""The two ways to split a target's traffic, and everything in which they differ.

Only this module tells the shifters apart. The other rules, the calls to AWS and the tasks ask a shifter one of the questions
below. Code that needs the stage's own names takes them from `Target.stage`, which is there exactly for the stage shifter.
"""

from __future__ import annotations

import enum


class ShifterKind(enum.StrEnum):
    """How traffic is split: by the API stage's canary, or by each alias's version weights."""

    STAGE = "stage"
    ALIAS = "alias"

    @property
    def has_split_aliases(self) -> bool:
        """Whether both arms are versions of the same live alias, told apart by its weights.

        Otherwise each function has a second alias for the canary, and the live alias belongs to base alone.
        """
        return self is ShifterKind.ALIAS

    @property
    def has_stage_canary(self) -> bool:
        """Whether the canary is a setting of the stage, which can be read, left behind or taken away by itself."""
        return self is ShifterKind.STAGE

    @property
    def has_flip(self) -> bool:
        """Whether a promotion flips the stage once the live aliases have moved, while the canary keeps all traffic until then.

        Otherwise the promotion is complete with the live aliases.
        """
        return self is ShifterKind.STAGE

    @property
    def has_api(self) -> bool:
        """Whether an API calls the aliases, so that a release may bring a deployment and stage variables."""
        return self is ShifterKind.STAGE

    @property
    def has_access_log(self) -> bool:
        """Whether requests may be counted in an access log; only a stage writes one."""
        return self is ShifterKind.STAGE

    @property
    def has_fixed_arms(self) -> bool:
        """Whether the metrics of each arm have names that are known before a rollout, so that an alarm can compare them."""
        return self is ShifterKind.STAGE

    @property
    def has_counted_drain(self) -> bool:
        """Whether requests must show that base is drained. Weights need no more than their settling."""
        return self is ShifterKind.STAGE
