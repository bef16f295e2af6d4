"""How a minute changes what is known of one metric: the stakes, the predicted base rates, the safe-enough e-value.

Evidence is small because its JSON is written to the record at every look; what never changes is in the history beside it.
Minutes are counted, not dated: a minute that was not evidence uses no stake (`canary.rules.judging.staking`) and no slice. This
module does not know alpha, the metrics' stakes or verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

from canary.rules.judging.bets import (
    ALL_EFFECTS,
    LARGE_EFFECTS,
    MANY_SLOW,
    RARELY_SLOW_EFFECTS,
    SLOW_EFFECTS,
    Effects,
    log_bets,
    log_safe_bet,
    log_share_bets,
    offer,
)
from canary.rules.judging.cold import explains_little, log_cold_bets, share_if_cold
from canary.rules.judging.history import RECENT_DECAY, BaseHistory, DecayedCounts
from canary.rules.judging.incident import as_one
from canary.rules.judging.outage import OUTAGE_BEGINS, OUTAGE_WAITS, log_beyond, log_outage, without_wins
from canary.rules.judging.staking import (
    STAKED_AT_SHIFT,
    kept_for_shifts,
    log_added,
    log_staked,
    log_sum,
    stake,
    unstaked,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.rules.judging.counts import Counts

    Bets = Callable[[int, int, float], list[float]]

SLOW_DECAY = 0.95
BASE_HAS_CHANGED = 1.0
"""Base has changed if its bad requests are likelier at their own rate than at history's by this much, as a logarithm."""


@dataclass(frozen=True, slots=True)
class MetricEvidence:
    """What one metric's minutes have shown so far.

    ``minutes`` and ``shift_minutes`` count the minutes that spent stake as such and those that spent the stake for weight
    changes. ``slow`` predicts the base rate, ``recent`` shows what it is at present. ``live`` and ``assisted`` are the
    logarithms of the fifteen stakes with what they have won, empty before the first minute. ``assisted`` is None if the history
    has nothing to lend; it then equals ``live``. ``log_safe`` is ln of the e-value against "worse by ``delta``" since the step
    began; without a delta it claims nothing. ``outage``: how much base's minutes speak for an outage of the target, as a
    logarithm; ``outage_minutes``: how many of them were in one.
    """

    minutes: int
    slow: DecayedCounts
    recent: DecayedCounts
    live: tuple[float, ...] = ()
    assisted: tuple[float, ...] | None = None
    delta: float | None = None
    log_safe: float = 0.0
    shift_minutes: int = 0
    outage: float = 0.0
    outage_minutes: int = 0

    @property
    def is_out(self) -> bool:
        """Whether base is in an outage, as far as the minutes so far show."""
        return self.outage >= OUTAGE_BEGINS

    @property
    def is_newly_out(self) -> bool:
        """Whether base is in an outage that a step waits for."""
        return self.is_out and self.outage_minutes <= OUTAGE_WAITS

    @property
    def log_e(self) -> float:
        """Ln of the e-value from the live minutes."""
        return _log_wealth(self, self.live)

    @property
    def log_e_assisted(self) -> float:
        """Ln of the e-value with slices of history added to base."""
        return self.log_e if self.assisted is None else _log_wealth(self, self.assisted)


def unfolded(base: BaseHistory) -> MetricEvidence:
    """A metric's evidence before its first minute."""
    return MetricEvidence(minutes=0, slow=base.slow, recent=base.recent, assisted=() if base.slices else None)


def fold(metric: MetricEvidence, base: BaseHistory, counts: Counts) -> MetricEvidence:
    """Fold one minute. It is not evidence if an arm had no request, but the base rate is still learned from it."""
    if counts.nb == 0:
        return metric
    nc, ec, nb, eb = counts.nc, counts.ec, counts.nb, counts.eb
    if nc == 0:
        return _learned(metric, base, counts, nb)
    offered = offer(metric.slow.rate, effects_of(base))

    def bets(requests: int, bad: int, phi: float) -> list[float]:
        return log_bets(nc, ec, nb + requests, eb + bad, offered, phi=phi)

    folded = _fold(metric, base, counts, nc / (nc + nb), bets)
    return replace(folded, log_safe=metric.log_safe + _log_safe(metric, counts) / base.live_phi)


