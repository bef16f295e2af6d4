"""One target as the page gets it: its status, its looks, and evidence in words. Pure: it forms what was read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from canary.rules.looks.proof import format_e

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from canary_cli.dashboard.attempts import Attempt


def card_of(
    name: str,
    status: Mapping[str, Any] | None,
    looks: Sequence[Mapping[str, Any]],
    attempt: Attempt | None,
    problem: Mapping[str, str] | None,
) -> dict[str, Any]:
    """A target's card. ``status`` and ``looks`` are the answers of `canary status` and `watch` in JSON."""
    found = _with_evidence(status) if status else None
    return {
        "target": name,
        "status": found,
        "looks": [{**look, "e": format_e(look["log_e"])} for look in looks],
        "attempt": _told(attempt) if attempt and _is_unrecorded(attempt, status) else None,
        "problem": problem,
    }


def _with_evidence(status: Mapping[str, Any]) -> dict[str, Any]:
    """With each e-value as people read it beside its logarithm."""
    found = dict(status)
    for key in ("rollout", "last_rollout"):
        if rollout := status.get(key):
            metrics = [{**one, **_e_of(one)} for one in rollout["metrics"]]
            found[key] = {**rollout, **_e_of(rollout), "metrics": metrics}
    return found


def _e_of(value: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: None if value[of] is None else format_e(value[of]) for name, of in (("e", "log_e"), ("bar", "log_bar"))}


def _told(attempt: Attempt) -> dict[str, Any]:
    """With its end in UTC, as the command writes instants."""
    ended = None if attempt.ended_at is None else datetime.fromtimestamp(attempt.ended_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**asdict(attempt), "ended_at": ended}


def _is_unrecorded(attempt: Attempt, status: Mapping[str, Any] | None) -> bool:
    """Whether an execution still checks, or ended before it took the target; a rollout's own execution has its record."""
    if attempt.status not in {"RUNNING", "FAILED"} or (status and status["rollout"]):
        return False
    last = status and status["last_rollout"]
    return not last or attempt.name not in {last["rollout_id"], last["execution"].rpartition(":")[2]}
