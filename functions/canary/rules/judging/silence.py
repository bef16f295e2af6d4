"""Whether a metric has said anything: no promotion rests on a metric that nobody hears.

A metric's data of a minute are its sample count in each arm, whatever their values. A metric is silent when an arm had no datum
although a working one would hardly have been without any. With less expected it is *not shown* in the step: nothing is held,
and the verdict names it. There are two ways to tell:

* By the other arm. Given the data of both arms, each is the canary's with the probability of its weight w. So n data are all
  base's with the chance (1 - w)^n.
* By history. A request comes with so many data at least (`canary.rules.judging.habit`).

An arm's silence is counted from its last datum on, through all steps, so a metric that falls silent later is noticed too. Each
silence has a level of its own, and the levels of all silences, arms and metrics sum to 1 in 1,000. By the other arm that is a
theorem: one over the chance is an e-value, so it may be looked at after every minute (Ville). By history it is measured.

To ask only whether 8 were expected is not enough, at e^-8 for each arm and step. A rollout has up to ten of those for each
metric. And at a weight of 90 % a single datum of base "expects" nine of the canary, which has none in one case of ten.

Data that come in clusters within one arm count as fewer, by how much they clustered in history. Where data are counted and what
follows from silence is not known here.
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
"""Of being silent: either arm beside the other, either arm by history, and both arms by history."""

FEWEST_MINUTES = 3
"""No arm is silent sooner while the bake lasts: a batch that is late by a minute is no silence."""


MOST_A_MINUTE = 6.0
"""Of surprise, in units of what is clustered: the other arm's data of a single minute never make an arm silent."""


class Hearing(enum.StrEnum):
    """What is heard of a metric in a step.

    ``SPEAKS``: both arms have data. ``SILENT``: an arm has none although it should; the step is held by the metric's name.
    ``NOT_SHOWN``: too little was expected to tell; nothing is held, and the verdict names the metric.
    """

    SPEAKS = "speaks"
    SILENT = "silent"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class Run:
    """The silence since the last datum.

    ``spoken``: minutes with a datum before it, so that it is the next run. ``minutes`` were judged since. ``others``: the other
    arm's data since, and ``expected`` the same times the odds of the weight. ``surprise``: minus ln of the chance of them.
    ``usual``: data that history expects meanwhile.
    """

    spoken: int = 0
    minutes: int = 0
    others: int = 0
    expected: float = 0.0
    surprise: float = 0.0
    usual: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of one metric: the silence of either arm and of both, and the step's data and requests."""

    canary: Run = Run()
    base: Run = Run()
    both: Run = Run()
    canary_data: int = 0
    base_data: int = 0
    requests: int = 0


NOTHING_HEARD = Heard()


@dataclass(frozen=True, slots=True)
class Arms:
    """A number of each arm."""

    canary: int
    base: int


def begin_step(heard: Heard) -> Heard:
    """The next step begins: its data are counted anew, the silences go on."""
    return replace(heard, canary_data=0, base_data=0, requests=0)


def listen(heard: Heard, data: Arms, *, share: float, requests: Arms, habit: Habit, weighed: Arms | None = None) -> Heard:
    """One judged minute more.

    `data`: the metric's samples in each arm. `requests`: those that reached an integration. `share`: the canary's weight, a
    fraction above 0 and below 1. `weighed`: the data from which the other arm's are expected, where those are not all of
    them. Of a log's lines they are the requests, because nobody knows for which arm a request counts that was refused before
    its integration (docs/aws.md#is-canary-of-refused-request).

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
    """What is heard of the metric in this step.

    `metrics`: how many of the target's metrics are told apart; all that count the lines of one log are one. `is_step_over`:
    whether the step would end now but for this. A step that is extended for want of requests is not over.
    """
    if next(_silences(heard, habit, metrics=metrics, is_step_over=is_step_over), None):
        return Hearing.SILENT
    return Hearing.SPEAKS if heard.canary_data and heard.base_data else Hearing.NOT_SHOWN


def hearing_sentence(name: str, heard: Heard, habit: Habit, *, metrics: int, is_step_over: bool) -> str:
    """The numbers behind it: "CheckoutFailed has no data: canary 0 where about 12 were expected (base 110)"."""
    silence = next(_silences(heard, habit, metrics=metrics, is_step_over=is_step_over), None)
    if silence:
        return f"{name} has no data: {silence}"
    shown = "has data" if heard.canary_data and heard.base_data else "is not shown in this step"
    return f"{name} {shown}: canary {heard.canary_data}, base {heard.base_data}"


def _after(run: Run, spoken: int, others: int, *, odds: float, surprise: float, usual: float) -> Run:
    """The silence after one more minute, which ends it with a datum."""
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
    """Why the metric is silent, if it is. History speaks against one arm only while the other shows that the metric lives."""
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
    """Whether the surprise is above what this run of silence may be judged at: 1/(k (k + 1)) of the metric's level, run k."""
    log_bar = log(WAYS * metrics / FALSE_HOLDS * (run.spoken + 1) * (run.spoken + 2))
    return surprise / habit.clustered >= log_bar


def _advice(arm: str, run: Run, habit: Habit) -> str:
    is_new = arm == "base" and not habit.is_heard and not run.spoken
    return "; base had none in the last day either: name the metric in the target once base writes it" if is_new else ""
