"""One operation of an UpdateStage patch list, parsed as AWS does before it looks at any path.

Refuses, with the service's own messages, what the service's model refuses: an unknown operation, or a value that is not a
string (docs/aws.md#patch-shape). It does not know which paths exist.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from embedded_aws.apigateway.errors import BadRequestError, SerializationError, ValidationError
from embedded_aws.apigateway.stages.stage import Stage
from embedded_aws.wire.unknowns import Unknowns

_OPS = ("add", "remove", "move", "test", "replace", "copy")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with the named groups that its path's pattern matched."""

    op: str
    path: str
    value: str | None = None
    source: str | None = None
    found: Mapping[str, str] = field(default_factory=dict)

    @property
    def says_true(self) -> bool:
        """Whether the value is the word true; anything else is false, as in moto for a stage's own switches."""
        return (self.value or "").lower() == "true"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a patch depends on besides the stage: the API's deployments and the open questions."""

    deployments: Collection[str]
    unknowns: Unknowns

    def existing(self, deployment_id: str | None) -> str:
        """The id, if the API has this deployment."""
        if deployment_id is None or deployment_id not in self.deployments:
            raise BadRequestError("Deployment id does not exist")
        return deployment_id


Change = Callable[[Stage, Operation, Surroundings], Stage]


def parse_operations(operations: Sequence[Mapping[str, Any]]) -> list[Operation]:
    """The patch list as values; one refusal names all invalid operations."""
    check_operations(operations, "updateStageInput")
    return [_parse_operation(each) for each in operations]


def check_operations(operations: Sequence[Mapping[str, Any]], where: str) -> None:
    """Refuse a patch list with unknown operations; ``where`` is the service's name for the input."""
    wrong = [
        f"Value '{each.get('op')}' at '{where}.patchOperations.{place}.member.op' failed to satisfy "
        f"constraint: Member must satisfy enum value set: [{', '.join(_OPS)}]"
        for place, each in enumerate(operations, start=1)
        if each.get("op") not in _OPS
    ]
    if wrong:
        errors = "validation error" if len(wrong) == 1 else "validation errors"
        raise ValidationError(f"{len(wrong)} {errors} detected: {'; '.join(wrong)}")


def _parse_operation(raw: Mapping[str, Any]) -> Operation:
    value = raw.get("value")
    if value is not None and not isinstance(value, str):
        is_flag = isinstance(value, bool)
        kind = "java.lang.Boolean" if is_flag else "com.amazon.coral.value.json.numbers.TruncatingBigNumber"
        raise SerializationError(f"class {kind} can not be converted to an String")
    return Operation(raw["op"], raw.get("path") or "null", value, raw.get("from"))
