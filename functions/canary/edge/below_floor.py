"""What a call of AuthorizeRollout needs for a start below its target's floor, and what it may not have for any other verb."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from canary.edge.kinds import Text
from canary.edge.model import Clash
from canary.rules.releases.problems import show
from canary.rules.rollouts.steering import AuthorizerVerb

StartName = Annotated[
    str,
    Text(
        "an execution's name (letters, digits, - and _, at most 80)",
        "[A-Za-z0-9_-]{1,80}",
        "give a name that was never used, such as the ticket's",
    ),
]
ONLY_THIS = ("name", "input")


def find_start_clashes(raw: Mapping[Any, Any]) -> Iterator[Clash]:
    """Fields that are missing for this verb, that belong to the other one, or that name another target."""
    if raw.get("verb") != AuthorizerVerb.START_BELOW_FLOOR:
        for key in ONLY_THIS:
            if key in raw:
                yield Clash((key,), "only start_below_floor starts an execution", f"remove {key}")
        return
    for key, fix in (("name", "give the execution a new name"), ("input", "give the input of the start")):
        if key not in raw:
            yield Clash((key,), "is missing", fix)
    if not str(raw.get("reason", "")).strip():
        yield Clash(("reason",), "a start below the floor needs a reason, got none", "say why less care is enough this time")
    if "tolerate_alarms" in raw:
        yield Clash(("tolerate_alarms",), "only promote tolerates alarms", "remove tolerate_alarms")
    given = raw.get("input")
    named = given.get("target") if isinstance(given, Mapping) else None
    if named is not None and named != raw.get("target"):
        yield Clash(
            ("input", "target"), f"the call's target is {show(raw.get('target'))}, got {show(named)}", "name one target"
        )
