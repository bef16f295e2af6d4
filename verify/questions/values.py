"""How UpdateStage handles values and operations that its patch table does not explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.questions.patch_question import ACCEPTED, IGNORED, REFUSED, PatchQuestion, agreed
from verify.scratch.answer import Answer
from verify.scratch.patches import CANARY_CACHE, CANARY_PERCENT, OVERRIDES, VARIABLES, canary, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verify.scratch.patches import Operation
    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage

PERCENT = 10.0
WHOLE = {"arm": "whole", "other": "new"}
WHOLE_VALUES = {"json": '{"arm": "whole", "other": "new"}', "pairs": "arm=whole,other=new"}
"""Possible notations of the map above; the first that is accepted is the answer."""
BURST = "/*/*/throttling/burstLimit"
MALFORMED = (
    (CANARY_PERCENT, "plenty"),
    (CANARY_PERCENT, "101"),
    (CANARY_PERCENT, "-1"),
    (CANARY_CACHE, "perhaps"),
    (BURST, "plenty"),
)


class ReplaceWholeMap(PatchQuestion):
    """Find the value that the patch table does not show."""

    slug = "replace-whole-map"
    how = "replace /canarySettings/stageVariableOverrides and /variables with a JSON object, or if that fails name=value pairs"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            found = [_replace_whole(stage, scratch.second, path) for path in (OVERRIDES, VARIABLES)]
        return Answer(agreed(word for word, _ in found), tuple(line for _, lines in found for line in lines))


def _replace_whole(stage: Stage, deployment: str, path: str) -> tuple[str, list[str]]:
    """How the path's whole map can be replaced, and what was tried."""
    stage.patch(*canary(deployment, PERCENT, arm="canary"))
    tried = []
    for word, value in WHOLE_VALUES.items():
        refusal = stage.try_patch(replace(path, value))
        tried.append(f"{path} by {value}: {refusal or ACCEPTED}")
        if refusal is None:
            after = stage.read()
            held = after["canarySettings"].get("stageVariableOverrides") if path == OVERRIDES else after.get("variables")
            return word if held == WHOLE else "accepted-otherwise", [*tried, f"{path} is then {held}"]
    return REFUSED, tried


class MalformedValue(PatchQuestion):
    """Send invalid numbers and booleans."""

    slug = "malformed-value"
    how = f"at {PERCENT:g} %, set the percent to plenty, 101 and -1, useStageCache to perhaps, and a burst limit to plenty"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        with scratch.stage() as stage:
            stage.patch(*canary(scratch.second, PERCENT), replace(BURST, "100"))
            stage.try_patch(replace(CANARY_CACHE, "true"))  # so that it would show if "perhaps" were read as false
            found = {f"{path} by {value}": _try_value(stage, replace(path, value)) for path, value in MALFORMED}
        return Answer(agreed(word for word, _ in found.values()), tuple(f"{what}: {told}" for what, (_, told) in found.items()))


def _try_value(stage: Stage, operation: Operation) -> tuple[str, str]:
    """The result of one operation, and the full evidence."""
    before = _changeable(stage.read())
    refusal = stage.try_patch(operation)
    after = _changeable(stage.read())
    if refusal:
        return REFUSED, refusal
    if before == after:
        return IGNORED, f"{IGNORED}, the stage is as it was"
    return "accepted-otherwise", f"{ACCEPTED}, and then the stage has {after}, before {before}"


def _changeable(stage: Mapping[str, object]) -> dict[str, object]:
    return {name: stage.get(name) for name in ("canarySettings", "methodSettings")}


class MoveOrTestOperation(PatchQuestion):
    """Send two operations that the service model has and the patch table does not."""

    slug = "move-or-test-operation"
    how = "send one move operation and one test operation for a stage variable"

    def ask(self, scratch: Scratch) -> Answer:
        """Ask it."""
        move = {"op": "move", "from": f"{VARIABLES}/arm", "path": f"{VARIABLES}/moved"}
        test = {"op": "test", "path": f"{VARIABLES}/arm", "value": "not what it is"}
        with scratch.stage() as stage:
            before = stage.read().get("variables")
            refusals = {each["op"]: stage.try_patch(each) for each in (move, test)}
            after = stage.read().get("variables")
        accepted = IGNORED if before == after else f"{ACCEPTED}, and then the variables are {after}"
        words = (REFUSED if refusal else IGNORED if before == after else ACCEPTED for refusal in refusals.values())
        return Answer(agreed(words), tuple(f"{op}: {refusal or accepted}" for op, refusal in refusals.items()))
