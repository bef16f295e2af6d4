"""What each verb does in each phase of a rollout: one table of data, which the tests run.

`docs/verbs-by-phase.md` is generated from it with `python -m tests.rules.verbs_by_phase`. `tests/tasks/test_verbs_by_phase.py`
calls the verbs on the embedded AWS.
"""

from dataclasses import dataclass
from pathlib import Path

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.steering import OperatorVerb, Verb

PAGE = Path(__file__).parents[2] / "docs" / "verbs-by-phase.md"
OVER = "no rollout, or one that is over"
PHASES = (*(phase.value for phase in Phase if not phase.is_terminal), OVER)


@dataclass(frozen=True)
class Row:
    """The answer to a verb in a phase, and what follows from it."""

    verb: Verb
    phase: str
    answer: str
    then: str


NOTHING = "nothing changes"
WATCHED = "the watch ends, and the release is taken back by a revert"
SAFE = "base has all traffic after the first pass, and the sweeper makes the others"
BACK = f"the execution is stopped; {SAFE}"
ROWS = (
    Row(Verb.ABORT, "preparing", "WAIT", BACK),
    Row(Verb.ABORT, "shifting", "WAIT", BACK),
    Row(Verb.ABORT, "parked", "WAIT", SAFE),
    Row(Verb.ABORT, "taking_all", "WAIT", BACK),
    Row(Verb.ABORT, "moving_base", "REFUSED", f"{NOTHING}: the promotion is finished; rollback takes its release back"),
    Row(Verb.ABORT, "watching", "ACCEPTED", WATCHED),
    Row(Verb.ABORT, "rolling_back", "WAIT", "the next pass is made by the verb as soon as it may be; the rollback goes on"),
    Row(Verb.ABORT, OVER, "NOTHING_TO_ABORT", f"{NOTHING}; STOPPED if a start still checks, whose execution is then stopped"),
    Row(Verb.PAUSE, "preparing", "ACCEPTED", "the first step gets its weight, and its first look stops the bake's clock"),
    Row(
        Verb.PAUSE,
        "shifting",
        "ACCEPTED",
        "the next look stops the bake's clock; if a look has just ended the step, its next weight or promotion still follows",
    ),
    Row(Verb.PAUSE, "parked", "REFUSED", f"{NOTHING}: no step follows without an advance"),
    Row(Verb.PAUSE, "taking_all", "REFUSED", f"{NOTHING}: abort rolls back"),
    Row(Verb.PAUSE, "moving_base", "REFUSED", f"{NOTHING}: the promotion is past its commit point"),
    Row(Verb.PAUSE, "watching", "REFUSED", f"{NOTHING}: the release is promoted"),
    Row(Verb.PAUSE, "rolling_back", "REFUSED", NOTHING),
    Row(Verb.PAUSE, OVER, "NOTHING_TO_PAUSE", NOTHING),
    Row(Verb.RESUME, "preparing", "UNCHANGED", f"{NOTHING}; after a pause ACCEPTED, and the pause never begins"),
    Row(Verb.RESUME, "shifting", "UNCHANGED", f"{NOTHING}; after a pause ACCEPTED, and the next look lets the bake go on"),
    Row(Verb.RESUME, "parked", "UNCHANGED", f"{NOTHING}; after a pause that no look heard ACCEPTED, and it never begins"),
    Row(Verb.RESUME, "taking_all", "UNCHANGED", NOTHING),
    Row(Verb.RESUME, "moving_base", "UNCHANGED", NOTHING),
    Row(Verb.RESUME, "watching", "UNCHANGED", NOTHING),
    Row(Verb.RESUME, "rolling_back", "UNCHANGED", NOTHING),
    Row(Verb.RESUME, OVER, "NOTHING_TO_RESUME", NOTHING),
    Row(Verb.PROMOTE, "preparing", "REFUSED", f"{NOTHING}: the canary has no traffic yet"),
    Row(
        Verb.PROMOTE,
        "shifting",
        "ACCEPTED",
        "the next look promotes, once a minute at the present weight was judged; REFUSED while something vetoes it",
    ),
    Row(Verb.PROMOTE, "parked", "ACCEPTED", "the look of the next advance promotes; REFUSED while something vetoes it"),
    Row(Verb.PROMOTE, "taking_all", "UNCHANGED", "the promotion goes on"),
    Row(Verb.PROMOTE, "moving_base", "UNCHANGED", "the promotion goes on"),
    Row(Verb.PROMOTE, "watching", "UNCHANGED", f"{NOTHING}: the release is promoted"),
    Row(Verb.PROMOTE, "rolling_back", "REFUSED", NOTHING),
    Row(Verb.PROMOTE, OVER, "NOTHING_TO_PROMOTE", NOTHING),
    Row(Verb.ROLLBACK, "preparing", "WAIT", f"as abort: {BACK}"),
    Row(Verb.ROLLBACK, "shifting", "WAIT", f"as abort: {BACK}"),
    Row(Verb.ROLLBACK, "parked", "WAIT", f"as abort: {SAFE}"),
    Row(Verb.ROLLBACK, "taking_all", "WAIT", f"as abort: {BACK}"),
    Row(Verb.ROLLBACK, "moving_base", "ACCEPTED", "the promotion is finished, and an execution that waits for it reverts it"),
    Row(Verb.ROLLBACK, "watching", "ACCEPTED", WATCHED),
    Row(
        Verb.ROLLBACK,
        "rolling_back",
        "WAIT",
        "as abort: the next pass is made as soon as it may be; the rollback goes on; "
        "if a revert is being rolled back ACCEPTED, and an execution that waits for its end reverts anew",
    ),
    Row(
        Verb.ROLLBACK,
        OVER,
        "NOTHING_TO_ROLL_BACK",
        f"{NOTHING}; if a release was promoted last ACCEPTED, and an execution reverts it",
    ),
    Row(Verb.REVERT, "preparing", "REFUSED", f"{NOTHING}: nothing is promoted yet; rollback aborts"),
    Row(Verb.REVERT, "shifting", "REFUSED", f"{NOTHING}: nothing is promoted yet; rollback aborts"),
    Row(Verb.REVERT, "parked", "REFUSED", f"{NOTHING}: nothing is promoted yet; rollback aborts"),
    Row(Verb.REVERT, "taking_all", "REFUSED", f"{NOTHING}: nothing is promoted yet; rollback aborts"),
    Row(Verb.REVERT, "moving_base", "ACCEPTED", "the promotion is finished, and an execution that waits for it reverts it"),
    Row(Verb.REVERT, "watching", "ACCEPTED", WATCHED),
    Row(Verb.REVERT, "rolling_back", "REFUSED", NOTHING),
    Row(
        Verb.REVERT,
        OVER,
        "NOTHING_TO_REVERT",
        f"{NOTHING}; if a release was promoted last ACCEPTED, and an execution brings back the one before, or `to`",
    ),
)

