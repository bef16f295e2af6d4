"""What a start would do about the rollout that holds its target, by the controller's own rules. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from canary.rules.checks.survey import find_policy_problems
from canary.rules.releases.floors import BELOW_FLOOR_FIX, find_below_floor
from canary.rules.releases.problems import Problem
from canary.rules.releases.release import find_misfits
from canary.rules.rollouts.replacing import Await, GiveWay, TakeAtOnce, Way, way_with
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.standing import Phase
from canary.rules.rollouts.succession import Successor
from canary.rules.targets.policy import OnNewer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.releases.release import Request
    from canary.rules.targets.policy import Policy
    from canary.rules.targets.target import Target


@dataclass(frozen=True, slots=True)
class Held:
    """The rollout that holds a target; None if its record is gone. ``problem`` says who it is to a start that is refused."""

    problem: Problem
    rollout: Rollout | None = None
    owner: str | None = None


def find_input_problems(request: Request, target: Target, policy: Policy, *, is_below_allowed: bool) -> tuple[Problem, ...]:
    """What is wrong with the input itself, whatever the target looks like."""
    below = () if is_below_allowed else find_below(target, policy)
    return (*below, *find_misfits(request.release, target))


def find_below(target: Target, policy: Policy) -> tuple[Problem, ...]:
    """The bounds of the target's floor that the policy goes below."""
    return find_below_floor(target.floor, policy, BELOW_FLOOR_FIX.format(target=target.name))


def way_of(held: Held | None, policy: Policy, problems: tuple[Problem, ...], now: float) -> Way | None:
    """What a start at `now` does about the holder; None without one. `problems`: what is wrong with its input."""
    if held is None:
        return None
    if held.rollout is None:
        return held.problem
    if held.rollout.phase is Phase.WATCHING:
        return TakeAtOnce()
    is_valid = not problems and not find_policy_problems(policy)
    if not is_valid or policy.on_newer is not OnNewer.REPLACE:
        return held.problem
    return way_with(held.rollout, held.owner, Successor(now, ""))


def notes_of_way(held: Held | None, way: Way | None) -> Iterator[str]:
    """What happens to the rollout that holds the target."""
    if held is None or held.rollout is None or way is None:
        return
    name = f"rollout {held.rollout.rollout_id}"
    match way:
        case GiveWay():
            yield f"the start replaces {name}, which is {held.rollout.phase} and is rolled back first"
        case Await():
            yield f"the start waits for the end of {name}, which is {held.rollout.phase}, and checks the target after that"
        case TakeAtOnce():
            yield f"the start ends the watch of {name}, whose release stays promoted"
        case Problem():
            return
        case _:
            assert_never(way)
