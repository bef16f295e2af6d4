"""KeepReport: keeps the report of a rollout that has ended or was parked, as a page and as JSON, in the controller's bucket.

EventBridge calls it with the event of that end, after everything that makes a target safe, so neither a verdict nor a pass
waits for it. A failing call is retried and then goes to the queue of dead letters, which has an alarm. What the logs say of the
failed requests is part of the report; if they cannot be read in ten seconds, the report says so.

The looks of a promoted release also show how long the target's canaries are slow at first. That is kept for its next rollouts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canary.aws.errors import RecordGoneError
from canary.aws.reports.kept import KeptReports
from canary.edge.events import EndEvent
from canary.rules.judging.history import from_json
from canary.rules.judging.warm_up import learn
from canary.rules.reports.document import to_document
from canary.rules.reports.links import DOCUMENT, PAGE, report_link
from canary.rules.reports.page import to_html
from canary.rules.rollouts.warm_ups import SeenRelease, shows_warm_up
from canary.tasks.common.entry import Handler, Json, Tools, on
from canary.tasks.common.recorded_report import make_report

if TYPE_CHECKING:
    from canary.aws.reports.recorded import Recorded
    from canary.rules.rollouts.rollout import Rollout


def keep_report(event: EndEvent, tools: Tools) -> Json:
    """Where the report is kept, and the link that opens it."""
    owned = tools.records.find(event.rollout_id)
    if owned is None:
        raise RecordGoneError(f"rollout {event.rollout_id} of {event.target} is not recorded, so there is nothing to report")
    rollout, settings = owned.rollout, tools.settings
    report, recorded = make_report(rollout, tools)
    document = to_document(report, rollout, recorded.looks, recorded.history)
    forms = {PAGE: to_html(report), DOCUMENT: json.dumps(document, ensure_ascii=False) + "\n"}
    keys = KeptReports(tools.clients.s3, settings.reports.bucket).keep(rollout.target.name, rollout.rollout_id, forms)
    _keep_warm_up(rollout, recorded, tools)
    tools.logger.info("report kept", target=rollout.target.name, rollout=rollout.rollout_id, phase=rollout.phase.value)
    return {
        "bucket": settings.reports.bucket,
        "keys": list(keys),
        "link": report_link(settings.reports, rollout.target.name, rollout.rollout_id),
    }


def _keep_warm_up(rollout: Rollout, recorded: Recorded, tools: Tools) -> None:
    """Keep what the weight changes of a promoted release showed. Of two reports at one moment, the later one counts."""
    if not shows_warm_up(rollout) or recorded.history is None:
        return
    minutes = [(one.minute, one.counts) for look in recorded.looks for one in look.minutes]
    changes = learn(minutes, rollout.shifts, from_json(recorded.history).families)
    target = rollout.target.name
    known = tools.records.read_warm_up(target)
    seen = known.after(SeenRelease(rollout.rollout_id, changes))
    if seen != known:
        tools.records.keep_warm_up(target, seen)


handler = Handler(on(EndEvent), keep_report)
