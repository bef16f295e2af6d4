"""What an execution will do, decided before its first change: steps, look interval, and the proof that it can end.

A Standard execution fails after 25,000 history events (docs/aws.md#history-limit). So a plan computes how many its longest
possible run would write, and looks less often than once per minute if that would be too many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from canary.rules.definitions.routes import RouteChanges
from canary.rules.releases.code import CodeChange
from canary.rules.releases.readings import Reading
from canary.rules.releases.release import Expectation
from canary.rules.targets.policy import AfterPromotion, OnNewer, Policy, Progression, WhenUnproven

EVENTS_PER_LOOK = 9
"""Bake (2 events), EvaluateCanary (5), WhichVerdict (2); as many for a look after the promotion."""

EVENTS_PER_STEP = 5
"""ShiftTraffic."""

EVENTS_OUTSIDE_LOOKS = 430
"""Check, lock, preparation, drain of at most 13 minutes, promotion, safety and the execution's own events.

180 of them are twenty waits for a version of the release: VersionActivation (2 events), CheckRelease (5), WhichStart (2).
"""

EVENTS_OF_A_REPLACEMENT = 280
"""Twenty waits for the end of the rollout that a newer one replaces.

A wait is ReplaceRollout (5 events), ReplacementSettle (2), CheckRelease (5) and WhichStart (2).
"""

EVENTS_OF_A_REVERT = 200
"""What the revert of a release that its watch condemned adds: preparation, drain of at most 13 minutes, promotion, safety."""

EVENT_BUDGET = 22_000
"""How many of the 25,000 events a plan may use; the rest is for a thousand retries, at three events each."""

HOLD_LIMIT_SECONDS = 86_400
"""How long a rollout may hold in total for lack of proof under `when_unproven: hold`; then it rolls back."""

LONGEST_SECONDS = 14 * 86_400
"""No plan may last longer: half of the state machine's own time limit. Pauses come on top, a week of them at most."""

LOOK_SECONDS = (60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Plan:
    """A rollout's policy, and how often it looks (seconds).

    ``tolerated_alarms``: names of alarms that were firing before the start and that the policy tolerates.
    ``fingerprint``: of the API's definition as it was checked; ``reading`` says where that definition was read from.
    ``api_name``: as in CloudWatch's dimension.
    ``is_new_deployment``: whether a new deployment of that definition is needed.
    ``routes``: what the release does to the routes that base serves.
    ``notes``: what the operator should know about how this release will be judged.
    ``has_cache``: whether the stage answers from a cache.
    ``expects``: intended changes, which do not count against the release.
    ``function_errors``: the functions whose errors are compared as Lambda counts them, because the access log does not show
    every failure of the API's calls.
    ``code``: by function name, the versions of the functions that get another one.
    """

    policy: Policy
    look_seconds: int
    tolerated_alarms: tuple[str, ...] = ()
    fingerprint: str | None = None
    api_name: str = ""
    is_new_deployment: bool = False
    notes: tuple[str, ...] = ()
    expects: tuple[Expectation, ...] = ()
    has_cache: bool = False
    reading: Reading | None = None
    routes: RouteChanges = field(default_factory=RouteChanges)
    code: Mapping[str, CodeChange] = field(default_factory=dict)
    function_errors: tuple[str, ...] = ()


def longest_seconds(policy: Policy) -> int:
    """The longest that a rollout under this policy can take up to its promotion, including the time between executions.

    Pauses come on top.
    """
    steps = sum(step.bake_seconds + policy.max_extension_seconds for step in policy.steps)
    return max(steps + _longest_parked_seconds(policy), policy.not_before_seconds) + _for_want_of_proof(policy)


def longest_execution_seconds(policy: Policy) -> int:
    """The longest that one execution of such a rollout can take up to its promotion, or until it is parked."""
    match policy.progression:
        case Progression.CONTINUOUS:
            return longest_seconds(policy)
        case Progression.SCHEDULED:
            step = max(step.bake_seconds for step in policy.steps) + policy.max_extension_seconds
            return max(step, policy.not_before_seconds) + _for_want_of_proof(policy)
        case _:
            assert_never(policy.progression)


def _longest_parked_seconds(policy: Policy) -> int:
    match policy.progression:
        case Progression.CONTINUOUS:
            return 0
        case Progression.SCHEDULED:
            return len(policy.steps) * policy.max_parked_seconds
        case _:
            assert_never(policy.progression)


def _for_want_of_proof(policy: Policy) -> int:
    return HOLD_LIMIT_SECONDS if policy.when_unproven is WhenUnproven.HOLD else 0


def history_events(policy: Policy, look_seconds: int) -> int:
    """How many history events the longest execution writes, its pauses and its watch included, without retries."""
    looks = (longest_execution_seconds(policy) + policy.max_pause_seconds) // look_seconds + len(policy.steps)
    return (
        EVENTS_OUTSIDE_LOOKS
        + EVENTS_PER_STEP * len(policy.steps)
        + EVENTS_PER_LOOK * looks
        + _watch_events(policy, look_seconds)
        + (EVENTS_OF_A_REPLACEMENT if policy.on_newer is OnNewer.REPLACE else 0)
    )


def _watch_events(policy: Policy, look_seconds: int) -> int:
    if not policy.watch_seconds:
        return 0
    looks = -(-policy.watch_seconds // look_seconds) + 1
    return EVENTS_PER_LOOK * looks + (EVENTS_OF_A_REVERT if policy.after_promotion is AfterPromotion.REVERT else 0)


def choose_look_seconds(policy: Policy) -> int | None:
    """The shortest look interval whose longest run fits the event budget; None if none fits or the run lasts too long."""
    if longest_execution_seconds(policy) > LONGEST_SECONDS:
        return None
    return next((seconds for seconds in LOOK_SECONDS if history_events(policy, seconds) <= EVENT_BUDGET), None)
