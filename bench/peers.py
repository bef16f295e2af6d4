"""When other tools' rules, from their documentation or source, would have rolled back on the same minutes.

Each tool is asked at the same looks and sees minutes with the same delay. None knows about weight changes, history or the arms'
shares.

* CodeDeploy: an alarm on the canary version's `Sum(Errors) > 0` for 2 of 2 minutes, as AWS SAM's documentation shows it.
* Difference alarm: canary rate minus base rate above one percentage point, 2 of 3 minutes, in metric math.
* aws-lambda-deploy: at a step's end, any error in the last minute; no data counts as healthy.
* Flagger: each minute, success under 99 %, p99 above 500 ms, or no data is a failed check; five failed checks roll back.
* Argo Rollouts, the example in its documentation: at least 95 % success every five minutes; more than three failures abort.
* Kayenta: Mann-Whitney over the minutes' points at each step's end (`bench.rank_test`), for errors and each latency limit.
* Exact test: Fisher's test at each step's end on that step's counts, one-sided, at alpha.
* z test: on the pooled counts since the first shift, one-sided, at alpha, repeated each minute.
"""

from __future__ import annotations

from math import exp, lgamma, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from bench.cells import PERCENTILES, latency_ms
from bench.rank_test import is_higher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.rollout import Look, Tape
    from bench.world import Four, Minute


ALPHA = 0.01
ONE_POINT = 0.01
CODEDEPLOY_SECONDS = 300.0
FLAGGER_SUCCESS, FLAGGER_MS, FLAGGER_CHECKS = 0.99, 500.0, 5
ARGO_SUCCESS, ARGO_MINUTES, ARGO_FAILURES = 0.95, 5, 3
Z_BAR = NormalDist().inv_cdf(1.0 - ALPHA)


def _first(tape: Tape, fires: Callable[[Look], bool]) -> float | None:
    return next((look.now for look in tape.looks if fires(look)), None)


def code_deploy(tape: Tape) -> float | None:
    """Errors in both of the newest two minutes."""
    bad = [minute.errors[1] > 0 for minute in tape.minutes]
    return _first(tape, lambda look: look.seen > 1 and bad[look.seen - 1] and bad[look.seen - 2])


def difference_alarm(tape: Tape) -> float | None:
    """More than one percentage point above base in two of the newest three minutes."""
    above = [_rate(m.errors[1], m.errors[0]) - _rate(m.errors[3], m.errors[2]) > ONE_POINT for m in tape.minutes]
    return _first(tape, lambda look: sum(above[max(look.seen - 3, 0) : look.seen]) > 1)


def lambda_deploy(tape: Tape) -> float | None:
    """An error in the last minute of a step."""
    return _first(tape, lambda look: look.ends_step and look.seen > 0 and tape.minutes[look.seen - 1].errors[1] > 0)


def flagger(tape: Tape) -> float | None:
    """Five failed checks."""
    failed = 0
    for look in tape.looks:
        failed += look.seen < 1 or not _passes_flagger(tape, tape.minutes[look.seen - 1])
        if failed >= FLAGGER_CHECKS:
            return look.now
    return None


def argo(tape: Tape) -> float | None:
    """More than three failed measurements, five minutes apart; a query without an answer does not count as a failure."""
    failed = 0
    for number, look in enumerate(tape.looks, start=1):
        if number % ARGO_MINUTES == 0:
            counts = _pool(tape.minutes[max(look.seen - ARGO_MINUTES, 0) : look.seen])
            failed += counts[0] > 0 and 1.0 - counts[1] / counts[0] < ARGO_SUCCESS
            if failed > ARGO_FAILURES:
                return look.now
    return None


def kayenta(tape: Tape) -> float | None:
    """Any metric that is higher at the end of a step, over all minutes since the first shift."""
    return _first(tape, lambda look: look.ends_step and any(_is_higher(column) for column in _columns(tape, 0, look.seen)))


