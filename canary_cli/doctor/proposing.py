"""Proposes the target that a stage could be, for an API that no controller knows yet. It only reads.

Functions, alias variable and access log are those that the API already uses; where it has none, the names of the
documentation are proposed. A proposal is parsed like a target's file, so that it can become one.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.aws.definitions import DefinitionReader
from canary.edge.target import require_target
from canary.rules.definitions.integrations import FunctionName, calls_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from canary.rules.targets.target import Target

ALIAS_VARIABLE, LIVE, CANARY, NEXT = "lambdaAlias", "live", "canary", "next"
LONGEST_NAME = 40
LOG_GROUPS = "/aws/apigateway/"
VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")

Json = dict[str, Any]


def read_proposal(apigateway: Any, rest_api_id: str, stage_name: str) -> Json | None:  # noqa: ANN401 - botocore's
    """The proposed target as a file's mapping; None if no method of the API calls a Lambda function.

    Raises:
        AwsRefusedError: the stage or the definition cannot be read.

    """
    with refusals(f"aws apigateway get-stage --rest-api-id {rest_api_id} --stage-name {stage_name}"):
        stage: Json = apigateway.get_stage(restApiId=rest_api_id, stageName=stage_name)
    reader = DefinitionReader(apigateway, rest_api_id)
    called = [call.function for call in calls_of(reader.read_present()) if call.function]
    variables: Mapping[str, str] = stage.get("variables", {})
    log = str(stage.get("accessLogSettings", {}).get("destinationArn", "")).partition(":log-group:")[2]
    return propose(str(reader.api["name"]), rest_api_id, stage_name, called, variables, log.removesuffix(":*"))


def propose(
    api_name: str,
    rest_api_id: str,
    stage_name: str,
    called: Iterable[FunctionName],
    variables: Mapping[str, str],
    log_group: str,
) -> Json | None:
    """A target's mapping. `called`: the functions as the definition names them; `log_group`: the stage's, empty without one."""
    found = [*called]
    names = [*dict.fromkeys(_names(found, variables))]
    if not names:
        return None
    variable = _variable_of(found)
    live = variables.get(variable or ALIAS_VARIABLE) or _alias_of(found) or LIVE
    name = _slug(api_name)
    return {
        "name": name,
        "stage": {"rest_api_id": rest_api_id, "stage_name": stage_name, "alias_variable": variable or ALIAS_VARIABLE},
        "functions": [{"name": one, "live": live, "canary": NEXT if live == CANARY else CANARY} for one in names],
        "access_log_group": log_group or f"{LOG_GROUPS}{name}-{stage_name}",
    }


def target_of(proposal: Json) -> Target:
    """The proposed target as the rules know it."""
    return require_target(proposal)


def file_of(proposal: Json) -> str:
    """The proposal as the text of a target's file."""
    stage = proposal["stage"]
    lines = [
        f"name: {proposal['name']}",
        "stage:",
        f'  rest_api_id: "{stage["rest_api_id"]}"',
        f'  stage_name: "{stage["stage_name"]}"',
        f"  alias_variable: {stage['alias_variable']}",
        "functions:",
        *(f'  - {{name: "{one["name"]}", live: "{one["live"]}", canary: "{one["canary"]}"}}' for one in proposal["functions"]),
        f'access_log_group: "{proposal["access_log_group"]}"',
        "policy: standard",
    ]
    return "\n".join(lines) + "\n"


def _names(called: Iterable[FunctionName], variables: Mapping[str, str]) -> Iterator[str]:
    """The functions' names, with the stage's variables filled in."""
    for one in called:
        name = VARIABLE.sub(lambda found: variables.get(found[1], found[0]), one.name).partition(":")[0]
        if "${" not in name:
            yield name


def _variable_of(called: Iterable[FunctionName]) -> str | None:
    """The stage variable by which most calls name the alias."""
    found = Counter(match[1] for one in called if (match := VARIABLE.fullmatch(one.qualifier or "")))
    return found.most_common(1)[0][0] if found else None


def _alias_of(called: Iterable[FunctionName]) -> str | None:
    """The alias that every call names literally; None if they differ, or name a version."""
    found = {one.qualifier or "" for one in called}
    alias = found.pop() if len(found) == 1 else ""
    return alias if re.fullmatch(r"[A-Za-z_-][\w-]*", alias) else None


def _slug(api_name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", api_name.lower()).strip("-")
    return (words if re.match("[a-z]", words) else f"api-{words}")[:LONGEST_NAME].strip("-")
