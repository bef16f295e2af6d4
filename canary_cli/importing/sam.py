"""Reads the `DeploymentPreference` of a SAM template. Pure: the template is a mapping, with its tags in the long form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary_cli.importing.carried import Carried, Remark
from canary_cli.importing.codedeploy import hook_remark
from canary_cli.importing.preferences import Shift, shift_of_name, slowest

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTION, API = "AWS::Serverless::Function", "AWS::Serverless::Api"
LIVE = "live"
Json = dict[str, Any]


class NothingToImportError(ValueError):
    """The template has no function with a `DeploymentPreference`."""


def read_template(template: Json, source: str) -> Carried:
    """What the template's functions with a `DeploymentPreference` carry.

    Raises:
        NothingToImportError: there are none.

    """
    resources: Json = template.get("Resources", {})
    shared: Json = template.get("Globals", {}).get("Function", {})
    found = {name: _merged(shared, one.get("Properties", {})) for name, one in resources.items() if one.get("Type") == FUNCTION}
    shifted = {name: one for name, one in found.items() if _preference(one)}
    if not shifted:
        raise NothingToImportError("no AWS::Serverless::Function in it has an enabled DeploymentPreference")
    shifts = {name: shift_of_name(_type(_preference(one))) for name, one in shifted.items()}
    slow = slowest([*shifts.values()])
    remarks = [*_of_functions(shifted), *_of_shifts(shifts, slow)]
    alarms: dict[str, None] = {}
    for one in shifted.values():
        for alarm in _listed(_preference(one).get("Alarms")):
            name, is_literal = _name_of(alarm, resources, "AlarmName")
            alarms[name] = None
            told = "one that fires rolls back" if is_literal else "CloudFormation names it: put its name here"
            remarks.append(Remark(f"alarm {name}", "alarms", told))
        remarks += _of_preference(_preference(one))
    remarks += _of_api(resources)
    functions = tuple((_function(name, one)[0], _alias(one)) for name, one in shifted.items())
    return Carried(source, functions, slow, tuple(alarms), tuple(dict.fromkeys(remarks)))


def _merged(shared: Json, own: Json) -> Json:
    """A function's properties with those of `Globals`, whose maps are merged with its own."""
    both = {**shared, **own}
    preference = {**(shared.get("DeploymentPreference") or {}), **(own.get("DeploymentPreference") or {})}
    return {**both, "DeploymentPreference": preference} if preference else both


def _preference(function: Json) -> Json:
    """The enabled preference of a function that publishes an alias; else none."""
    preference: Json = function.get("DeploymentPreference") or {}
    is_on = preference.get("Enabled", True) not in {False, "false"}
    return preference if is_on and function.get("AutoPublishAlias") else {}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name_of(value: object, resources: Json, key: str) -> tuple[str, bool]:
    """A name that is written or referred to, and whether it is written in the template."""
    if isinstance(value, str):
        return value, True
    logical = str(value.get("Ref", "?")) if isinstance(value, dict) else "?"
    name = resources.get(logical, {}).get("Properties", {}).get(key)
    return (name, True) if isinstance(name, str) else (logical, False)


def _function(logical: str, properties: Json) -> tuple[str, bool]:
    """A function's name, and whether it is written in the template; else its logical id."""
    name = properties.get("FunctionName")
    return (name, True) if isinstance(name, str) else (logical, False)


def _alias(properties: Json) -> str:
    """A function's alias; the usual name where the template only refers to it."""
    alias = properties["AutoPublishAlias"]
    return alias if isinstance(alias, str) else LIVE


def _type(preference: Json) -> str:
    """The name of a preference's type; no name where the template only refers to it."""
    kind = preference.get("Type")
    return kind if isinstance(kind, str) else "DeploymentPreference.Type"


def _of_functions(shifted: Json) -> Iterator[Remark]:
    for name, one in shifted.items():
        _, is_literal = _function(name, one)
        yield Remark(
            f"{name}.AutoPublishAlias",
            "functions",
            "remove it: SAM would move the alias; publish a version with aws lambda publish-version, and canary start names it",
        )
        if not isinstance(one["AutoPublishAlias"], str):
            yield Remark(f"{name}.AutoPublishAlias", None, f"the template only refers to its name: put it in place of {LIVE}")
        if not is_literal:
            yield Remark(f"{name}.FunctionName", None, f"CloudFormation names the function: put its name in place of {name}")


def _of_shifts(shifts: dict[str, Shift], slow: Shift) -> Iterator[Remark]:
    for name, shift in shifts.items():
        if shift.name != slow.name:
            yield Remark(f"{name}.Type {shift.name}", None, f"a target has one policy, and {slow.name} is slower")


def _of_preference(preference: Json) -> Iterator[Remark]:
    for when, function in (preference.get("Hooks") or {}).items():
        yield hook_remark(str(when), _name_of(function, {}, "FunctionName")[0])
    if "Role" in preference:
        yield Remark("Role", None, "the controller assumes a role of the target, made with the target")
    if preference.get("TriggerConfigurations"):
        yield Remark("TriggerConfigurations", None, "subscribe to the controller's topic NotificationsArn instead")
    if "PassthroughCondition" in preference:
        yield Remark("PassthroughCondition", None, "give each environment its own target, or none")


def _of_api(resources: Json) -> Iterator[Remark]:
    for name, one in resources.items():
        if one.get("Type") == API:
            yield Remark(
                f"{name} ({API})",
                None,
                "each sam deploy moves its stage: write it as the plain types of CloudFormation (docs/bring-your-own.md)",
            )
