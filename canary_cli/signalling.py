"""`canary pause`, `resume` and `promote`, which the rollout's next look hears; and `note`, which no look hears.

The functions accept or refuse them. What a verb will change is worded by the controller's own rules, from the
records; alarms and the judge are asked by the function alone.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from canary.edge.notes import parse_note_call
from canary.rules.rollouts.report import OPERATOR
from canary.rules.rollouts.steering import SignalVerb
from canary.rules.rollouts.verbs import VerbAnswer, reply_to
from canary_cli.announcing import announce, attempt, is_confirmed, not_confirmed, try_reading
from canary_cli.exits import ExitCode
from canary_cli.operating import (
    AUTHORIZER,
    call_command,
    call_function,
    lines_of_caller,
    verb_payload,
)
from canary_cli.reading import Reading
from canary_cli.requesting import wrong_input
from canary_cli.steering import OnBehalfOf, Reason, Target
from canary_cli.verbs import Call

TolerateAlarm = Annotated[
    list[str] | None,
    typer.Option("--tolerate-alarm", help="An alarm that may fire; may be repeated. The record shows it.", metavar="NAME"),
]
RolloutNoted = Annotated[str, typer.Argument(metavar="ROLLOUT", help="A rollout's id, as history shows it.")]
NoteText = Annotated[str, typer.Argument(metavar="TEXT", help="What is to be remembered, in one line.")]
IsFalseAlarm = Annotated[
    bool, typer.Option("--false-alarm", help="The rollback was not the release's fault; history counts with and without it.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def pause(call: Call, target: Target, *, reason: Reason = "", on_behalf_of: OnBehalfOf = "") -> ExitCode:
    """Stop the bake's clock, without asking. The canary keeps its weight, and every veto stays."""
    payload = verb_payload(SignalVerb.PAUSE, target, reason, on_behalf_of=on_behalf_of)
    return _send(call, SignalVerb.PAUSE, OPERATOR, payload, announce_signal(call, SignalVerb.PAUSE, OPERATOR, payload))


def resume(call: Call, target: Target, *, reason: Reason = "", on_behalf_of: OnBehalfOf = "") -> ExitCode:
    """Let a paused rollout's bake go on, without asking."""
    payload = verb_payload(SignalVerb.RESUME, target, reason, on_behalf_of=on_behalf_of)
    return _send(call, SignalVerb.RESUME, OPERATOR, payload, announce_signal(call, SignalVerb.RESUME, OPERATOR, payload))


def promote(
    call: Call,
    target: Target,
    *,
    reason: Reason = "",
    on_behalf_of: OnBehalfOf = "",
    tolerate_alarm: TolerateAlarm = None,
    yes: Yes = False,
) -> ExitCode:
    """Skip the remaining steps, but nothing that makes a promotion safe. Asks first in a terminal."""
    is_asking = not yes
    if is_asking and not sys.stdin.isatty():
        raise not_confirmed(SignalVerb.PROMOTE, "promote asks before it acts, and there is no terminal to ask in")
    payload = verb_payload(SignalVerb.PROMOTE, target, reason, tolerate_alarm or (), on_behalf_of)
    plan = announce_signal(call, SignalVerb.PROMOTE, AUTHORIZER, payload)
    if is_asking and not is_confirmed(SignalVerb.PROMOTE, plan):
        raise not_confirmed(SignalVerb.PROMOTE, f"{target} was not promoted: the question was not answered with yes")
    return _send(call, SignalVerb.PROMOTE, AUTHORIZER, payload, plan)


def note(call: Call, rollout: RolloutNoted, text: NoteText, *, false_alarm: IsFalseAlarm = False) -> ExitCode:
    """Append a note to a rollout, running or ended, without asking. `explain` and `history` show it; nothing changes it."""
    payload = {"verb": "note", "rollout": rollout, "text": text, **({"false_alarm": True} if false_alarm else {})}
    asked, problems = parse_note_call(payload)
    if asked is None:
        raise wrong_input(problems)
    owned, _ = attempt(lambda: call.connection.records.find(rollout))
    target = owned.rollout.target.name if owned else ""
    reading = try_reading(call, target)[0] if owned else None
    change = f"rollout {rollout} gets a note{' that calls its rollback a false alarm' if false_alarm else ''}: {asked.text}"
    plan = announce(call, target or "not known", reading, [change], call_command(call.connection.region, OPERATOR, payload))
    answer = call_function(call.connection, OPERATOR, payload)
    call.output.say([f"{answer.get('target') or rollout}: {answer.get('reason')}"], {"verb": "note", **plan, **answer})
    return ExitCode.REFUSED if answer.get("answer") == VerbAnswer.REFUSED else ExitCode.DONE


def announce_signal(call: Call, verb: SignalVerb, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
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
    call.output.say([_line(verb, answer), *lines_of_caller(answer)], {"verb": verb.value, **plan, **answer})
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
