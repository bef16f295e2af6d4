"""`canary pause`, `resume`, `promote`, `rollback` and `revert`: verbs that the controller's functions answer.

The functions accept or refuse them. What a verb will change is worded by the controller's own rules, from the
records; alarms and the judge are asked by the function alone.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

from canary.rules.rollouts.report import OPERATOR
from canary.rules.rollouts.steering import DirectVerb, SignalVerb
from canary.rules.rollouts.verbs import VerbAnswer, reply_to
from canary_cli.announcing import announce, attempt, is_confirmed, not_confirmed, try_reading
from canary_cli.exits import ExitCode
from canary_cli.following import Follower
from canary_cli.operating import (
    AUTHORIZER,
    call_command,
    call_function,
    exit_code_of_answer,
    lines_of_answer,
    verb_payload,
)
from canary_cli.reading import Reading
from canary_cli.returns.foreseeing import Asked, Situation, foresee, is_to_be_asked, lines_of_revert
from canary_cli.steering import Reason, Target, Watch, await_check
from canary_cli.verbs import Call
from canary_cli.watch import OnCancelOption, TimeoutOption, limits_of
from canary_cli.watching import Limits, OnCancel, resume_command, watch_all

TolerateAlarm = Annotated[
    list[str] | None,
    typer.Option("--tolerate-alarm", help="An alarm that may fire; may be repeated. The record shows it.", metavar="NAME"),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
To = Annotated[
    str | None,
    typer.Option("--to", help="An earlier promoted rollout, to bring its release back. Default: what base served before."),
]


def pause(call: Call, target: Target, *, reason: Reason = "") -> ExitCode:
    """Stop the bake's clock, without asking. The canary keeps its weight, and every veto stays."""
    payload = verb_payload(SignalVerb.PAUSE, target, reason)
    return _send(call, SignalVerb.PAUSE, OPERATOR, payload, _announce(call, SignalVerb.PAUSE, OPERATOR, payload))


def resume(call: Call, target: Target, *, reason: Reason = "") -> ExitCode:
    """Let a paused rollout's bake go on, without asking."""
    payload = verb_payload(SignalVerb.RESUME, target, reason)
    return _send(call, SignalVerb.RESUME, OPERATOR, payload, _announce(call, SignalVerb.RESUME, OPERATOR, payload))


def promote(
    call: Call, target: Target, *, reason: Reason = "", tolerate_alarm: TolerateAlarm = None, yes: Yes = False
) -> ExitCode:
    """Skip the remaining steps, but nothing that makes a promotion safe. Asks first in a terminal."""
    is_asking = not yes
    if is_asking and not sys.stdin.isatty():
        raise not_confirmed(SignalVerb.PROMOTE, "promote asks before it acts, and there is no terminal to ask in")
    payload = verb_payload(SignalVerb.PROMOTE, target, reason, tolerate_alarm or ())
    plan = _announce(call, SignalVerb.PROMOTE, AUTHORIZER, payload)
    if is_asking and not is_confirmed(SignalVerb.PROMOTE, plan):
        raise not_confirmed(SignalVerb.PROMOTE, f"{target} was not promoted: the question was not answered with yes")
    return _send(call, SignalVerb.PROMOTE, AUTHORIZER, payload, plan)


