"""The five exercises. Each begins a rollout of its own, makes one thing happen, and measures what follows.

An exercise leaves nothing that needs it: whatever it began, the controller ends by itself. So a drill can be killed anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.aws.calls import refusals
from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.rollouts.phases import Phase
from canary_cli.drilling.bad_metric import find_writable, source_of, write_minute
from canary_cli.drilling.ground import Attempt, FailedExerciseError, is_as_before
from canary_cli.drilling.releases import GOING_ON, PROMOTING, REFUSE_AFTER_SECONDS, REFUSE_SECONDS, VARIABLE, WAITING, input_of
from canary_cli.drilling.scores import Result, Score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from canary_cli.drilling.ground import Ground, Seen

    Run = Callable[[Ground, str], Score]


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise: its name, what it expects, and what runs it."""

    name: str
    expected: str
    run: Run


def promote(ground: Ground, name: str) -> Score:
    """A release is promoted, and reverted: base is as before."""
    attempt = begin(ground, name, PROMOTING)
    begun = ground.now()
    promoted = attempt.wait("a promotion", lambda seen: seen.is_in(Phase.PROMOTED) or _had_no_requests(seen))
    if _had_no_requests(promoted):
        return Score(name, "", Result.NOT_SHOWN, f"{NO_REQUESTS}; send the stage four or more each minute meanwhile")
    served = promoted.live.stage.variables.get(VARIABLE) if promoted.live.stage else None
    if served != attempt.rollout_id or promoted.has_canary:
        raise FailedExerciseError(f"the rollout ended promoted, and base has {VARIABLE} {served or 'not at all'}")
    answer = ground.revert(f"drill: {name}")
    if "execution" not in answer:
        raise FailedExerciseError(f"the revert was not begun: {answer.get('reason', answer.get('answer'))}")
    asked = ground.now()
    back = Attempt(ground, str(answer["revert"]), str(answer["execution"]))
    reverted = back.wait("a revert", lambda seen: seen.is_in(Phase.PROMOTED))
    if not is_as_before(ground, reverted.live):
        raise FailedExerciseError("the revert has ended, and base is not as it was before the drill")
    seconds = {"promoted_after": promoted.at - begun, "reverted_after": reverted.at - asked}
    happened = f"promoted after {seconds['promoted_after']:.0f} s; reverted {seconds['reverted_after']:.0f} s after the verb"
    return _passed(name, f"{happened}, and base is as it was before", seconds, attempt, back)


def abort(ground: Ground, name: str) -> Score:
    """A canary with weight is aborted: base gets all traffic."""
    attempt = begin(ground, name, WAITING)
    attempt.wait("a canary with weight", lambda seen: seen.has_weight)
    asked = ground.now()
    answer = ground.abort(f"drill: {name}")
    if answer.get("answer") not in {"WAIT", "SAFE"}:
        raise FailedExerciseError(f"the abort was answered {answer.get('answer')}: {answer.get('reason', 'no reason')}")
    return _safe_again(attempt, name, asked, "after the abort")


def kill(ground: Ground, name: str) -> Score:
    """The execution is stopped from outside: guard and sweeper make the target safe."""
    attempt = begin(ground, name, WAITING)
    attempt.wait("a canary with weight", lambda seen: seen.has_weight)
    asked = ground.now()
    with refusals(f"aws stepfunctions stop-execution --execution-arn {attempt.execution}"):
        ground.client("stepfunctions").stop_execution(
            executionArn=attempt.execution, error="Drill", cause="stopped by a drill, to see the guard act"
        )
    return _safe_again(attempt, name, asked, "after the execution was stopped")


def need_operator(ground: Ground, name: str) -> Score:
    """AWS refuses what makes the target safe: the execution ends NeedsOperator, and the sweeper makes it safe afterwards."""
    if ground.target.role_arn is None:
        return Score(
            name, "", Result.NOT_SHOWN, "the target has no role_arn, and only the session of a role can be refused calls"
        )
    limits = {"refuse_after_seconds": REFUSE_AFTER_SECONDS, "refuse_seconds": REFUSE_SECONDS}
    attempt = begin(ground, name, GOING_ON, limits)
    begun = ground.now()
    shifted = attempt.wait("a canary with weight", lambda seen: seen.has_weight)
    needed = attempt.wait("the need of an operator", lambda seen: seen.rollout is not None and seen.rollout.needs_operator)
    if not needed.has_weight:
        raise FailedExerciseError("an operator is needed, and the canary has no weight: the refusals came too early")
    ended = attempt.describe()
    refused = shifted.rollout.target.refused if shifted.rollout else None
    if refused is None or ended.get("error") != "NeedsOperator":
        raise FailedExerciseError(f"the execution is {ended['status']} with {ended.get('error', 'no error')}")
    safe = attempt.wait("a safe target", lambda seen: not seen.has_canary)
    rested = attempt.wait("the rollout's end", lambda seen: seen.is_in(Phase.ROLLED_BACK))
    seconds = {
        "needed_operator_after": needed.at - begun,
        "safe_after_refusals": max(0.0, safe.at - refused.until),
        "at_rest_after_refusals": rested.at - refused.until,
    }
    if safe.at < refused.until:
        raise FailedExerciseError("the target was made safe while the calls for that were refused")
    happened = (
        f"NeedsOperator after {seconds['needed_operator_after']:.0f} s; "
        f"safe {seconds['safe_after_refusals']:.0f} s after the refusals ended, and at rest after "
        f"{seconds['at_rest_after_refusals']:.0f} s"
    )
    return _passed(name, happened, seconds, attempt)


