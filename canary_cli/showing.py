"""`canary dashboard`: the live page. Its data come from the code of `status` and `watch`, its buttons are the verbs."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, assert_never

import typer

from canary.aws.locks import Lock
from canary.rules.reports.building import report_of
from canary.rules.reports.page import to_html
from canary.rules.rollouts.report import OPERATOR
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.steering import DirectVerb, SignalVerb
from canary_cli.connection import Connection
from canary_cli.dashboard.attempts import Attempt, Attempts
from canary_cli.dashboard.cards import card_of
from canary_cli.dashboard.server import PageNotServedError, opened
from canary_cli.dashboard.source import Choice, Heard, PageVerb, Press, PressError
from canary_cli.exits import CommandError, ExitCode
from canary_cli.faults import describe
from canary_cli.following import Follower
from canary_cli.operating import AUTHORIZER, verb_payload
from canary_cli.output import Collected, to_json
from canary_cli.past import find_revert, find_rollout, read_recorded
from canary_cli.reading import names_of_targets, read_status
from canary_cli.reporting import local_time
from canary_cli.returning import announce_return, rollback
from canary_cli.returns.foreseeing import Asked
from canary_cli.signalling import announce_signal, pause, promote, resume
from canary_cli.status_view import status_of
from canary_cli.steering import abort, announce_abort
from canary_cli.stories.instants import utc
from canary_cli.verbs import Call
from canary_cli.watch_text import Sums, look_event
from canary_cli.watching import POLL_SECONDS, cancellable

PORT = 8470
REST_POLLS = 12
"""A target at rest is read again at each so many polls, and at once when its lock changed."""

Port = Annotated[int, typer.Option(help="A port of 127.0.0.1; 0 is any free one.", min=0, max=65_535)]
AllowVerbs = Annotated[bool, typer.Option("--allow-verbs", help="Show buttons for the verbs. Without it the page only shows.")]


def dashboard(call: Call, *, port: Port = PORT, allow_verbs: AllowVerbs = False) -> ExitCode:
    """Show all targets on a live page, on this machine alone, until Ctrl-C."""
    region = call.connection.region
    try:
        with cancellable(), opened(Account(call.connection), port=port, allow_verbs=allow_verbs, seconds=POLL_SECONDS) as page:
            event = {"event": "serving", "url": page.url, "region": region, "allows_verbs": allow_verbs}
            may = "with buttons for the verbs" if allow_verbs else "read-only; --allow-verbs adds buttons"
            call.output.say([f"the dashboard of Region {region} ({may}): {page.url}", "Ctrl-C ends it"], event)
            threading.Event().wait()
    except KeyboardInterrupt:
        return ExitCode.DONE
    except PageNotServedError as error:
        raise CommandError("PageNotServed", str(error), "choose another port with --port, or 0", ExitCode.USAGE) from error
    return ExitCode.DONE


class Account:
    """The controller of one account and Region, as a source of the page. ``connection`` is used again after a new login."""

    choices: tuple[Choice, ...] = ()

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._attempts = Attempts()
        self._shown: dict[str, _Shown] = {}
        self._polls = 0

    def snapshot(self) -> Mapping[str, Any]:
        """Every target. While AWS cannot be asked: what is wrong, and the targets as they were last read."""
        trouble = None
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 - whatever is wrong is shown, and asked again with a new session
            trouble = _told(describe(error))
            self._connection = self._connection.again()
        return {"trouble": trouble, "targets": [one.card for one in self._shown.values() if one.card]}

    def report(self, rollout: str) -> str:
        """The evidence report of a rollout."""
        with _pressed():
            connection = self._connection.again()
            found = find_rollout(connection, rollout)
            if found is None:
                raise PressError(f"{rollout} has had no rollout yet", "start one")
            looks = read_recorded(connection, found).replayed(found)
            return to_html(report_of(found, looks, revert=find_revert(connection, found)), local=local_time)

    def propose(self, press: Press) -> Heard:
        """The lines that the command says before it acts."""
        with _pressed():
            call = Call(self._connection.again(), output := Collected())
            match press.verb:
                case PageVerb.PAUSE | PageVerb.RESUME | PageVerb.PROMOTE as verb:
                    function = AUTHORIZER if verb is PageVerb.PROMOTE else OPERATOR
                    payload = verb_payload(verb.value, press.target, press.reason)
                    announce_signal(call, SignalVerb(verb.value), function, payload)
                case PageVerb.ABORT:
                    announce_abort(call, press.target, press.reason, "")
                case PageVerb.ROLLBACK:
                    announce_return(call, Asked(DirectVerb.ROLLBACK, press.target, press.reason))
                case other:
                    assert_never(other)
        return Heard(tuple(output.plan))

    def act(self, press: Press) -> Heard:
        """What the command says after it has acted. The page has asked already, so nothing asks again."""
        with _pressed():
            call = Call(self._connection.again(), output := Collected())
            lock = call.connection.records.read_lock(press.target)
            if (now := lock.rollout_id or lock.last_rollout_id or "") != press.rollout:
                shown, found = press.rollout or "no rollout", now or "no rollout"
                raise PressError(f"the page showed {shown} on {press.target}, and now it is {found}", "look again, then decide")
            code = _run(press, call)
        return Heard(tuple(output.answer), is_done=code is ExitCode.DONE)

    def begin(self, choice: str) -> Heard:
        """Only the demo has releases to start."""
        raise PressError(f"there is no release {choice!r} to start here", "start a rollout with canary start")

    def _read(self) -> None:
        connection = self._connection
        names = names_of_targets(connection)
        locks = connection.records.read_locks(names)
        started = self._attempts.read(connection.client("stepfunctions"), connection.controller.machine)
        self._shown = {name: self._shown.get(name) or _Shown(name) for name in names}
        for number, name in enumerate(names, start=self._polls):
            self._shown[name].read(connection, locks[name], started.get(name), is_due=number % REST_POLLS == 0)
        self._polls += 1


class _Shown:
    """One target, and what is remembered of it between two readings."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock: Lock | None = None
        self._follower = Follower(name, "")
        self._sums = Sums()
        self._looks: list[Mapping[str, Any]] = []
        self._known = 0
        self._status: Mapping[str, Any] | None = None
        self._problem: Mapping[str, str] | None = None
        self.card: Mapping[str, Any] = {}

    def read(self, connection: Connection, lock: Lock, started: Attempt | None, *, is_due: bool) -> None:
        """Read the target again if it may have changed. What is wrong with this target alone is shown with it."""
        if is_due or lock.rollout_id or lock != self._lock:
            try:
                self._read(connection)
                self._lock, self._problem = lock, None
            except Exception as error:
                if (trouble := describe(error)).exit_code is ExitCode.CANNOT_TELL:
                    raise
                self._problem = _told(trouble)
        self.card = card_of(self._name, self._status, self._looks[: self._known], started, self._problem)

    def _read(self, connection: Connection) -> None:
        reading, controller = read_status(connection, self._name), connection.controller
        if reading.rollout:
            self._follow(connection, reading.rollout)
        self._status = json.loads(to_json(status_of(reading, account=controller.account, region=controller.region)))

    def _follow(self, connection: Connection, rollout: Rollout) -> None:
        """The looks of the rollout, as `watch` tells them; those that are known are not read again."""
        if self._follower.rollout_id != rollout.rollout_id:
            self._follower, self._sums, self._looks = Follower(self._name, rollout.rollout_id), Sums(), []
        for look in self._follower.poll(connection).looks:
            self._sums = self._sums.plus(look)
            self._looks.append(json.loads(to_json(look_event(rollout, look, self._sums))))
        newest = utc(rollout.looked_at or rollout.started_at)  # the record was read a moment before: show what it knows
        self._known = sum(look["looked_at"] <= newest for look in self._looks)


def _run(press: Press, call: Call) -> ExitCode:
    match press.verb:
        case PageVerb.PAUSE:
            return pause(call, press.target, reason=press.reason)
        case PageVerb.RESUME:
            return resume(call, press.target, reason=press.reason)
        case PageVerb.PROMOTE:
            return promote(call, press.target, reason=press.reason, yes=True)
        case PageVerb.ABORT:
            return abort(call, press.target, reason=press.reason)
        case PageVerb.ROLLBACK:
            return rollback(call, press.target, reason=press.reason, yes=True)
        case other:
            assert_never(other)


@contextmanager
def _pressed() -> Iterator[None]:
    """Whatever a button meets is told on the page."""
    try:
        yield
    except PressError:
        raise
    except Exception as error:
        told = describe(error)
        raise PressError(told.message, told.fix) from error


def _told(error: CommandError) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "fix": error.fix}
