"""Where a release's definition is read from, and whether that is enough to start.

No AWS call reads a deployment that no stage serves (docs/aws.md#export-document). So a definition is known from one of three
sources: the API's resources before they are frozen; the export of a stage that serves it; or a fingerprint that was recorded
when the deployment was made and equals that of one of the first two (docs/decisions/0016-what-a-definition-is-read-from.md).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.definitions.definition import Definition
from canary.rules.definitions.fingerprint import fingerprint, is_current, serve_alike
from canary.rules.definitions.routes import Route, are_alike, routes_of
from canary.rules.releases.problems import Problem
from canary.rules.releases.release import PRESENT, UNCHANGED

if TYPE_CHECKING:
    from canary.rules.targets.target import Stage


class Reading(enum.StrEnum):
    """Where a release's definition was read from."""

    PRESENT = "present"
    STAGE_EXPORT = "stage_export"
    RECORDED_FINGERPRINT = "recorded_fingerprint"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment.

    ``definition``: from the export of a stage that serves it; None if no stage does or the export cannot be read.
    ``unreadable``: why the export cannot be read, in AWS's words. ``routes``: those of its summary, if that was read.
    ``recorded``: its fingerprint, from the target's lock or from its own description.
    """

    deployment_id: str
    definition: Definition | None = None
    unreadable: str = ""
    routes: tuple[Route, ...] = ()
    recorded: str | None = None

    @property
    def known_routes(self) -> tuple[Route, ...]:
        """Its routes, with what answers them if the definition is known."""
        return routes_of(self.definition) if self.definition else self.routes


@dataclass(frozen=True, slots=True)
class Definitions:
    """What was read: base's deployment, the API's present definition (None if it was not needed), and the named deployment.

    ``named`` is None unless the release names a deployment other than base's.
    """

    base: Deployed
    present: Definition | None = None
    named: Deployed | None = None


@dataclass(frozen=True, slots=True)
class ReadDefinition:
    """The definition that a release brings, and where it was read from."""

    reading: Reading
    definition: Definition


def is_promoted_last(definitions: Definitions) -> bool:
    """Whether the present definition is the one that base serves, according to base's recorded fingerprint.

    Base's export is compared instead in two cases: these rules are newer than the record, so that an upgrade does not start a
    rollout; or the record is the fingerprint of that export, which may lack what no method uses.
    """
    base, present = definitions.base, definitions.present
    if present is None or base.recorded is None:
        return False
    if base.recorded == fingerprint(present):
        return True
    if base.definition is None or (is_current(base.recorded) and base.recorded != fingerprint(base.definition)):
        return False
    return serve_alike(base.definition, present)


def is_served_by_base(definitions: Definitions, stage: Stage) -> bool:
    """Whether the deployment that the release names has the same definition as base's deployment."""
    named, base = definitions.named, definitions.base
    found = _of_named(named, definitions, stage) if named else None
    if not isinstance(found, ReadDefinition):
        return False
    return base.recorded == fingerprint(found.definition) or (
        base.definition is not None and serve_alike(base.definition, found.definition)
    )


def read_release(wanted: str | None, definitions: Definitions, stage: Stage) -> ReadDefinition | Problem:
    """The definition that a release's deployment (an id, PRESENT, UNCHANGED or None) brings, or why it cannot be known."""
    if wanted in {None, PRESENT}:
        return _present(definitions, stage)
    if definitions.named is None:
        return _of_base(definitions, stage)
    return _of_named(definitions.named, definitions, stage)


def _present(definitions: Definitions, stage: Stage) -> ReadDefinition | Problem:
    if definitions.present is None:
        raise ValueError(f"the present definition of API {stage.rest_api_id} was not read")
    return ReadDefinition(Reading.PRESENT, definitions.present)


def _of_base(definitions: Definitions, stage: Stage) -> ReadDefinition | Problem:
    base = definitions.base
    if base.definition:
        return ReadDefinition(Reading.STAGE_EXPORT, base.definition)
    return _by_fingerprint(base, definitions) or Problem(
        "release.deployment",
        f"what deployment {base.deployment_id} serves cannot be read: {base.unreadable}",
        f"release {PRESENT}, which is read from the API's resources, or make the stage {stage.stage_name} exportable",
    )


def _of_named(named: Deployed, definitions: Definitions, stage: Stage) -> ReadDefinition | Problem:
    if named.definition and are_alike(routes_of(named.definition), named.routes):
        return ReadDefinition(Reading.STAGE_EXPORT, named.definition)
    if found := _by_fingerprint(named, definitions):
        return found
    why = (
        f": {named.unreadable}"
        if named.unreadable
        else ", because no stage serves it and its recorded fingerprint matches no definition that can be read"
    )
    return Problem(
        "release.deployment",
        f"what is in deployment {named.deployment_id} cannot be read{why}",
        f"release {PRESENT} or {UNCHANGED}, or make a stage that serves it and start again: aws apigateway create-stage "
        f"--rest-api-id {stage.rest_api_id} --stage-name read-{named.deployment_id} --deployment-id {named.deployment_id}",
    )


def _by_fingerprint(deployed: Deployed, definitions: Definitions) -> ReadDefinition | None:
    """A readable definition with the deployment's recorded fingerprint, if the deployment's routes agree with it."""
    candidates = (one for one in (definitions.present, definitions.base.definition) if one)
    for one in candidates:
        if deployed.recorded == fingerprint(one) and are_alike(routes_of(one), deployed.routes):
            return ReadDefinition(Reading.RECORDED_FINGERPRINT, one)
    return None
