"""The notifications that the controller sends: one EventBridge event for each thing that happens to a rollout.

A notification follows what it reports, and no rollout waits for it. If AWS refuses one, it is logged and lost: the record says
what happened, not the notification. A retried task may send one twice. Only the end of a rollout is sent until the bus has
accepted it: the record says whether it has (`report_end`, and the sweeper).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.aws.errors import ControllerError, NotificationRefusedError
from canary.rules.messages.kinds import NotificationKind, happening_of, severity_of
from canary.rules.reports.links import NO_REPORTS, report_link
from canary.rules.rollouts.acting import describe_actions
from canary.rules.rollouts.report import describe_labels, describe_parked, describe_revert, describe_watch
from canary.rules.rollouts.watch_course import EndReport, reports_of_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from canary.aws.records import Records
    from canary.rules.reports.links import ReportPlace
    from canary.rules.rollouts.rollout import Rollout

SOURCE = "canary"
LONGEST_CAUSE = 4_000
"""The most characters of a reason in a notification; a whole event may have 256 KB."""


_KINDS = {
    EndReport.ENDED: NotificationKind.ENDED,
    EndReport.PROMOTED: NotificationKind.PROMOTED,
    EndReport.REVERTED: NotificationKind.REVERTED,
    EndReport.WATCH_ENDED: NotificationKind.WATCH_ENDED,
    EndReport.WATCH_OVER: NotificationKind.WATCH_OVER,
}

KEPT = frozenset({*_KINDS.values(), NotificationKind.PARKED})
"""The kinds after which the controller keeps the rollout's report; their detail has the link to it."""


class Notifications:
    """The default event bus, for one function. The client is created with the first notification; most functions send none."""

    def __init__(
        self,
        events: Callable[[], Any],
        logger: Any,  # noqa: ANN401 - Powertools'
        reports: ReportPlace = NO_REPORTS,
    ) -> None:
        self._events = events
        self._logger = logger
        self._reports = reports

    def send(self, kind: NotificationKind, rollout: Rollout, *, commands: Sequence[str] = ()) -> bool:
        """Report the rollout's current state; `commands` are for a person to run. Returns whether the bus accepted it."""
        link = report_link(self._reports, rollout.target.name, rollout.rollout_id) if kind in KEPT else None
        report = {"report": link} if link else {}
        return self.tell(kind, {**describe(rollout), **report, **({"commands": list(commands)} if commands else {})})

    def tell(self, kind: NotificationKind, detail: Mapping[str, Any]) -> bool:
        """Report this detail, which has at least target and rollout. Returns whether the bus accepted it."""
        told = {**detail, "severity": severity_of(happening_of(kind, detail)).value}
        entry = {"Source": SOURCE, "DetailType": kind.value, "Detail": json.dumps(told)}
        try:
            with refusals("aws events put-events", NotificationRefusedError):
                answer = self._events().put_events(Entries=[entry])
        except NotificationRefusedError as error:
            return self._lose(kind, detail, str(error))
        return self._lose(kind, detail, answer["Entries"]) if answer["FailedEntryCount"] else True

    def report_wait(self, before: Rollout, after: Rollout, reason: str) -> None:
        """Report that a step began to wait beyond its bake time, or that such a wait is over, if either happened."""
        if before.waiting_since is None and after.waiting_since is not None:
            self.tell(NotificationKind.WAITING, _describe_wait(after, after.waiting_since, reason))
        if before.waiting_since is not None and after.waiting_since is None:
            self.tell(NotificationKind.WAIT_OVER, _describe_wait(after, before.waiting_since, reason))

    def report_promotion(self, rollout: Rollout) -> bool:
        """Report that a rollout was promoted and its wait is over; its watch begins. Returns whether the bus accepted it."""
        if rollout.waiting_since is not None:
            self.tell(NotificationKind.WAIT_OVER, _describe_wait(rollout, rollout.waiting_since, rollout.reason))
        return self.send(NotificationKind.PROMOTED, rollout)

    def report_end(self, rollout: Rollout, records: Records) -> bool:
        """Report that a rollout and its wait ended, and record that this was reported. Returns whether the bus accepted it.

        A promotion that was reported at the flip is not reported again. If either fails, the sweeper reports
        the end. It may then be reported twice, but never not at all.
        """
        if rollout.is_end_told:
            return True
        if rollout.waiting_since is not None:
            self.tell(NotificationKind.WAIT_OVER, _describe_wait(rollout, rollout.waiting_since, rollout.reason))
        if not all(self.send(_KINDS[one], rollout) for one in reports_of_end(rollout)):
            return False
        try:
            records.mark_told(rollout)
        except ControllerError as error:
            self._logger.warning("end reported, but the record does not say so", rollout=rollout.rollout_id, reason=str(error))
        return True

    def _lose(self, kind: NotificationKind, detail: Mapping[str, Any], reason: Any) -> bool:  # noqa: ANN401 - EventBridge's
        self._logger.warning("notification lost", rollout=detail["rollout"], kind=kind.value, reason=reason)
        return False


def describe(rollout: Rollout) -> dict[str, Any]:
    """A notification's detail: which rollout, how far it is, and why."""
    steps = rollout.plan.policy.steps
    index = rollout.step.index
    return {
        "target": rollout.target.name,
        "rollout": rollout.rollout_id,
        "execution": rollout.execution,
        "phase": rollout.phase.value,
        "step": index + 1,
        "steps": len(steps),
        "weight_percent": float(steps[index].weight_percent) if index >= 0 else 0.0,
        "reason": rollout.reason[:LONGEST_CAUSE],
        "requests_harmed": rollout.harm.requests,
        "harm_beyond_chance": rollout.harm.is_beyond_chance,
        **describe_labels(rollout),
        **describe_revert(rollout),
        **describe_actions(rollout),
        **describe_parked(rollout),
        **describe_watch(rollout),
    }


def _describe_wait(rollout: Rollout, since: float, reason: str) -> dict[str, Any]:
    moment = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
    return {**describe(rollout), "reason": reason[:LONGEST_CAUSE], "waiting_since": moment}