INTRODUCTION = """# Verbs by phase

What each verb of an operator does in each phase of a rollout. This page is generated with
`python -m tests.rules.verbs_by_phase` from the table that the tests run. Why verbs wait for a look is in
[0024](decisions/0024-verbs-wait-for-a-look.md), and why a revert is a rollout in
[0027](decisions/0027-a-revert-is-a-rollout.md).

Every verb is answered at once, as data:

- `ACCEPTED`: the next look applies the verb, after `within_seconds` at the latest if no call has to be retried.
- `UNCHANGED`: it is so already. A call may therefore be repeated.
- `REFUSED`: nothing changes; the reason says why and what to do.
- `abort` does not wait for a look. It answers with what its first pass reached: `WAIT` with the seconds until the next pass,
  `SAFE`, or `REFUSED`. Once base's aliases move it refuses, so it never answers success for a rollout that ends promoted.
  While a promoted release is watched, it begins a revert, as `rollback` does.
- `rollback` is the one word for back: before the commit point it is `abort`, after it `revert`. `ACCEPTED` then names the
  execution that reverts, what base serves now, and what it will serve afterwards.
- A revert is a rollout of its own and has these phases too, without shifting. `rollback` and `revert` answer `UNCHANGED` while
  it runs; `abort` rolls it back before its commit point; `pause` is refused, and `promote` changes nothing.
- A call of `abort` with `execution` (an ARN or a name) concerns that execution and its rollout alone, whoever holds the target.
- Any call may carry a `proof` of who calls. A proof that is wrong is `REFUSED`. Without one, or if STS does not answer,
  the verb works and its caller is recorded as claimed ([0029](decisions/0029-the-caller-signs-for-sts.md)).

The newest verb counts: `pause` withdraws a promotion that has not begun, and `promote` ends a pause. Three things veto a
promotion: an alarm that fires or cannot be evaluated, a metric or instrument that the looks cannot see, and the judge. Only a
firing alarm can be tolerated, by its name in `tolerate_alarms`.
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(_chapter(verb) for verb in Verb)


def _chapter(verb: Verb) -> str:
    function = "OperateRollout" if verb in {*map(str, OperatorVerb)} else "AuthorizeRollout"
    rows = [f"| {row.phase} | {row.answer} | {row.then} |\n" for row in ROWS if row.verb is verb]
    head = "| phase | answer | what follows |\n|---|---|---|\n"
    return f"\n## {verb}, a call of `{function}`\n\n{head}" + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
