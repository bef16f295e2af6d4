"""What cannot be seen before a start by someone with less than the policy `reader`, and what may still come of that. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from canary.rules.checks.draft import is_unchanged
from canary.rules.rollouts.taken_back import find_alike, find_earlier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.checks.forecast import Traffic
    from canary.rules.releases.release import Request
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.rollouts.taken_back import TakenBack

UNSEEN = "only the start itself checks the versions' states"
UNSEEN_API = f"{UNSEEN}, the API's definition, who may call the functions, and the metric filters"
UNKNOWN_TRAFFIC = "base's traffic is not known, so it is not known how long the steps need either"


def find_open_points(
    request: Request, taken_back: tuple[TakenBack, ...], draft: Rollout, traffic: Traffic | None, *, is_whole: bool
) -> Iterator[str]:
    """What may still come of the start, one sentence each. `is_whole`: whether all was read that the start reads."""
    has_api = draft.target.shifter.has_api
    if has_api and not is_whole and request.release.deployment is None and _is_same_but_for_api(draft):
        yield "base already runs these versions: nothing is started unless the API's definition changed"
    alike = find_alike(taken_back, draft)
    is_certain = find_earlier(taken_back, draft) is not None
    if alike and has_api and not is_whole and not is_certain and not request.is_retry:
        yield f"it may be refused without --retry: {alike}; only the start itself compares the API's definition"
    if traffic is None:
        yield UNKNOWN_TRAFFIC
    if not is_whole:
        yield UNSEEN_API if has_api else UNSEEN


def _is_same_but_for_api(draft: Rollout) -> bool:
    intent = replace(draft.intent, deployment_id=draft.snapshot.deployment_id)
    return is_unchanged(replace(draft, intent=intent, plan=replace(draft.plan, is_new_deployment=False)))
