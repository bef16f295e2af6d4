"""What one execution alone may do, because a function of the controller allowed it before that execution began.

Whoever may start executions chooses their input. So an input cannot prove that the controller itself started the execution. A
grant does: an item of the records under the execution's name, which a starter's role cannot write. CheckRelease accepts what a
grant says and nothing else (docs/decisions/0027-a-revert-is-a-rollout.md).
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.releases.problems import Problem
from canary.rules.rollouts.actions import Action

if TYPE_CHECKING:
    from canary.rules.releases.release import Revert

VALID_SECONDS = 600
"""How long after it was given a grant begins something. An execution that waits afterwards began in time."""

LONGEST_NAME = 80
"""Characters of an execution's name (docs/aws.md#execution-name-reuse)."""

MOST_REVERTS = 20
"""Executions that may try to revert one rollout, one after the other: each one that was refused needs the next name."""


class GrantKind(enum.StrEnum):
    """What is granted."""

    REVERT = "revert"
    START_BELOW_FLOOR = "start_below_floor"


@dataclass(frozen=True, slots=True)
class Grant:
    """What the execution named ``execution`` may do to ``target``; ``given_at`` in epoch seconds.

    ``rollout``: the promoted rollout that it may revert. ``to``: the earlier rollout whose release it brings back; None for
    what base served before. ``reason``: in the words of whoever asked for it. ``action``: the verb that gave it.
    ``input_sha256``: of the input with which a start below its target's floor was allowed.
    """

    execution: str
    kind: GrantKind
    target: str
    given_at: float
    rollout: str | None = None
    to: str | None = None
    reason: str = ""
    action: Action | None = None
    input_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class BelowFloor:
    """What an authorizer allowed a rollout: the bounds of the floor that its policy goes below (``found``), and why.

    ``given_at``: when, in epoch seconds.
    """

    found: tuple[str, ...]
    reason: str
    given_at: float


def sha256_of(given: object) -> str:
    """The SHA-256 of an execution's input. Step Functions may pass 10.0 on as 10, so such numbers are the same."""
    return hashlib.sha256(json.dumps(_plain(given), sort_keys=True).encode()).hexdigest()


def allows_below_floor(grant: Grant | None, target: str, name: str, given: object, begun_at: float) -> Grant | None:
    """The grant, if it lets the execution ``name``, which began at ``begun_at`` (epoch seconds), start below the floor."""
    if grant is None or (grant.kind, grant.execution, grant.target) != (GrantKind.START_BELOW_FLOOR, name, target):
        return None
    is_in_time = begun_at <= grant.given_at + VALID_SECONDS
    return grant if is_in_time and grant.input_sha256 == sha256_of(given) else None


def names_of_reverts(rollout_id: str) -> tuple[str, ...]:
    """The names of the executions that may revert a rollout, in the order in which they are used."""
    numbers = ("", *(f"-{number}" for number in range(2, MOST_REVERTS + 1)))
    return tuple(f"{rollout_id[: LONGEST_NAME - len(f'-revert{number}')]}-revert{number}" for number in numbers)


def not_begun(name: str, target: str = "TARGET") -> Problem:
    """That the execution ``name`` may not revert anything, because the controller did not begin it."""
    found = f"the controller did not begin the execution {name}, and only its function OperateRollout may begin a revert"
    return Problem("operation", found, f"start a revert with: canary revert {target}")


def find_ungranted(grant: Grant | None, revert: Revert, name: str, begun_at: float) -> Problem | None:
    """Why the execution ``name``, which began at ``begun_at`` (epoch seconds), may not make this revert; None if it may."""
    fix = f"start a revert with: canary revert {revert.target}"
    if grant is None or grant.execution != name or grant.kind is not GrantKind.REVERT:
        return not_begun(name, revert.target)
    if (grant.target, grant.rollout, grant.to) != (revert.target, revert.rollout, revert.to):
        return Problem("operation", f"{name} was begun to revert rollout {grant.rollout} of {grant.target}, not this", fix)
    if begun_at > grant.given_at + VALID_SECONDS:
        late = round((begun_at - grant.given_at) / 60)
        found = f"the controller allowed {name} {late} minutes before it began, and {VALID_SECONDS // 60} are allowed"
        return Problem("operation", found, fix)
    return None


def _plain(value: object) -> object:
    """JSON in which a whole number has no fraction."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
