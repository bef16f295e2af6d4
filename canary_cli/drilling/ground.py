"""What an exercise works with: the target as it is, and the calls that it makes, which are given to it.

All times are AWS's own, as its answers carry them: a laptop's clock may be wrong, or sleep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.aws.calls import is_denied, refusals
from canary.aws.errors import ControllerError
from canary.aws.records import Records
from canary.rules.checks.hours import HOUR_SECONDS
from canary.rules.rollouts.rollout import Rollout
from canary.rules.targets.live import Live
from canary.rules.targets.target import Target

if TYPE_CHECKING:
    from canary.rules.rollouts.phases import Phase

POLL_SECONDS = 5.0
MOST_FAILURES = 12
"""Reads in a row that may fail: a minute without a network does not end a drill."""


class FailedExerciseError(Exception):
    """What was expected did not happen. The text says what happened instead."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The target at one moment ``at`` (epoch seconds); ``rollout`` is None while its execution still checks the release."""

    at: float
    live: Live
    rollout: Rollout | None

    @property
    def has_canary(self) -> bool:
        """Whether the stage has a canary."""
        return self.live.stage is not None and self.live.stage.canary is not None

    @property
    def has_weight(self) -> bool:
        """Whether the canary gets requests."""
        canary = self.live.stage.canary if self.live.stage else None
        return canary is not None and canary.percent > 0

    def is_in(self, *phases: Phase) -> bool:
        """Whether the rollout is in one of these phases."""
        return self.rollout is not None and self.rollout.phase in phases


@dataclass(frozen=True, slots=True)
class Ground:
    """The target of a drill. ``start``: begins an execution by name and input; its ARN. ``abort`` and ``revert``: the verbs.

    ``read_live``: what AWS says of the target. ``now``: AWS's own time (epoch seconds). ``sleep``: waits. ``run``: the drill's
    own name, which makes each of its releases a new one.
    """

    target: Target
    before: Live
    run: str
    records: Records
    client: Callable[[str], Any]
    start: Callable[[str, Mapping[str, Any]], str]
    abort: Callable[[str], Mapping[str, Any]]
    revert: Callable[[str], Mapping[str, Any]]
    read_live: Callable[[], Live]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rollout of an exercise."""

    ground: Ground
    rollout_id: str
    execution: str

    def see(self) -> Seen:
        """The target and the rollout at this moment.

        Raises:
            FailedExerciseError: the execution ended without a rollout.
            ControllerError: AWS cannot be asked.

        """
        owned = self.ground.records.find(self.rollout_id, target=self.ground.target.name)
        if owned is None and (ended := self.describe())["status"] != "RUNNING":
            why = ended.get("cause") or ended.get("output") or ended["status"]
            raise FailedExerciseError(f"the execution ended without a rollout: {why}")
        return Seen(self.ground.now(), self.ground.read_live(), owned.rollout if owned else None)

    def describe(self) -> Mapping[str, Any]:
        """The execution, as Step Functions has it."""
        with refusals(f"aws stepfunctions describe-execution --execution-arn {self.execution}"):
            found: Mapping[str, Any] = self.ground.client("stepfunctions").describe_execution(executionArn=self.execution)
        return found

    def wait(self, what: str, is_there: Callable[[Seen], bool], limit: float = HOUR_SECONDS) -> Seen:
        """What is seen once ``is_there`` says so; ``what`` names it, and ``limit`` is in seconds.

        Raises:
            FailedExerciseError: it did not come in time, or the rollout ended another way.
            ControllerError: AWS cannot be asked for a minute, or denies it.

        """
        begun = None
        while True:
            seen = self._see_soon()
            begun = seen.at if begun is None else begun
            if is_there(seen):
                return seen
            if seen.rollout and seen.rollout.phase.is_terminal:
                raise FailedExerciseError(f"{what} was expected, and the rollout ended {phase_of(seen)}: {seen.rollout.reason}")
            if seen.at - begun > limit:
                raise FailedExerciseError(f"{what} did not come within {limit:.0f} s; the rollout is {phase_of(seen)}")
            self.ground.sleep(POLL_SECONDS)

    def _see_soon(self) -> Seen:
        """What is seen once AWS answers."""
        for _ in range(MOST_FAILURES):
            try:
                return self.see()
            except ControllerError as error:
                if is_denied(error):
                    raise
                self.ground.tell(f"not seen for now: {error}")
            self.ground.sleep(POLL_SECONDS)
        return self.see()


def phase_of(seen: Seen) -> str:
    """The rollout's phase in words."""
    return seen.rollout.phase.value.replace("_", " ") if seen.rollout else "still checked"


def is_as_before(ground: Ground, live: Live) -> bool:
    """Whether base serves what it served before the drill, and there is no canary."""
    same_stage = (
        live.stage is not None
        and ground.before.stage is not None
        and (
            live.stage.canary is None
            and live.stage.deployment_id == ground.before.stage.deployment_id
            and dict(live.stage.variables) == dict(ground.before.stage.variables)
        )
    )
    versions = {name: alias.version for name, alias in live.live.items()}
    return same_stage and versions == {name: alias.version for name, alias in ground.before.live.items()}
