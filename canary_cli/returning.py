"""`canary rollback` and `revert`: taking a release back, whatever has become of it.

What they will change is worded by the controller's own rules, from the records.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NamedTuple

import typer

from canary.rules.rollouts.report import OPERATOR
from canary.rules.rollouts.steering import DirectVerb
from canary.rules.rollouts.verbs import VerbAnswer
from canary_cli.announcing import announce, attempt, is_confirmed, not_confirmed, try_reading, unreadable_changes
from canary_cli.exits import ExitCode
from canary_cli.following import Follower
from canary_cli.operating import call_command, call_function, exit_code_of_answer, lines_of_answer, lines_of_caller
from canary_cli.reading import Reading
from canary_cli.returns.foreseeing import Asked, Situation, foresee, is_to_be_asked, lines_of_revert
from canary_cli.seeing import OnCancelOption, TimeoutOption, limits_of
from canary_cli.signalling import Yes
from canary_cli.steering import OnBehalfOf, Reason, Target, Watch, await_check
from canary_cli.verbs import Call
from canary_cli.watching import Limits, OnCancel, resume_command, watch_all

To = Annotated[
    str | None,
    typer.Option("--to", help="An earlier promoted rollout, to bring its release back. Default: what base served before."),
]


def rollback(
    call: Call,
    target: Target,
    *,
    reason: Reason = "",
    on_behalf_of: OnBehalfOf = "",
    yes: Yes = False,
    watch: Watch = False,
    timeout: TimeoutOption = None,
    on_cancel: OnCancelOption = OnCancel.LEAVE,
) -> ExitCode:
    """Take the newest release back: abort it while it is rolled out, without asking; revert it once it is promoted."""
    limits = limits_of(timeout, on_cancel, is_whole=True)
    asked = Asked(DirectVerb.ROLLBACK, target, reason, on_behalf_of=on_behalf_of)
    return _take_back(call, asked, limits, is_asking=not yes, is_watching=watch)


def revert(  # noqa: PLR0913 - one parameter an option
    call: Call,
    target: Target,
    *,
    to: To = None,
    reason: Reason = "",
    on_behalf_of: OnBehalfOf = "",
    yes: Yes = False,
    watch: Watch = False,
    timeout: TimeoutOption = None,
    on_cancel: OnCancelOption = OnCancel.LEAVE,
) -> ExitCode:
    """Bring back what base served before the last promotion, in minutes and without steps. Asks first in a terminal."""
    asked, limits = Asked(DirectVerb.REVERT, target, reason, to, on_behalf_of), limits_of(timeout, on_cancel, is_whole=True)
    return _take_back(call, asked, limits, is_asking=not yes, is_watching=watch)


def _take_back(call: Call, asked: Asked, limits: Limits, *, is_asking: bool, is_watching: bool) -> ExitCode:
    """Announce the verb, ask where it begins a revert of a release at rest, call the function, and say what it answered."""
    foretold = _foretell(call, asked)
    asks = is_asking and foretold.is_to_be_asked
    if asks and not sys.stdin.isatty():
        raise not_confirmed(asked.verb, f"{asked.verb} asks before it takes a release back, and there is no terminal to ask in")
    plan = _announce(call, asked, foretold)
    if asks and not is_confirmed(asked.verb, plan):
        raise not_confirmed(asked.verb, f"{asked.target} was left as it is: the question was not answered with yes")
    answer = call_function(call.connection, OPERATOR, asked.payload)
    call.output.say([*_lines(call, asked, answer), *lines_of_caller(answer)], {"verb": asked.verb.value, **plan, **answer})
    return _follow(call, asked, answer, limits if is_watching else None)


class _Foretold(NamedTuple):
    """What was read of the target, what the verb will change there, and whether it asks before."""

    reading: Reading | None
    changes: list[str]
    is_to_be_asked: bool


def announce_return(call: Call, asked: Asked) -> dict[str, Any]:
    """What a rollback or a revert says first; the plan for JSON."""
    return _announce(call, asked, _foretell(call, asked))


def _announce(call: Call, asked: Asked, foretold: _Foretold) -> dict[str, Any]:
    aws = call_command(call.connection.region, OPERATOR, asked.payload)
    return announce(call, asked.target, foretold.reading, foretold.changes, aws)


def _foretell(call: Call, asked: Asked) -> _Foretold:
    reading, unread = try_reading(call, asked.target)
    unreadable = [*unreadable_changes(reading)] if reading else []
    situation = _situation(reading) if reading and not unreadable else None
    changes, returned = None, None
    if situation:
        found, unread = attempt(lambda: foresee(call.connection.records, asked, situation))
        changes, returned = found or (None, None)
    told = changes or unreadable or [f"not known: {unread}"]
    return _Foretold(reading, told, is_to_be_asked(asked.verb, situation, returned))


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
