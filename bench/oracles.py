"""What the best judge could do if it knew what no judge can know: both arms' true rates, and when they change.

Wald's test knows everything. Its evidence is the likelihood of the canary's requests with the fault, divided by their
likelihood without it, and it rolls back at 1/alpha. It is the limit. It also reads the minutes in which the weight changed, so
it is reported a second time without them. The other oracle knows the same rates but may only compare the arms, against their
closest common rate. Where it misses a fault, a fair judge may miss it too. All oracles look at the same times as the other
judges.
"""

from __future__ import annotations

from itertools import islice
from math import log
from typing import TYPE_CHECKING

from canary.rules.judging.minutes import MinuteUse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.rollout import Tape
    from bench.world import Minute

LOG_BAR = log(100.0)
_TINY = 1e-12


def wald(tape: Tape) -> float | None:
    """When the test that knows both rates would have rolled back."""
    burst = tape.world.cell.release.burst
    return _crossing(tape, ((_of_errors(one) + _of_latency(one)) / burst + _of_clients(one) for one in tape.minutes))


def wald_on_evidence(tape: Tape) -> float | None:
    """The same, using only the minutes in which the split did not change, and latency only once it has settled."""
    burst = tape.world.cell.release.burst
    pairs = zip(tape.minutes, _uses(tape), strict=True)
    return _crossing(tape, (_of_evidence(minute, use, burst) for minute, use in pairs))


def arms_only(tape: Tape) -> float | None:
    """When the test that knows both rates but may only compare the arms would have rolled back."""
    burst = tape.world.cell.release.burst
    pairs = zip(tape.minutes, _uses(tape), strict=True)
    return _crossing(tape, (_comparing(m, use) / burst + _comparing_clients(m, use) for m, use in pairs))


def _crossing(tape: Tape, gains: Iterator[float]) -> float | None:
    """The look at which the gains of the minutes reach the bar; no minute after it is worked out."""
    total, done = 0.0, 0
    for look in tape.looks:
        total += sum(islice(gains, max(look.seen - done, 0)))
        done = max(done, look.seen)
        if total >= LOG_BAR:
            return look.now
    return None


def _of_evidence(minute: Minute, use: MinuteUse, burst: float) -> float:
    if use is MinuteUse.NOT_EVIDENCE:
        return 0.0
    return (_of_errors(minute) + (_of_latency(minute) if use is MinuteUse.FULL else 0.0)) / burst + _of_clients(minute)


def _uses(tape: Tape) -> list[MinuteUse]:
    """How each minute can be used; minutes after the last look cannot be used."""
    return [*tape.uses, *[MinuteUse.NOT_EVIDENCE] * (len(tape.minutes) - len(tape.uses))]


def _of_errors(minute: Minute) -> float:
    truth, (nc, ec, _, _) = minute.truth, minute.errors
    return _times(ec, truth.bad, truth.bad_as_base) + _times(nc - ec, truth.good, truth.good_as_base)


def _of_clients(minute: Minute) -> float:
    faulty, as_base, _ = minute.client_rates
    return _likelihood(_answers(minute.errors[:2], minute.client_errors[1]), faulty, as_base)


def _comparing_clients(minute: Minute, use: MinuteUse) -> float:
    (nc, ec, nb, eb), (a, _, b) = minute.errors, minute.client_rates
    if not nc or not nb or use is MinuteUse.NOT_EVIDENCE:
        return 0.0
    canary, base = _answers((nc, ec), minute.client_errors[1]), _answers((nb, eb), minute.client_errors[3])
    return _likelier(canary, base, (a, 1.0 - a), (b, 1.0 - b), nc / (nc + nb))


def _answers(errors: tuple[int, ...], bad: int) -> tuple[int, int]:
    """The requests that did not fail, divided into those answered with 4xx and the rest."""
    return bad, errors[0] - errors[1] - bad


def _likelihood(answers: tuple[int, int], chosen: float, rival: float) -> float:
    return _times(answers[0], chosen, rival) + _times(answers[1], 1.0 - chosen, 1.0 - rival)


def _of_latency(minute: Minute) -> float:
    if minute.classes is None or minute.truth.shares is None:
        return 0.0
    return sum(map(_times, minute.classes[0], *minute.truth.shares))


def _comparing(minute: Minute, use: MinuteUse) -> float:
    truth, (nc, ec, nb, eb) = minute.truth, minute.errors
    if not nc or not nb or use is MinuteUse.NOT_EVIDENCE:
        return 0.0
    a, b = truth.rates
    share = nc / (nc + nb)
    gain = _likelier((ec, nc - ec), (eb, nb - eb), (a, 1.0 - a), (b, 1.0 - b), share)
    if minute.classes is None or truth.shares is None or use is not MinuteUse.FULL:
        return gain
    return gain + _likelier(*minute.classes, *truth.shares, share)


def _likelier(
    canary: Sequence[int], base: Sequence[int], of_canary: Sequence[float], of_base: Sequence[float], share: float
) -> float:
    common = [share * a + (1.0 - share) * b for a, b in zip(of_canary, of_base, strict=True)]
    return sum(map(_times, canary, of_canary, common)) + sum(map(_times, base, of_base, common))


def _times(count: int, chosen: float, rival: float) -> float:
    return count * log(max(chosen, _TINY) / max(rival, _TINY)) if count else 0.0
