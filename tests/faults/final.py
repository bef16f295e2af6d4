"""What is true at the end of a run, read as anyone could read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from canary.aws.errors import ControllerError
from canary.aws.records import Records
from demo.controller import TABLE

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from tests.faults.cases import Case
    from tests.faults.worlds import Execution, World

Json = dict[str, Any]


class Final(NamedTuple):
    """What is true at the end of a run."""

    case: Case
    world: World
    execution: Execution
    owned: Owned | None
    is_unreadable: bool
    stage: Json | None
    aliases: dict[str, tuple[str | None, str | None]]
    taken_back: frozenset[str] = frozenset()
    """The rollouts whose release the records keep as rolled back."""

    @property
    def phase(self) -> str:
        return self.owned.rollout.phase.value if self.owned else "none"

    @property
    def canary(self) -> Json | None:
        return self.stage.get("canarySettings") if self.stage else None

    @property
    def rollout(self) -> str:
        return self.execution.arn.rpartition(":")[2]

    def notifications(self, *kinds: str) -> list[tuple[float, str, Json]]:
        return [one for one in self.world.notifications if one[1] in kinds]


def read_final(case: Case, world: World, execution: Execution) -> Final:
    """Everything that the promises are about, read as anyone could read it."""
    records, unreadable = Records(world.client("dynamodb"), TABLE), False
    rollout = execution.arn.rpartition(":")[2]
    taken_back = frozenset(one.rollout_id for one in records.read_start(world.target.name, rollout).taken_back)
    try:
        owned = records.find(rollout)
    except ControllerError:
        owned, unreadable = None, True
    stage = world.target.stage
    try:
        shown = world.client("apigateway").get_stage(restApiId=stage.rest_api_id, stageName=stage.stage_name)
    except ClientError:
        shown = None
    aliases = {
        one.name: (_version(world, one.name, one.live), _version(world, one.name, str(one.canary)))
        for one in world.target.functions
    }
    return Final(case, world, execution, owned, unreadable, shown, aliases, taken_back)


def _version(world: World, function: str, alias: str) -> str | None:
    try:
        found = world.client("lambda").get_alias(FunctionName=function, Name=alias)
    except ClientError:
        return None
    weights = found.get("RoutingConfig", {}).get("AdditionalVersionWeights")
    return f"{found['FunctionVersion']} and {weights}" if weights else str(found["FunctionVersion"])