def _announce(call: Call, verb: SignalVerb, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What the verb says first; the plan for JSON."""
    target = payload["target"]
    reading, unread = try_reading(call, target)
    change: str | None = None
    if reading:
        change, unread = attempt(lambda: _change(call, verb, reading, payload.get("tolerate_alarms", ())))
    aws = call_command(call.connection.region, function, payload)
    return announce(call, target, reading, [change or f"not known: {unread}"], aws)


def _change(call: Call, verb: SignalVerb, reading: Reading, tolerated: Sequence[str]) -> str:
    """What the verb changes, by the rules that the controller answers with."""
    rollout_id = reading.lock.rollout_id
    owned = call.connection.records.find(rollout_id, lock=reading.lock, signal=True) if rollout_id else None
    if owned is None:
        return "nothing: no rollout is in progress"
    reply = reply_to(verb, owned.rollout, owned.signal, owned.read_at, tuple(tolerated))
    return f"{f'rollout {rollout_id}' if reply.answer is VerbAnswer.ACCEPTED else 'nothing'}: {reply.reason}"


def _send(call: Call, verb: SignalVerb, function: str, payload: Mapping[str, Any], plan: Mapping[str, Any]) -> ExitCode:
    answer = call_function(call.connection, function, payload)
    call.output.say([_line(verb, answer)], {"verb": verb.value, **plan, **answer})
    return _exit_code(verb, answer)


def _line(verb: SignalVerb, answer: Mapping[str, Any]) -> str:
    target, rollout, reason = answer.get("target"), answer.get("rollout"), answer.get("reason")
    match answer.get("answer"):
        case VerbAnswer.ACCEPTED:
            within = f"; a look applies it within {answer['within_seconds']} s" if "within_seconds" in answer else ""
            return f"{target}: {verb} is accepted for rollout {rollout}: {reason}{within}"
        case VerbAnswer.UNCHANGED:
            return f"{target}: {verb} changes nothing for rollout {rollout}: {reason}"
        case VerbAnswer.REFUSED:
            return f"{target}: {verb} is refused: {reason}"
        case _:
            return f"{target}: no rollout is in progress, so there is nothing to {verb}"


def _exit_code(verb: SignalVerb, answer: Mapping[str, Any]) -> ExitCode:
    """As for a rollout that is over: its pause and its promotion are refused, its resumption changes nothing."""
    if answer.get("answer") in {VerbAnswer.ACCEPTED, VerbAnswer.UNCHANGED} or (
        verb is SignalVerb.RESUME and answer.get("answer") != VerbAnswer.REFUSED
    ):
        return ExitCode.DONE
    return ExitCode.REFUSED


def rollback(
    call: Call,
    target: Target,
    *,
    reason: Reason = "",
    yes: Yes = False,
    watch: Watch = False,
    timeout: TimeoutOption = None,
    on_cancel: OnCancelOption = OnCancel.LEAVE,
) -> ExitCode:
    """Take the newest release back: abort it while it is rolled out, without asking; revert it once it is promoted."""
    asked, limits = Asked(DirectVerb.ROLLBACK, target, reason), limits_of(timeout, on_cancel, is_whole=True)
    return _take_back(call, asked, limits, is_asking=not yes, is_watching=watch)


def revert(
    call: Call,
    target: Target,
    *,
    to: To = None,
    reason: Reason = "",
    yes: Yes = False,
    watch: Watch = False,
    timeout: TimeoutOption = None,
    on_cancel: OnCancelOption = OnCancel.LEAVE,
) -> ExitCode:
    """Bring back what base served before the last promotion, in minutes and without steps. Asks first in a terminal."""
    asked, limits = Asked(DirectVerb.REVERT, target, reason, to), limits_of(timeout, on_cancel, is_whole=True)
    return _take_back(call, asked, limits, is_asking=not yes, is_watching=watch)


def _take_back(call: Call, asked: Asked, limits: Limits, *, is_asking: bool, is_watching: bool) -> ExitCode:
    """Announce the verb, ask where it begins a revert of a release at rest, call the function, and say what it answered."""
    reading, unread = try_reading(call, asked.target)
    situation = _situation(reading) if reading else None
    changes, returned = None, None
    if situation:
        found, unread = attempt(lambda: foresee(call.connection.records, asked, situation))
        changes, returned = found or (None, None)
    asks = is_asking and is_to_be_asked(asked.verb, situation, returned)
    if asks and not sys.stdin.isatty():
        raise not_confirmed(asked.verb, f"{asked.verb} asks before it takes a release back, and there is no terminal to ask in")
    aws = call_command(call.connection.region, OPERATOR, asked.payload)
    plan = announce(call, asked.target, reading, changes or [f"not known: {unread}"], aws)
    if asks and not is_confirmed(asked.verb, plan):
        raise not_confirmed(asked.verb, f"{asked.target} was left as it is: the question was not answered with yes")
    answer = call_function(call.connection, OPERATOR, asked.payload)
    call.output.say([*_lines(call, asked, answer)], {"verb": asked.verb.value, **plan, **answer})
    return _follow(call, asked, answer, limits if is_watching else None)


def _situation(reading: Reading) -> Situation:
    return Situation(reading.target, reading.lock, reading.rollout if reading.is_in_progress else None, reading.live)


def _lines(call: Call, asked: Asked, answer: Mapping[str, Any]) -> Iterable[str]:
    match answer.get("answer"):
        case VerbAnswer.ACCEPTED | VerbAnswer.UNCHANGED if "execution" in answer:
            watch = resume_command(call, Follower(asked.target, answer["revert"]))
            yield from lines_of_revert(asked, answer, watch)
        case VerbAnswer.REFUSED if "reason" in answer:
            yield f"{asked.target}: {asked.verb} is refused: {answer['reason']}"
        case str(word) if word.startswith("NOTHING_TO_"):
            yield f"{asked.target}: there is nothing to {asked.words}: {answer['reason']}"
        case _:
            yield from lines_of_answer(answer)


def _follow(call: Call, asked: Asked, answer: Mapping[str, Any], limits: Limits | None) -> ExitCode:
    """Watch what was begun, or wait a little for its refusal; the exit code."""
    follower = None
    if "execution" in answer and answer.get("answer") != VerbAnswer.REFUSED:
        follower = Follower(asked.target, answer["revert"], answer["execution"])
    elif answer.get("answer") in {"WAIT", "SAFE"}:
        follower = Follower(asked.target, answer["rollout"])
    if follower and limits:
        return watch_all(call, [follower], limits)
    if follower and answer.get("answer") == VerbAnswer.ACCEPTED:
        return await_check(call, follower)
    if asked.verb is DirectVerb.REVERT and str(answer.get("answer")).startswith("NOTHING_TO_"):
        return ExitCode.REFUSED
    return exit_code_of_answer(answer)
