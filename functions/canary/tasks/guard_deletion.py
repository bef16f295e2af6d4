"""GuardDeletion: answers CloudFormation before it deletes or changes a stack, and refuses while a rollout needs the stack.

The controller's own stack cannot go while a target is registered, because then nothing would guard the deletion of that target.

An update is refused if it removes something that a running rollout needs: its target, a part of the target (see
`canary.rules.targets.target_change`), or a controller that reads its record. An update that restores these is accepted, so that
CloudFormation can undo a refused update.

Called as a custom resource (docs/aws.md#custom-resources). The answer always goes to the URL in the request, because
CloudFormation waits for it. Creations are always accepted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from canary.aws.calls import is_of_what_is_gone, never_write
from canary.aws.errors import AwsRefusedError, ControllerError, RecordSchemaError
from canary.aws.locks import describe_holder
from canary.aws.shifters import shifter_for
from canary.aws.targets import read_targets
from canary.edge.events import StackEvent
from canary.edge.target import target_from_json
from canary.rules.releases.problems import RefusedError
from canary.rules.targets.target_change import find_losses
from canary.tasks.common.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Target

ANSWER_SECONDS = 10
LONGEST_REASON = 1_000


def guard_deletion(event: StackEvent, tools: Tools) -> Json:
    """The answer as CloudFormation received it."""
    reason = _object(event, tools)
    answer = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason[:LONGEST_REASON] or "at rest",
        "PhysicalResourceId": event.physical_id or f"at-rest-{event.target or 'all'}",
        "StackId": event.stack_id,
        "RequestId": event.request_id,
        "LogicalResourceId": event.logical_id,
    }
    _put(event.response_url, answer)
    tools.logger.info("stack guarded", request=event.request_type, target=event.target, answer=answer["Status"], reason=reason)
    return answer


def _object(event: StackEvent, tools: Tools) -> str:
    """Why nothing may be deleted or changed now; empty if it may. A target that cannot be read counts as not at rest."""
    try:
        match event.request_type:
            case "Delete" if not event.targets:
                return "; ".join(_find_unrest(event.target, tools))
            case "Update":
                return "; ".join(_find_losses(event, tools))
            case _:
                return ""
    except (ControllerError, RefusedError) as error:
        return f"it is unknown whether the targets are at rest: {error}"


def _find_unrest(name: str, tools: Tools) -> Iterator[str]:
    for known, text in read_targets(tools.clients.ssm, tools.settings.target_prefix):
        if not name:
            yield f"target {known} is still registered; delete its stack first"
        if name in {"", known}:
            lock = tools.records.read_lock(known)
            if lock.rollout_id:
                yield describe_holder(lock)
            elif percent := _canary_percent(target_from_json(text), tools):
                yield f"the stage of {known} has a canary at {percent} %; promote it or remove it first"


def _find_losses(event: StackEvent, tools: Tools) -> Iterator[str]:
    """What running rollouts would lose by the update."""
    if event.targets or event.old_targets:
        for name in sorted({*event.old_targets} - {*event.targets}):
            if (lock := tools.records.read_lock(name)).rollout_id:
                yield f"the update removes target {name}: {describe_holder(lock)}"
    elif event.definition:
        for name in sorted({event.target, event.old_target} - {""}):
            yield from _find_losses_of(name, event.definition, tools)
    elif not event.target:
        yield from _find_unreadable(tools)


def _find_losses_of(name: str, definition: str, tools: Tools) -> Iterator[str]:
    lock = tools.records.read_lock(name)
    owned = tools.records.find(lock.rollout_id, lock=lock) if lock.rollout_id else None
    if owned and (losses := [*find_losses(owned.rollout.target, target_from_json(definition))]):
        yield f"{describe_holder(lock)}; the update removes what it needs: {', '.join(losses)}"


def _find_unreadable(tools: Tools) -> Iterator[str]:
    """Rollouts whose records this new version of the controller cannot read."""
    for name, _ in read_targets(tools.clients.ssm, tools.settings.target_prefix):
        lock = tools.records.read_lock(name)
        if lock.rollout_id:
            try:
                tools.records.find(lock.rollout_id, lock=lock)
            except RecordSchemaError as error:
                yield f"{describe_holder(lock)}: {error}"


def _canary_percent(target: Target, tools: Tools) -> str:
    """The percentage of the canary on the target's stage; empty without a canary or if the stage is gone."""
    if not target.shifter.has_stage_canary:
        return ""
    try:
        live = shifter_for(target, tools.clients, never_write).read_live()
    except AwsRefusedError as error:
        if is_of_what_is_gone(error):
            return ""
        raise
    return str(live.stage.canary.percent) if live.stage and live.stage.canary else ""


def _put(url: str, answer: dict[str, Any]) -> None:
    """Send the answer to CloudFormation's presigned URL. A failure fails the function, so that Lambda retries."""
    body = json.dumps(answer).encode()
    request = Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - CloudFormation's own
    with urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310
        return


handler = Handler(on(StackEvent), guard_deletion)