def go_bad(ground: Ground, name: str) -> Score:
    """A metric speaks against the canary: the judge, or an alarm, rolls it back."""
    bad = find_writable(ground.target)
    if bad is None:
        why = "the target is judged on AWS's own metrics alone, which only AWS writes; add an access log or a business metric"
        return Score(name, "", Result.NOT_SHOWN, why)
    attempt = begin(ground, name, WAITING)
    begun = attempt.wait("a canary with weight", lambda seen: seen.has_weight)
    written: set[float] = set()

    def is_condemned(seen: Seen) -> bool:
        minute = seen.at // MINUTE_SECONDS * MINUTE_SECONDS
        if seen.rollout and minute not in written and not seen.is_in(Phase.ROLLING_BACK, Phase.ROLLED_BACK):
            write_minute(ground.client("cloudwatch"), bad, source_of(bad, seen.rollout), minute)
            written.add(minute)
        return seen.is_in(Phase.ROLLING_BACK, Phase.ROLLED_BACK)

    condemned = attempt.wait("a rollback", is_condemned)
    reason = condemned.rollout.reason if condemned.rollout else ""
    if bad.metric not in reason and "alarm" not in reason:
        raise FailedExerciseError(f"the rollout was rolled back for another reason: {reason}")
    safe = attempt.wait("a safe target", lambda seen: not seen.has_canary)
    attempt.wait("the rollout's end", lambda seen: seen.is_in(Phase.ROLLED_BACK))
    seconds = {"condemned_after": condemned.at - begun.at, "safe_after": safe.at - begun.at}
    happened = f"rolled back {seconds['condemned_after']:.0f} s after the first bad minute of {bad.metric}: {_short(reason)}"
    return _passed(name, happened, seconds, attempt)


def _had_no_requests(seen: Seen) -> bool:
    """Whether the rollout was rolled back because its canary had no request."""
    if seen.rollout is None or not seen.is_in(Phase.ROLLED_BACK):
        return False
    return seen.rollout.tally.canary_requests == 0


NO_REQUESTS = "the canary had no requests, and no release is promoted without any"
EXERCISES = (
    Exercise("promotion", "the release is promoted, and a revert brings back what base served before", promote),
    Exercise("abort", "base gets all traffic at once, and the target comes to rest", abort),
    Exercise("killed execution", "guard or sweeper remove the canary of an execution that was stopped", kill),
    Exercise("needs operator", "while AWS refuses, an operator is called; afterwards the sweeper makes it safe", need_operator),
    Exercise("bad metric", "the canary is rolled back because a metric speaks against it", go_bad),
)
"""In this order: after the last one, alarms on the metric may fire for some minutes."""


def begin(ground: Ground, name: str, policy: Mapping[str, Any], drill: Mapping[str, Any] | None = None) -> Attempt:
    """Begin the rollout of an exercise."""
    rollout_id = f"{ground.run}-{name}"
    return Attempt(ground, rollout_id, ground.start(rollout_id, input_of(ground, name, rollout_id, policy, drill)))


def _safe_again(attempt: Attempt, name: str, asked: float, since: str) -> Score:
    safe = attempt.wait("a target without a canary", lambda seen: not seen.has_canary)
    rested = attempt.wait("the rollout's end", lambda seen: seen.is_in(Phase.ROLLED_BACK))
    if not is_as_before(attempt.ground, rested.live):
        raise FailedExerciseError("the rollout was rolled back, and base is not as it was before the drill")
    seconds = {"safe_after": safe.at - asked, "at_rest_after": rested.at - asked}
    happened = f"base has all traffic {seconds['safe_after']:.0f} s {since}; at rest after {seconds['at_rest_after']:.0f} s"
    return _passed(name, happened, seconds, attempt)


def _passed(name: str, happened: str, seconds: Mapping[str, float], *attempts: Attempt) -> Score:
    return Score(name, "", Result.PASSED, happened, seconds, tuple(attempt.rollout_id for attempt in attempts))


def _short(reason: str) -> str:
    return reason.partition(";")[0]
