"""Whether a metric has data at all: no promotion rests on a metric that is silent.

A metric's data in a minute are its samples in each arm, whatever their values. A metric is silent if an arm has no data
although a working metric would almost certainly have some. If too few were expected to tell, the metric is *not shown* in the
step: the step does not hold, and the verdict names the metric. There are two ways to know what to expect:

* From the other arm. Each sample is the canary's with the probability of its weight w, so all of n samples are base's with the
  probability (1 - w)^n.
* From history. A request comes with at least so many samples (`canary.rules.judging.habit`).

An arm's silence is counted from its last sample on, through all steps, so a metric that falls silent later is noticed too. Each
silence has its own error level, and the levels of all silences, arms and metrics sum to 1 in 1,000. For the other arm this is a
theorem: one over the probability is an e-value, so it may be read after every minute (Ville). For history it is measured.

A fixed limit, such as "8 were expected", is not enough although its error is only e^-8 for each arm and step: a rollout has up
to ten of these per metric. And at a weight of 90 %, a single sample of base "expects" nine of the canary, yet the canary has
none in one case in ten.

Samples that come in clusters within one arm count as fewer, by how much they clustered in history. This module does not know
where samples are counted or what follows from silence.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from math import log, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.judging.habit import Habit

FALSE_HOLDS = 0.001
"""The share of rollouts in which a metric that works may be called silent."""

WAYS = 5
"""How many ways there are of being silent: each arm by the other arm, each arm by history, and both arms by history."""

FEWEST_MINUTES = 3
"""During the bake, a silence must last at least this long: a batch that is late by a minute is not silence."""


MOST_A_MINUTE = 6.0
"""The most surprise from one minute, per unit of clustering: one minute of the other arm never makes an arm silent."""


class Hearing(enum.StrEnum):
    """Whether a metric has data in a step.

    ``SPEAKS``: both arms have data. ``SILENT``: an arm has none although it should; the step holds and names the metric.
    ``NOT_SHOWN``: too little was expected to tell; the step does not hold, and the verdict names the metric.
    """

    SPEAKS = "speaks"
    SILENT = "silent"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class Run:
    """The silence since the last sample.

    ``spoken``: how many minutes had a sample so far; each ended one run of silence. ``minutes``: judged minutes since then.
    ``others``: the other arm's samples since then; ``expected``: those times the odds of the weight. ``surprise``: minus ln of
    the probability of such a silence. ``usual``: the samples that history expects in the same time.
    """

    spoken: int = 0
    minutes: int = 0
    others: int = 0
    expected: float = 0.0
    surprise: float = 0.0
    usual: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of one metric's data: the silence of each arm and of both, and the step's samples and requests."""

    canary: Run = Run()
    base: Run = Run()
    both: Run = Run()
    canary_data: int = 0
    base_data: int = 0
    requests: int = 0


NOTHING_HEARD = Heard()


@dataclass(frozen=True, slots=True)
class Arms:
    """One number per arm."""

    canary: int
    base: int


def begin_step(heard: Heard) -> Heard:
    """Begin the next step: its samples are counted anew, the silences go on."""
    return replace(heard, canary_data=0, base_data=0, requests=0)


