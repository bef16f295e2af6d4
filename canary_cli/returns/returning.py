"""`canary rollback` and `revert`: they take a release back, before its commit point or after it.

The controller decides what a verb does. What is announced before the call comes from the same rules and from the records.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from canary.rules.checks.reverts import Earlier, earlier_release
from canary.rules.rollouts.report import OPERATOR
from canary.rules.rollouts.returns import Course, Return, return_by
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.steering import DirectVerb
from canary.rules.rollouts.verbs import VerbAnswer
from canary_cli.announcing import announce, attempt, is_confirmed, not_confirmed, try_reading
from canary_cli.exits import ExitCode
from canary_cli.following import Follower
from canary_cli.operating import call_command, call_function, exit_code_of_answer, lines_of_answer, verb_payload
from canary_cli.reading import Reading
from canary_cli.signalling import Yes
from canary_cli.steering import Reason, Target, Watch, await_check
from canary_cli.verbs import Call
from canary_cli.watch import OnCancelOption, TimeoutOption, limits_of
from canary_cli.watching import Limits, OnCancel, resume_command, watch_all

To = Annotated[
    str | None,
    typer.Option("--to", help="An earlier promoted rollout, to bring its release back. Default: what base served before."),
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A verb as it was given."""

    verb: DirectVerb
    target: str
    reason: str
    to: str | None = None

    @property
    def words(self) -> str:
        """The verb as in a sentence."""
        return "roll back" if self.verb is DirectVerb.ROLLBACK else self.verb.value

    @property
    def payload(self) -> dict[str, Any]:
        """What the function is called with."""
        return {**verb_payload(self.verb.value, self.target, self.reason), **({"to": self.to} if self.to else {})}


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
    asked, limits = _Asked(DirectVerb.ROLLBACK, target, reason), limits_of(timeout, on_cancel, is_whole=True)
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
    asked, limits = _Asked(DirectVerb.REVERT, target, reason, to), limits_of(timeout, on_cancel, is_whole=True)
    return _take_back(call, asked, limits, is_asking=not yes, is_watching=watch)


def _take_back(call: Call, asked: _Asked, limits: Limits, *, is_asking: bool, is_watching: bool) -> ExitCode:
    """Announce the verb, ask where it begins a revert of a release at rest, call the function, and say what it answered."""
    reading, unread = try_reading(call, asked.target)
    changes, returned = None, None
    if reading:
        found, unread = attempt(lambda: _foresee(call, asked, reading))
        changes, returned = found or (None, None)
    asks = is_asking and _is_to_be_asked(asked, reading, returned)
    if asks and not sys.stdin.isatty():
        raise not_confirmed(asked.verb, f"{asked.verb} asks before it takes a release back, and there is no terminal to ask in")
    aws = call_command(call.connection.region, OPERATOR, asked.payload)
    plan = announce(call, asked.target, reading, changes or [f"not known: {unread}"], aws)
    if asks and not is_confirmed(asked.verb, plan):
        raise not_confirmed(asked.verb, f"{asked.target} was left as it is: the question was not answered with yes")
    answer = call_function(call.connection, OPERATOR, asked.payload)
    call.output.say([*_lines(call, asked, answer)], {"verb": asked.verb.value, **plan, **answer})
    return _follow(call, asked, answer, limits if is_watching else None)


def _foresee(call: Call, asked: _Asked, reading: Reading) -> tuple[list[str], Return]:
    """What the verb will change, and the course it takes, by the rules that the controller decides with."""
    records, lock = call.connection.records, reading.lock
    holder = reading.rollout if reading.is_in_progress else None
    found = records.find(lock.promoted_rollout_id, lock=lock) if holder is None and lock.promoted_rollout_id else None
    returned = return_by(asked.verb, holder, found.rollout if found else None, to=asked.to)
    return [*_changes(call, asked, reading, returned)], returned


def _changes(call: Call, asked: _Asked, reading: Reading, returned: Return) -> Iterable[str]:
    rollout = returned.rollout
    if rollout is None or returned.course in {Course.REFUSED, Course.NOTHING, Course.UNCHANGED}:
        yield f"nothing: {returned.reason or 'no rollout is in progress'}"
        return
    if returned.course is Course.ABORT:
        yield f"rollout {rollout.rollout_id} is {rollout.phase}: base gets all traffic, the canary is removed"
        return
    to = call.connection.records.find(asked.to) if asked.to else None
    yield returned.reason
    yield from _differences(reading, rollout, earlier_release(reading.target, rollout, to.rollout if to else None))


def _differences(reading: Reading, rollout: Rollout, earlier: Earlier) -> Iterable[str]:
    """The versions, the deployment and the variables before and after, as far as they differ."""
    live = reading.live
    for name, version in earlier.versions.items():
        old = str(live.live[name]) if live else rollout.intent.versions.get(name, "?")
        if old != version:
            yield f"{name} {old} -> {version}"
    old_deployment = live.stage.deployment_id if live and live.stage else rollout.intent.deployment_id
    if reading.target.stage and old_deployment != earlier.deployment_id:
        yield f"deployment {old_deployment} -> {earlier.deployment_id}"
    yield from (f"variable {name} -> {value}" for name, value in earlier.variables.items())
    yield from (f"variable {name} is removed" for name in earlier.removed)


def _is_to_be_asked(asked: _Asked, reading: Reading | None, returned: Return | None) -> bool:
    """A running rollout is rolled back without asking; so is one that cannot be read, because it may be running."""
    if asked.verb is DirectVerb.REVERT:
        return True
    is_at_rest = reading is not None and not reading.is_in_progress
    return is_at_rest and returned is not None and returned.course is Course.REVERT


def _lines(call: Call, asked: _Asked, answer: Mapping[str, Any]) -> Iterable[str]:
    target, verb = asked.target, asked.verb
    match answer.get("answer"):
        case VerbAnswer.ACCEPTED | VerbAnswer.UNCHANGED if "execution" in answer:
            said = "is accepted" if answer["answer"] == VerbAnswer.ACCEPTED else "changes nothing"
            yield f"{target}: {verb} {said}: {answer['reason']}"
            afterwards = answer["afterwards"]
            versions = [f"{name} {version}" for name, version in afterwards["functions"].items()]
            deployment = [f"deployment {afterwards['deployment']}"] if afterwards["deployment"] else []
            yield f"  takes back rollout {answer['takes_back']}; base will serve {', '.join([*versions, *deployment])}"
            yield f"  watch it: {resume_command(call, Follower(target, answer['revert']))}"
        case VerbAnswer.REFUSED if "reason" in answer:
            yield f"{target}: {verb} is refused: {answer['reason']}"
        case str(word) if word.startswith("NOTHING_TO_"):
            yield f"{target}: there is nothing to {asked.words}: {answer['reason']}"
        case _:
            yield from lines_of_answer(answer)


def _follow(call: Call, asked: _Asked, answer: Mapping[str, Any], limits: Limits | None) -> ExitCode:
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
