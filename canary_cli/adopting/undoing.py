"""`canary adopt --undo`: takes back what an adoption added, last things first, and leaves alone what is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary_cli.adopting.carrying import take_back
from canary_cli.adopting.in_use import GONE, Added, find_callers, find_change

if TYPE_CHECKING:
    from canary.rules.targets.target import Stage
    from canary_cli.adopting.asking import Steps
    from canary_cli.adopting.in_use import Clients
    from canary_cli.adopting.journal import Adopted, Journal
    from canary_cli.doctor.remedy import Remedy

OF_THE_DEFINITION = frozenset({"update_integration", "update_authorizer"})
"""No request notices these: a deployment has its own copy of the definition."""
NOT_CALLED = frozenset({"/accessLogSettings/destinationArn", "/accessLogSettings/format"})
"""The paths of a stage on which no call depends."""
VARIABLES = "/variables/"


class Undoing:
    """One run. ``blocked``: what was left because it is in use or was changed. ``kept``: what is never taken back, and why."""

    def __init__(self, clients: Clients, journal: Journal, steps: Steps) -> None:
        self._clients = clients
        self._journal = journal
        self._steps = steps
        self._callers: str | None = None
        self._is_read = False
        self.blocked: list[str] = []
        self.kept: list[str] = []

    def run(self, stage: Stage) -> None:
        """Take back every step that can be."""
        for entry in reversed(self._journal.adopted.entries):
            remedy = entry.remedy
            if remedy.inverse is None:
                self.kept.append(f"{remedy.purpose}: {remedy.stays}")
                continue
            reason = find_change(self._clients, remedy)
            if reason == GONE:
                self._journal.forget(remedy)
                continue
            if is_called(remedy):
                reason = self._read_callers(stage) or reason
            if reason:
                self.blocked.append(f"{remedy.purpose}: {reason}")
                continue
            self._steps.confirm(remedy.inverse)
            take_back(self._clients, remedy.inverse)
            self._journal.forget(remedy)
            self._steps.add(remedy.inverse)

    def _read_callers(self, stage: Stage) -> str | None:
        """Read once, after the definition was restored: every later step depends on the same answer."""
        if not self._is_read:
            adopted = self._journal.adopted
            found = find_callers(self._clients, stage, adopted.deployment_id, added_by(adopted))
            self._callers = f"{found} needs it" if found else None
            self._is_read = True
        return self._callers


def added_by(adopted: Adopted) -> Added:
    """What requests may depend on, of all that an adoption added and that was not taken back yet."""
    remedies = [entry.remedy for entry in adopted.entries]
    aliases = {
        (one.parameters["FunctionName"], one.parameters["Name" if one.operation == "create_alias" else "Qualifier"])
        for one in remedies
        if one.service == "lambda"
    }
    paths = {patch["path"] for one in remedies for patch in one.parameters.get("patchOperations", ())}
    return Added(frozenset(aliases), frozenset(path.removeprefix(VARIABLES) for path in paths if path.startswith(VARIABLES)))


def is_called(remedy: Remedy) -> bool:
    """Whether a request could fail without what the step added."""
    if remedy.operation in OF_THE_DEFINITION:
        return False
    paths = {one["path"] for one in remedy.parameters.get("patchOperations", ())}
    return not paths or not paths <= NOT_CALLED