def exact_test(tape: Tape) -> float | None:
    """Fisher's exact test at the end of a step."""
    return _first(tape, lambda look: look.ends_step and _exact(tape, look))


def z_test(tape: Tape) -> float | None:
    """The pooled z score at every minute."""
    pooled = [[0, 0, 0, 0] for _ in range(_width(tape))]
    done = 0
    for look in tape.looks:
        for minute in tape.minutes[done : look.seen]:
            for total, counts in zip(pooled, _metrics(minute), strict=True):
                total[:] = [held + more for held, more in zip(total, counts, strict=True)]
        done = max(done, look.seen)
        if any(z_score(*total) > Z_BAR for total in pooled):
            return look.now
    return None


PEERS = {
    "CodeDeploy": code_deploy,
    "difference alarm": difference_alarm,
    "aws-lambda-deploy": lambda_deploy,
    "Flagger": flagger,
    "Argo Rollouts": argo,
    "Kayenta": kayenta,
    "exact test, each step": exact_test,
    "z test, each minute": z_test,
}


def z_score(nc: int, ec: int, nb: int, eb: int) -> float:
    """The score of two proportions; 0 where it is not defined."""
    common = (ec + eb) / (nc + nb) if nc and nb else 0.0
    if not 0.0 < common < 1.0:
        return 0.0
    return (ec / nc - eb / nb) / sqrt(common * (1.0 - common) * (1.0 / nc + 1.0 / nb))


def exact_p(nc: int, ec: int, nb: int, eb: int) -> float:
    """Fisher's one-sided p: the probability of this many or more bad requests in the canary, given the total of both arms."""
    bad, most = ec + eb, min(nc, ec + eb)
    if not nc or not nb or ec <= bad * nc / (nc + nb):
        return 1.0
    term = exp(_choose(nc, ec) + _choose(nb, eb) - _choose(nc + nb, bad))
    total = 0.0
    for x in range(ec, most + 1):
        total += term
        if term < total * 1e-9:
            break
        term *= (nc - x) * (bad - x) / ((x + 1) * (nb - bad + x + 1))
    return total


def _exact(tape: Tape, look: Look) -> bool:
    begins = int(tape.shifts[look.step] // 60) + 1 - tape.first
    minutes = tape.minutes[begins : look.seen]
    return any(exact_p(*_sum(column)) < ALPHA for column in zip(*map(_metrics, minutes), strict=True))


def _columns(tape: Tape, begins: int, ends: int) -> Iterator[Sequence[Four]]:
    return zip(*map(_metrics, tape.minutes[begins:ends]), strict=True)


def _is_higher(column: Sequence[Four]) -> bool:
    canary = [ec / nc for nc, ec, _, _ in column if nc]
    base = [eb / nb for _, _, nb, eb in column if nb]
    return is_higher(canary, base)


def _metrics(minute: Minute) -> tuple[Four, ...]:
    return (minute.errors, *minute.slow)


def _width(tape: Tape) -> int:
    return 1 + len(tape.minutes[0].slow)


def _passes_flagger(tape: Tape, minute: Minute) -> bool:
    nc, ec, _, _ = minute.errors
    return nc > 0 and 1.0 - ec / nc >= FLAGGER_SUCCESS and _p99(tape, minute) <= FLAGGER_MS


def _p99(tape: Tape, minute: Minute) -> float:
    """The canary's true p99 in ms, because latency is not drawn per request."""
    if minute.classes is None or minute.truth.shares is None:
        return 0.0
    release = tape.world.cell.release
    return latency_ms(1.0 - PERCENTILES[-1]) * (release.slower or 1.0) * release.tail


def _pool(minutes: Sequence[Minute]) -> Four:
    return _sum([minute.errors for minute in minutes]) if minutes else (0, 0, 0, 0)


def _sum(counts: Sequence[Four]) -> Four:
    nc, ec, nb, eb = (sum(column) for column in zip(*counts, strict=True))
    return nc, ec, nb, eb


def _rate(bad: int, requests: int) -> float:
    return bad / requests if requests else 0.0


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
