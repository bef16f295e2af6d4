"""Which calls of an API a rollout can split, which are outside it, and every reason in them not to start.

A call that does not go through the alias variable runs the same code in both arms, so the release would be judged on code that
it does not change. The start is therefore refused, naming the methods, unless the target says that the call is outside the
rollout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canary.rules.checks.caller_checks import FROM_CANARY
from canary.rules.definitions.definition import ANY
from canary.rules.definitions.integrations import Call, FunctionName, Place, calls_lambda, calls_of, through
from canary.rules.definitions.outside_routes import find_unmatched, is_outside
from canary.rules.definitions.shown_failures import EVERY_ERROR
from canary.rules.definitions.variable_uses import find_used
from canary.rules.looks.sources import FUNCTION_ERRORS, has_log
from canary.rules.releases.problems import Problem
from canary.rules.targets.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from canary.rules.definitions.definition import Definition, Method

MOST_NAMED = 20
"""How many methods one problem or note names; the others are counted."""

FEW_NAMED = 5

DIFFERING = "each arm calls or answers differently, because a variable in the integration differs between base and canary"


@dataclass(frozen=True, slots=True)
class Ground:
    """What calls are checked against.

    ``place``: where the target's functions are, None if none of them has an alias. ``variables``: the stage's own, to resolve
    names that are built from variables. ``overrides``: the variables whose values differ between base and canary.
    """

    target: Target
    alias_variable: str
    place: Place | None
    variables: Mapping[str, str]
    overrides: frozenset[str]

    def is_outside(self, call: Call) -> bool:
        """Whether the target says that a call is outside the rollout."""
        if call.authorizer:
            return call.authorizer.name in self.target.outside.authorizers
        return all(is_outside(self.target.outside, path, verb) for path, verb in call.routes)


def find_call_problems(definition: Definition, ground: Ground) -> Iterator[Problem]:
    """Every call inside the rollout that both arms would make alike, and every call outside it that would differ.

    Also every method without an integration (docs/aws.md#deployment-snapshot).
    """
    problems: dict[tuple[str, str], list[str]] = {}
    for call in calls_of(definition):
        found = _outside_problem(call, ground) if ground.is_outside(call) else _inside_problem(call, ground)
        if found:
            problems.setdefault(found, []).append(call.by)
    for (value, fix), callers in problems.items():
        yield Problem(name_some(callers, MOST_NAMED), value, fix)
    if bare := [str(method) for method in definition.methods if method.integration is None]:
        value = "there is no integration, and AWS makes no deployment of a method without one"
        yield Problem(name_some(bare, MOST_NAMED), value, "give it one, or delete the method")


def find_rewrites(definition: Definition, ground: Ground) -> Iterator[tuple[Call, str]]:
    """The calls of the target's functions that bypass the alias variable, each with the URI that goes through it."""
    known = {one.name for one in ground.target.functions}
    for call in calls_of(definition):
        name = _resolved(call.function.name, ground) if call.function else ""
        if name in known and not ground.is_outside(call) and _inside_problem(call, ground):
            yield call, _wanted_uri(call, call.function, ground)


def find_outside_problems(target: Target, routes: Iterable[tuple[str, str]], authorizers: Iterable[str]) -> Iterator[Problem]:
    """Entries of `outside` that match nothing in the API; a route is a path and an HTTP method."""
    for entry in find_unmatched(target.outside, routes, authorizers):
        yield Problem(
            "outside",
            f"{entry} matches nothing in the API",
            "write it as the definition does, or remove it from the target's outside",
        )


def find_call_notes(definition: Definition, ground: Ground) -> Iterator[str]:
    """Which parts of the API the release does not bring, in sentences: named by the target, or without Lambda."""
    calls = [call for call in calls_of(definition) if ground.is_outside(call)]
    split = [call.by for call in calls if through(ground.alias_variable) in call.uri]
    outside = [one for one in definition.methods if is_outside(ground.target.outside, one.path, one.http_method)]
    uses = {str(one): used[0] for one in outside if str(one) not in split and (used := _overrides_used(one, ground))}
    named = (*map(str, outside), *(call.by for call in calls if call.authorizer))
    if alike := [one for one in named if one not in split and one not in uses]:
        yield f"outside the rollout, called alike by both arms and not counted: {name_some(alike, FEW_NAMED)}"
    if split:
        yield f"outside the rollout and not counted, although the canary runs the release there: {name_some(split, FEW_NAMED)}"
    if unlike := [f"{said} by {variable}" for said, variable in uses.items()]:
        yield f"outside the rollout and not counted, although {DIFFERING}: {name_some(unlike, FEW_NAMED)}"
    others = [
        (f"{one} ({one.integration.kind})", _overrides_used(one, ground))
        for one in definition.methods
        if one.integration and not calls_lambda(one) and one not in outside
    ]
    if alike := [said for said, variables in others if not variables]:
        yield f"answered without a function of the release, alike by both arms, and counted: {name_some(alike, FEW_NAMED)}"
    if unlike := [f"{said} by {variables[0]}" for said, variables in others if variables]:
        yield f"answered without a function of the release, and counted, but {DIFFERING}: {name_some(unlike, FEW_NAMED)}"
    yield from _notes_of_failures(definition, ground)


def find_function_errors(definition: Definition, ground: Ground) -> tuple[str, ...]:
    """The functions whose errors are to be compared as Lambda counts them; none if the access log shows every failure.

    All functions that methods inside the rollout call are counted then: one that the release adds has no invocations by base
    with which its own could be compared.
    """
    if not has_log(ground.target) or not ground.target.metrics.errors or not any(_hiding(definition, ground)):
        return ()
    return tuple(sorted({call.function.name for call in _judged(definition, ground) if call.function}))


def _notes_of_failures(definition: Definition, ground: Ground) -> Iterator[str]:
    """The calls whose failures the access log does not show, and what is compared instead."""
    hiding = [call.by for call in _hiding(definition, ground)]
    if not hiding or not has_log(ground.target):
        return
    functions = find_function_errors(definition, ground)
    yield (
        f"the access log does not show every failure of {name_some(hiding, FEW_NAMED)}: some errors are answered with a status "
        f"below 500, or the function runs after the answer; {_instead(functions)}. The log shows the errors of a call that "
        f"waits, once an integration response with the pattern {EVERY_ERROR} answers them with a 5xx"
    )


def _instead(functions: tuple[str, ...]) -> str:
    if not functions:
        return "nothing else is compared, because the target turns errors off"
    others = f"{FUNCTION_ERRORS} are compared too, the invocations of {', '.join(functions)} that Lambda counts as failed"
    return f"{others}, whoever calls these functions by the two aliases"


def _hiding(definition: Definition, ground: Ground) -> Iterator[Call]:
    return (call for call in _judged(definition, ground) if not call.shows_failures)


def _judged(definition: Definition, ground: Ground) -> Iterator[Call]:
    """The calls of functions by methods inside the rollout, through the alias variable."""
    for call in calls_of(definition):
        is_ours = call.function is not None and call.function.qualifier == through(ground.alias_variable)
        if is_ours and call.authorizer is None and not ground.is_outside(call):
            yield call


def name_some(names: list[str], most: int) -> str:
    """The first `most` names, the rest counted."""
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"


def _outside_problem(call: Call, ground: Ground) -> tuple[str, str] | None:
    """Why a call outside the rollout would differ between the arms; a target's function may, because it has both aliases.

    No call may name a canary alias itself: base's requests would run the release, and pass for invocations of the canary.
    """
    if meant := _named_canary(call, ground):
        return (
            f"it is outside the rollout, but the URI {call.uri} calls the canary alias of {meant}: its requests {FROM_CANARY}",
            "let it call another alias",
        )
    function = call.function
    known = {one.name for one in ground.target.functions}
    if function and function.name in known and function.qualifier == through(ground.alias_variable):
        return None
    variables = _overrides_in(call.uri, ground)
    if not variables:
        return None
    return (
        f"it is outside the rollout, but the URI {call.uri} contains {variables[0]}, which differs between base and canary",
        "write out in the URI what both arms call, or remove it from the target's outside",
    )


def _overrides_used(method: Method, ground: Ground) -> list[str]:
    """The variables that a method's integration depends on and whose values differ between base and canary."""
    return find_used(method.integration, ground.overrides) if method.integration else []


def _named_canary(call: Call, ground: Ground) -> str | None:
    """The target's function whose canary alias a call names in both arms."""
    meant = replace(call, uri=_with_variables(call.uri, ground)).function
    if meant is None or (ground.place and meant.place != ground.place):
        return None
    canaries = {(one.name, one.canary) for one in ground.target.functions}
    return meant.name if (meant.name, meant.qualifier) in canaries else None


def _overrides_in(uri: str, ground: Ground) -> list[str]:
    """The variables in a URI whose values differ between base and canary."""
    return sorted(name for name in ground.overrides if through(name) in uri)


def _inside_problem(call: Call, ground: Ground) -> tuple[str, str] | None:
    function = call.function
    if function is None:
        return _unreadable_problem(call, ground)
    faults = [*_faults(function, ground), *_faults_of_region(call, function, ground)]
    fixes = [f"write {_wanted_uri(call, function, ground)}"] if faults else []
    if _is_unknown(function, ground):
        name = _resolved(function.name, ground)
        faults.append(f"names {name}, which is not one of the functions of target {ground.target.name}")
        fixes.append(_line_to_add(name, ground.target))
    if not faults:
        return None
    alike = f"or, if both arms should call it alike, write out an alias and add it to the target's outside{_whole(call)}"
    return f"the URI {call.uri} {' and '.join(faults)}", f"{' and '.join(fixes)}; {alike}"


def _whole(call: Call) -> str:
    """The hint that an ANY is outside with all its methods or not at all."""
    return ", without methods, because it is an ANY" if any(verb == ANY for _, verb in call.routes) else ""


def _unreadable_problem(call: Call, ground: Ground) -> tuple[str, str]:
    """A URI that does not name a function as written; it may once the stage's variables are filled in."""
    meant = replace(call, uri=_with_variables(call.uri, ground)).function
    fix = f"write {_wanted_uri(call, meant, ground)}"
    if meant:
        return f"the URI {call.uri} builds the function's ARN from a stage variable", fix
    return f"the URI {call.uri or '(none)'} is not that of a Lambda function", fix


def _faults(function: FunctionName, ground: Ground) -> Iterator[str]:
    """What is wrong with how the URI names a function, apart from which function it is."""
    if "${" in function.name:
        yield "builds the function's name from a stage variable"
    if place := ground.place:
        yield from _faults_of_place(function.place, place)
    if function.qualifier != through(ground.alias_variable) and "${" not in function.name:
        yield f"{_qualifier_found(function.qualifier)} instead of the stage variable {ground.alias_variable}"


def _faults_of_place(found: Place, wanted: Place) -> Iterator[str]:
    if "${" in f"{found}{found.partition}":
        yield "builds the account or Region from a stage variable"
    elif found != wanted:
        yield f"names a function of {found}, but the target's functions are in {wanted}"


def _faults_of_region(call: Call, function: FunctionName, ground: Ground) -> Iterator[str]:
    """A function in the target's place that is called in another Region, where Lambda does not find it."""
    place = ground.place
    if place is None or any(_faults_of_place(function.place, place)):
        return
    partition, region = (_with_variables(part, ground) for part in call.goes_to)
    if (partition, region) != (place.partition, place.region):
        yield f"calls Lambda in {region} ({partition}), but the target's functions are in {place.region} ({place.partition})"


def _qualifier_found(qualifier: str | None) -> str:
    match qualifier:
        case None | "":
            return "names no alias"
        case _ if "${" in qualifier:
            return f"takes the alias from {qualifier}"
        case _ if qualifier.isdecimal() or qualifier == "$LATEST":
            return f"names version {qualifier}"
        case _:
            return f"names the alias {qualifier}"


def _is_unknown(function: FunctionName, ground: Ground) -> bool:
    """Whether it is a function that the target could list and does not."""
    if ground.place and any(_faults_of_place(function.place, ground.place)):
        return False
    name = _resolved(function.name, ground)
    return "${" not in name and name not in {one.name for one in ground.target.functions}


def _resolved(name: str, ground: Ground) -> str:
    """A function's name with the stage's variables filled in, without an alias that they may contain."""
    return _with_variables(name, ground).partition(":")[0]


def _with_variables(text: str, ground: Ground) -> str:
    for variable, value in ground.variables.items():
        text = text.replace(through(variable), value)
    return text


def _wanted_uri(call: Call, function: FunctionName | None, ground: Ground) -> str:
    place = ground.place or (function.place if function else Place("aws", "<region>", "<account>"))
    name = _resolved(function.name, ground) if function else "<function>"
    return call.with_function(place, "<function>" if "${" in name else name, through(ground.alias_variable))


def _line_to_add(name: str, target: Target) -> str:
    example = target.functions[0]
    return f"add - {{name: {name}, live: {example.live}, canary: {example.canary}}} to functions in the target file"