def listen(heard: Heard, data: Arms, *, share: float, requests: Arms, habit: Habit, weighed: Arms | None = None) -> Heard:
    """Add one judged minute.

    `data`: the metric's samples in each arm. `requests`: those that reached an integration. `share`: the canary's weight, a
    fraction above 0 and below 1. `weighed`: the samples from which the other arm's are predicted, if not all of them are. For a
    log's lines these are the requests, because it is unknown for which arm a request counts that was refused before its
    integration (docs/aws.md#is-canary-of-refused-request).

    Raises ValueError for a share that is not between 0 and 1.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"share must be above 0 and below 1, got {share}; give the step's weight as a fraction")
    known = weighed or data
    odds, most = share / (1.0 - share), MOST_A_MINUTE * habit.clustered
    usual = habit.per_request * requests.canary, habit.per_request * requests.base
    surprise = min(-log1p(-share) * known.base, most), min(-log(share) * known.canary, most)
    return Heard(
        canary=_after(heard.canary, data.canary, known.base, odds=odds, surprise=surprise[0], usual=usual[0]),
        base=_after(heard.base, data.base, known.canary, odds=1.0 / odds, surprise=surprise[1], usual=usual[1]),
        both=_after(heard.both, data.canary + data.base, 0, odds=0.0, surprise=0.0, usual=sum(usual)),
        canary_data=heard.canary_data + data.canary,
        base_data=heard.base_data + data.base,
        requests=heard.requests + requests.canary + requests.base,
    )


def hearing(heard: Heard, habit: Habit, *, metrics: int, is_step_over: bool) -> Hearing:
    """Whether the metric has data in this step.

    `metrics`: how many of the target's metrics are told apart; all that count the lines of one log are one. `is_step_over`:
    whether the step would end now if the metric had data. A step that is extended because of too few requests is not over.
    """
    if next(_silences(heard, habit, metrics=metrics, is_step_over=is_step_over), None):
        return Hearing.SILENT
    return Hearing.SPEAKS if heard.canary_data and heard.base_data else Hearing.NOT_SHOWN


def hearing_sentence(name: str, heard: Heard, habit: Habit, *, metrics: int, is_step_over: bool) -> str:
    """A sentence such as "CheckoutFailed has no data: canary 0 where about 12 were expected (base 110)"."""
    silence = next(_silences(heard, habit, metrics=metrics, is_step_over=is_step_over), None)
    if silence:
        return f"{name} has no data: {silence}"
    shown = "has data" if heard.canary_data and heard.base_data else "is not shown in this step"
    return f"{name} {shown}: canary {heard.canary_data}, base {heard.base_data}"


def _after(run: Run, spoken: int, others: int, *, odds: float, surprise: float, usual: float) -> Run:
    """The silence after one more minute; a sample in it ends the silence."""
    if spoken:
        return Run(spoken=run.spoken + 1)
    return Run(
        spoken=run.spoken,
        minutes=run.minutes + 1,
        others=run.others + others,
        expected=run.expected + others * odds,
        surprise=run.surprise + surprise,
        usual=run.usual + usual,
    )


def _silences(heard: Heard, habit: Habit, *, metrics: int, is_step_over: bool) -> Iterator[str]:
    """Why the metric is silent, if it is. History counts against one arm only while the other arm has data."""
    for arm, run, other in (("canary", heard.canary, "base"), ("base", heard.base, "canary")):
        is_long = is_step_over or run.minutes >= FEWEST_MINUTES
        surprise = max(run.surprise, run.usual if run.others else 0.0)
        if is_long and _is_silent(run, surprise, habit, metrics):
            about = max(run.expected, run.usual)
            since = f" in the last {run.minutes} minutes" if run.spoken else ""
            yield f"{arm} 0{since} where about {about:.0f} were expected ({other} {run.others}){_advice(arm, run, habit)}"
    if not is_step_over:
        return
    if not (habit.is_heard or heard.both.spoken) and heard.requests:
        yield (
            f"neither arm had any with {heard.requests} requests, and base none in the last day; "
            "check the metric's name, namespace and dimension arm"
        )
    elif _is_silent(heard.both, heard.both.usual, habit, metrics):
        yield f"neither arm had any where about {heard.both.usual:.0f} were expected by the last day"


def _is_silent(run: Run, surprise: float, habit: Habit, metrics: int) -> bool:
    """Whether the surprise reaches the bar of this silence: the k-th one has 1/(k (k + 1)) of the metric's error level."""
    log_bar = log(WAYS * metrics / FALSE_HOLDS * (run.spoken + 1) * (run.spoken + 2))
    return surprise / habit.clustered >= log_bar


def _advice(arm: str, run: Run, habit: Habit) -> str:
    is_new = arm == "base" and not habit.is_heard and not run.spoken
    return "; base had none in the last day either: name the metric in the target once base writes it" if is_new else ""
