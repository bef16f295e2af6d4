"""GuardDeletion: CloudFormation asks before it deletes a stack; while a target is not at rest, the answer is no.

Nor does the controller's own stack go while a target is registered: whoever asks for that target's deletion would ask nobody.

Called as a custom resource (docs/aws.md#custom-resources): the answer is put to the URL that came with the question, whatever
happens, because CloudFormation waits for it. Creations and updates ask nothing and are agreed to.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from canary.aws.calls import is_of_what_is_gone
from canary.aws.errors import AwsRefusedError, ControllerError
from canary.aws.records import describe_holder
from canary.aws.shifters import shifter_for
from canary.aws.targets import read_targets
from canary.edge.events import StackEvent
from canary.edge.target import target_from_json
from canary.rules.problems import RefusedError
from canary.tasks.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.target import Target

ANSWER_SECONDS = 10
LONGEST_REASON = 1_000


def guard_deletion(event: StackEvent, tools: Tools) -> Json:
    """The answer, as it was given to CloudFormation."""
    reason = _object(event, tools) if event.request_type == "Delete" else ""
    answer = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason[:LONGEST_REASON] or "at rest",
        "PhysicalResourceId": event.physical_id or f"at-rest-{event.target or 'all'}",
        "StackId": event.stack_id,
        "RequestId": event.request_id,
        "LogicalResourceId": event.logical_id,
    }
    _put(event.response_url, answer)
    tools.logger.info(
        "deletion guarded", request=event.request_type, target=event.target, answer=answer["Status"], reason=reason
    )
    return answer


def _object(event: StackEvent, tools: Tools) -> str:
    """Why nothing may be deleted now; empty if everything is at rest. What cannot be read is no rest."""
    try:
        return "; ".join(_find_unrest(event.target, tools))
    except (ControllerError, RefusedError) as error:
        return f"whether the targets are at rest cannot be read: {error}"


def _find_unrest(name: str, tools: Tools) -> Iterator[str]:
    for known, text in read_targets(tools.clients.ssm, tools.settings.target_prefix):
        if not name:
            yield f"target {known} is still registered; delete its stack first"
        if name in {"", known}:
            lock = tools.records.read_lock(known)
            if lock.rollout_id:
                yield describe_holder(lock)
            elif weight := _canary_weight(target_from_json(text), tools):
                yield f"the stage of {known} has a canary at {weight} %; promote it or take it away first"


def _canary_weight(target: Target, tools: Tools) -> str:
    """The percent of a canary on the target's stage, empty without one; a stage that is gone has none."""
    if target.stage is None:
        return ""
    try:
        live = shifter_for(target, tools.clients, _never_write).read_live()
    except AwsRefusedError as error:
        if is_of_what_is_gone(error):
            return ""
        raise
    return str(live.stage.canary.percent) if live.stage and live.stage.canary else ""


def _never_write() -> None:
    raise AwsRefusedError("a stack's deletion writes to no target")


def _put(url: str, answer: dict[str, Any]) -> None:
    """To the address that CloudFormation gave, signed by itself; a failure is the function's, so that Lambda tries again."""
    body = json.dumps(answer).encode()
    request = Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - CloudFormation's own
    with urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310
        return


handler = Handler(on(StackEvent), guard_deletion)
