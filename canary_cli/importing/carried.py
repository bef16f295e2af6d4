"""What was found in another tool's configuration, and the target that it makes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary_cli.importing.preferences import Shift

if TYPE_CHECKING:
    from collections.abc import Iterator


LONGEST_NAME = 40
NO_API = "a1b2c3d4e5"
"""Stands for the id of an API that is not known."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What becomes of one setting. ``becomes``: its key in the target; None for what does not carry over."""

    setting: str
    becomes: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What another tool shifts: its functions with their aliases, how fast, and which alarms end it."""

    source: str
    functions: tuple[tuple[str, str], ...]
    shift: Shift
    alarms: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """The target's mapping, what became of each setting, and what is to be filled in."""

    target: dict[str, Any]
    remarks: tuple[Remark, ...]


def imported(carried: Carried, name: str | None, stage: tuple[str, str] | None) -> Imported:
    """The target that comes nearest. ``stage``: the API's id and the stage in front of the functions; None without one."""
    steps = carried.shift.steps
    policy: object = "standard"
    if steps:
        policy = {"from": "standard", "steps": [{"weight_percent": weight, "bake_seconds": bake} for weight, bake in steps]}
    target: dict[str, Any] = {"name": slug(name or carried.source)}
    if stage:
        rest_api_id, stage_name = stage
        target["stage"] = {"rest_api_id": rest_api_id, "stage_name": stage_name, "alias_variable": "lambdaAlias"}
    target["functions"] = [
        {"name": function, "live": alias, **({"canary": canary_of(alias)} if stage else {})}
        for function, alias in carried.functions
    ]
    target["policy"] = policy
    if carried.alarms:
        target["alarms"] = [*carried.alarms]
    return Imported(target, (*carried.remarks, *_of_any_tool(carried, has_stage=stage is not None)))


def canary_of(live: str) -> str:
    """A name for the canary's alias that is not the live one's."""
    return "canary" if live != "canary" else "next"


def slug(text: str) -> str:
    """A target's name made of any text."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "target"
    return (words if words[0].isalpha() else f"t-{words}")[:LONGEST_NAME].strip("-")


def _of_any_tool(carried: Carried, *, has_stage: bool) -> Iterator[Remark]:
    yield Remark(carried.shift.name, "policy.steps", carried.shift.told)
    if has_stage:
        aliases = sorted({canary_of(alias) for _, alias in carried.functions})
        yield Remark("the alias of each function", "functions", f"create the alias {', '.join(aliases)} of each function too")
        yield Remark(
            "one alias for all traffic",
            "stage",
            "the stage's canary splits the traffic, so that a request meets one release in all functions; the URIs of its "
            "integrations must end in :${stageVariables.lambdaAlias}/invocations, and it needs the access log",
        )
        yield Remark("access log", None, "name the stage's log group as access_log_group; without it less is compared")
    else:
        yield Remark("the alias of each function", "functions", "the weights of the alias itself split the traffic, as before")
        if len(carried.functions) > 1:
            yield Remark(
                "several functions",
                "functions",
                "each splits its requests by itself, so a request may meet both releases; "
                "behind one REST API give --api and --stage",
            )
