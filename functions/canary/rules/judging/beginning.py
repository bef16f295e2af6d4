"""How evidence begins: for a rollout from its frozen history, and for each step with nothing shown yet."""

from __future__ import annotations

from dataclasses import replace
from math import isclose
from typing import TYPE_CHECKING

from canary.rules.judging.evidence import unfolded
from canary.rules.judging.families import Family, is_coarse
from canary.rules.judging.history import History, freeze_history
from canary.rules.judging.judge import Evidence, refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def begin_evidence(
    histories: Mapping[str, Sequence[tuple[int, int]]],
    *,
    families: Mapping[str, Family],
    stakes: Mapping[str, float],
    alpha: float,
) -> Evidence:
    """Evidence before the first minute; what it freezes is in its `history`.

    `histories` are base's complete minutes of the last 24 hours by metric, (requests, bad) in time order; an empty
    one means stated priors. Raises ValueError for stakes that do not match or an alpha outside (0, 1).
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must be above 0 and below 1, got {alpha}; set policy.alpha")
    if histories.keys() != stakes.keys():
        raise ValueError(f"every metric needs a stake, got {sorted(stakes)} for {sorted(histories)}; name the same metrics")
    if not isclose(sum(stakes.values()), 1.0) or min(stakes.values()) <= 0.0:
        raise ValueError(f"stakes must be above 0 and sum to 1, got {dict(stakes)}; divide them by their sum")
    bases = {
        name: freeze_history(minutes, is_coarse=is_coarse(families[name]), is_slow=families[name] is Family.SLOW)
        for name, minutes in histories.items()
    }
    history = History(alpha, {name: families[name] for name in bases}, dict(stakes), bases)
    return Evidence(history, {name: unfolded(base) for name, base in history.bases.items()})


def begin_step(evidence: Evidence, delta: Mapping[str, float]) -> Evidence:
    """Restart the safe-enough e-values, each against "worse by delta (rate points) or more".

    Call this before the step's first own minute is folded, not when its weight is set: minutes of the previous step
    still arrive then. Raises ValueError if a metric has no delta or one outside (0, 1).
    """
    refuse_unknown(evidence, delta)
    missing = sorted(evidence.metrics.keys() - delta.keys())
    if missing:
        raise ValueError(f"every metric needs a delta, got none for {missing}; add them to policy.delta")
    for name, points in delta.items():
        if not 0.0 < points < 1.0:
            raise ValueError(f"delta must be above 0 and below 1, got {points} for {name}; set policy.delta in rate points")
    fresh = {name: replace(metric, delta=delta[name], log_safe=0.0) for name, metric in evidence.metrics.items()}
    return Evidence(evidence.history, fresh)