def fold_shift(metric: MetricEvidence, base: BaseHistory, counts: Counts, share: float) -> MetricEvidence:
    """Fold a minute in which the canary's share rose to `share`: only with bets that are valid for any split in it.

    A minute whose requests show that the canary had more than that is no evidence at all.
    """
    nc, ec, nb, eb = counts.nc, counts.ec, counts.nb, counts.eb
    if nb == 0 or nc == 0 or counts.exceeds(share):
        return metric
    b, n, effects = metric.slow.rate, nc + nb, effects_of(base)

    def bets(requests: int, bad: int, phi: float) -> list[float]:
        lent_share = share * n / (n + requests)
        return log_share_bets(nc, ec, nb + requests, eb + bad, share=lent_share, b=b, phi=phi, effects=effects)

    return _fold(metric, base, counts, share, bets, plays_reserve=True)


def fold_cold(metric: MetricEvidence, base: BaseHistory, counts: Counts, share: float | None, *, cold: float) -> MetricEvidence:
    """Fold a minute in which up to `cold` (a fraction) of the canary's requests may have met a cold start.

    Where that explains little of what is bad, the minute is bet on like any other, against what base's bad requests and the
    cold starts together explain. Elsewhere, and in a minute of a weight change, it plays only a stake of its own, which
    afterwards joins the others. The minute may always help to show that the canary is safe, because cold starts only speak
    against it. `share`: the canary's share if it rose in the minute; None if the split did not change.
    """
    if counts.nb == 0 or counts.nc == 0 or (share is not None and counts.exceeds(share)):
        return metric
    log_safe = metric.log_safe + (_log_safe(metric, counts) / base.live_phi if share is None else 0.0)
    b, effects = metric.slow.rate, effects_of(base)
    nc, ec, nb, eb = counts.nc, counts.ec, counts.nb, counts.eb
    warm_share = nc / (nc + nb) if share is None else share
    if share is None and explains_little(cold, b):

        def bets(requests: int, bad: int, phi: float) -> list[float]:
            return log_cold_bets(nc, ec, nb + requests, eb + bad, b=b, cold=cold, phi=phi, effects=effects)

        return replace(_fold(metric, base, counts, warm_share, bets, plays_reserve=True), log_safe=log_safe)
    won = log_share_bets(nc, ec, nb, eb, share=share_if_cold(warm_share, b, cold), b=b, phi=base.live_phi, effects=effects)
    added, log_shares = _reserve(metric), effects.log_shares
    slow, recent = _rates_after(metric, counts)
    return replace(
        metric,
        slow=slow,
        recent=recent,
        shift_minutes=metric.shift_minutes + 1,
        live=_put_by(metric.live, added, won, log_shares),
        assisted=None if metric.assisted is None else _put_by(metric.assisted, added, won, log_shares),
        log_safe=log_safe,
    )


def _fold(
    metric: MetricEvidence,
    base: BaseHistory,
    counts: Counts,
    share: float,
    bets: Bets,
    *,
    plays_reserve: bool = False,
) -> MetricEvidence:
    """The metric after a minute in which the canary had `share` of the requests.

    ``plays_reserve``: the minute also stakes a part of what is kept for the minutes at weight changes.
    """
    nb, eb = (counts.nc + counts.nb) * (1.0 - share), counts.eb
    learned = _learned(metric, base, counts, nb)
    if metric.is_out:
        won = helped = log_beyond(counts, share, b=metric.slow.rate, phi=base.live_phi, effects=effects_of(base))
    else:
        won = helped = bets(0, 0, base.live_phi)
        requests, bad = _lent(metric, base)
        if requests:
            helped = _held_back(bets(requests, bad, base.phi), won, metric, base, nb, eb)
        won, helped = (_believed(log_es, learned, base, counts) for log_es in (won, helped))
    added = stake(metric.minutes) + (_reserve(metric) if plays_reserve else 0.0)
    log_shares = effects_of(base).log_shares
    return replace(
        learned,
        minutes=metric.minutes + 1,
        shift_minutes=metric.shift_minutes + plays_reserve,
        live=_play(metric.live, added, won, log_shares),
        assisted=None if metric.assisted is None else _play(metric.assisted, added, helped, log_shares),
    )


