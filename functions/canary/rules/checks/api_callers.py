"""Which methods and authorizers of an API call each function, from the definition that a release brings.

That definition calls the canary aliases while the canary has traffic, and the live aliases from the promotion on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.checks.callers import Caller
from canary.rules.definitions.integrations import callers_of
from canary.rules.releases.problems import Problem
from canary.rules.releases.readings import Reading, is_promoted_last, read_release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.definitions.definition import Definition
    from canary.rules.definitions.integrations import Callers
    from canary.rules.releases.readings import Definitions
    from canary.rules.targets.target import Stage


def callers_of_release(deployment: str | None, definitions: Definitions, stage: Stage) -> Mapping[str, tuple[Caller, ...]]:
    """By function name, the callers in the release's definition that use the alias variable and need a permission.

    `deployment` is the release's own. Empty if the definition cannot be read, which is reported as a separate problem.
    """
    read = read_release(deployment, definitions, stage)
    if isinstance(read, Problem):
        return {}
    is_frozen = read.reading is not Reading.PRESENT or is_promoted_last(definitions)
    return callers_in(read.definition, stage, is_frozen=is_frozen)


def callers_in(definition: Definition, stage: Stage, *, is_frozen: bool = False) -> Mapping[str, tuple[Caller, ...]]:
    """The same for a definition.

    ``is_frozen``: an existing deployment serves it. The API's authorizers may have got other ids since that was made
    (docs/aws.md#overwrite-keeps-ids), and no call reads the ids in a deployment.
    """
    found = callers_of(definition, stage.alias_variable)
    return {function: tuple(_callers(function, callers, stage, is_frozen=is_frozen)) for function, callers in found.items()}


def _callers(function: str, callers: Callers, stage: Stage, *, is_frozen: bool) -> Iterator[Caller]:
    """A caller with its own credentials needs no permission on the function (docs/aws.md#integration-credentials)."""
    for method in callers.methods:
        if not method.has_credentials:
            yield Caller(function, f"{stage.stage_name}/{method.http_method}{method.path}")
    for authorizer in callers.authorizers:
        if authorizer.authorizer_id and not authorizer.has_credentials:
            yield Caller(function, f"authorizers/{authorizer.authorizer_id}", is_id_guessed=is_frozen)
