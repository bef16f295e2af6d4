"""The effect of requests that are refused before their integration, for each possible answer to which arm they belong to.

Nobody has recorded what `$context.isCanaryRequest` says for them (docs/aws.md#is-canary-of-refused-request). If it is not
`true`, they all count for base. A split check on all lines, and errors judged on all lines, would then hold or roll back good
releases. If both use only requests that reached an integration, neither happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bench.instruments import HISTORY_MINUTES, World, draw
from bench.runs import SEED
from canary.rules.judging import judge
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.counts import Counts
from canary.rules.judging.families import Family
from canary.rules.judging.silence import Arms
from canary.rules.judging.split import NO_SPLIT_EVIDENCE, fold_split, is_off_split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ANSWERS = ("true", "false", "absent")
REFUSED = 0.4
ERROR_RATE = 0.01
SHARES = (0.1,) * 14 + (0.25,) * 14 + (0.5,) * 14
TRAFFICS = (60, 600)


def is_held(arms: Sequence[Arms]) -> bool:
    """Whether the split check ever holds."""
    evidence, held = NO_SPLIT_EVIDENCE, False
    for share, of in zip(SHARES, arms, strict=True):
        evidence = fold_split(evidence, canary=of.canary, base=of.base, share=share)
        held = held or is_off_split(evidence)
    return held


def is_rolled_back(requests: Sequence[Arms], errors: Sequence[Arms], past: Sequence[tuple[int, int]]) -> bool:
    """Whether errors are ever condemned."""
    evidence = begin_evidence({"errors": past}, families={"errors": Family.ERRORS}, stakes={"errors": 1.0}, alpha=0.01)
    for of, bad in zip(requests, errors, strict=True):
        evidence = judge.fold(evidence, {"errors": Counts(of.canary, bad.canary, of.base, bad.base)})
        if evidence.is_condemned:
            return True
    return False


def shares(say: str, traffic: float, runs: int) -> list[float]:
    """The shares of good rollouts that the split check holds, on all lines and on the integrated ones; rolled back likewise."""
    rng = np.random.default_rng([SEED, crc32(f"{say} {traffic}".encode())])
    world = World(refused=REFUSED, refused_say=say)
    wrong = [0, 0, 0, 0]
    for minutes in draw(world, traffic, SHARES, runs, rng):
        told = list(minutes)
        lines, integrated = [one.lines for one in told], [one.integrated for one in told]
        errors = [Arms(*rng.binomial((of.canary, of.base), ERROR_RATE).tolist()) for of in integrated]
        pasts = [_history(mean, traffic, rng) for mean in (traffic, traffic * (1.0 - REFUSED))]
        held = [is_held(lines), is_held(integrated)]
        back = [is_rolled_back(of, errors, past) for of, past in zip((lines, integrated), pasts, strict=True)]
        wrong = [number + is_wrong for number, is_wrong in zip(wrong, held + back, strict=True)]
    return [number / runs for number in wrong]


def _history(requests: float, traffic: float, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A day of base with the same errors, whichever requests are counted."""
    bad = rng.poisson(traffic * (1.0 - REFUSED) * ERROR_RATE, HISTORY_MINUTES)
    return list(zip((bad + rng.poisson(requests, HISTORY_MINUTES)).tolist(), bad.tolist(), strict=True))


def table(runs: int) -> Iterator[str]:
    """Good releases with 40 % of the requests refused in both arms, as Markdown lines."""
    yield "| isCanary says | requests/min | split held: all lines | integrated | rolled back: all lines | integrated |"
    yield f"|{'---|' * 6}"
    for say in ANSWERS:
        for traffic in TRAFFICS:
            yield f"| {say} | {traffic} | {' | '.join(f'{share:.1%}' for share in shares(say, traffic, runs))} |"