def _believed(won: list[float], after: MetricEvidence, base: BaseHistory, counts: Counts) -> list[float]:
    """What the bets win once it is asked whether an outage or a single incident explains it."""
    if after.is_out:
        return without_wins(won)
    if base.is_slow or base.is_coarse:
        return won
    return as_one(won, requests=counts.nc, failures=counts.ec, usual=base.slow.rate, phi=base.phi)


def effects_of(base: BaseHistory) -> Effects:
    """The effects that are bet on for a metric."""
    if base.is_slow:
        return SLOW_EFFECTS if base.slow.rate > MANY_SLOW else RARELY_SLOW_EFFECTS
    return LARGE_EFFECTS if base.is_coarse else ALL_EFFECTS


def _play(stakes: tuple[float, ...], added: float, won: list[float], log_shares: tuple[float, ...]) -> tuple[float, ...]:
    """The stakes after the minute: first added to, then multiplied by each bet's factor."""
    return tuple([held + log_e for held, log_e in zip(log_staked(stakes, added, log_shares), won, strict=True)])


def _put_by(stakes: tuple[float, ...], added: float, won: list[float], log_shares: tuple[float, ...]) -> tuple[float, ...]:
    """The stakes after a minute that played only the `added` stake."""
    new = [log(added) + log_share + log_e for log_share, log_e in zip(log_shares, won, strict=True)]
    return tuple(log_added(stakes, new)) if stakes else tuple(new)


def _reserve(metric: MetricEvidence) -> float:
    """The stake that a minute of a weight change adds."""
    return STAKED_AT_SHIFT * kept_for_shifts(metric.shift_minutes)


def _learned(metric: MetricEvidence, base: BaseHistory, counts: Counts, requests: float) -> MetricEvidence:
    """What is known of base after the minute: its rates, and whether it is in an outage. `requests`: base's in the minute."""
    outage = log_outage(metric.outage, base, requests, counts.eb, recent=metric.recent.rate, minutes=metric.outage_minutes)
    slow, recent = _rates_after(metric, counts)
    outage_minutes = metric.outage_minutes + (outage >= OUTAGE_BEGINS)
    return replace(metric, slow=slow, recent=recent, outage=outage, outage_minutes=outage_minutes)


def _rates_after(metric: MetricEvidence, counts: Counts) -> tuple[DecayedCounts, DecayedCounts]:
    """What is known of base's rate after the minute's requests."""
    slow = metric.slow.after(counts.nb, counts.eb, decay=SLOW_DECAY)
    return slow, metric.recent.after(counts.nb, counts.eb, decay=RECENT_DECAY)


def _lent(metric: MetricEvidence, base: BaseHistory) -> tuple[int, int]:
    """The next slice of history as (requests, bad); (0, 0) once all were lent."""
    return base.slices[metric.minutes] if metric.minutes < len(base.slices) else (0, 0)


def _held_back(
    helped: list[float], won: list[float], metric: MetricEvidence, base: BaseHistory, requests: float, bad: int
) -> list[float]:
    """What the bets win with history's help, but no more than without it if base is no longer what its history says.

    Whether base has changed is read from its `requests` and `bad`, of this minute alone and together with the last few. Using
    the very minute that is bet on is allowed: a bet that wins less than it could is still an e-value.
    """
    recent = metric.recent.after(requests, bad, decay=RECENT_DECAY)
    is_changed = _is_worse(requests, bad, base) or _is_worse(recent.requests, recent.bad, base)
    return list(map(min, helped, won)) if is_changed else helped


def _is_worse(requests: float, bad: float, base: BaseHistory) -> bool:
    """Whether so many bad requests show that base has become worse than its history, by half their Poisson deviance."""
    expected = requests * base.slow.rate
    if bad <= expected:
        return False
    return expected == 0.0 or bad * log(bad / expected) - (bad - expected) > BASE_HAS_CHANGED * base.phi


def _log_safe(metric: MetricEvidence, counts: Counts) -> float:
    if metric.delta is None:
        return 0.0
    return log_safe_bet(counts.nc, counts.ec, counts.nb, counts.eb, b=metric.slow.rate, delta=metric.delta)


def _log_wealth(metric: MetricEvidence, stakes: tuple[float, ...]) -> float:
    return log_sum((log(unstaked(metric.minutes) + kept_for_shifts(metric.shift_minutes)), *stakes))
