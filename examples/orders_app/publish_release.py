r"""The build's last step: publishes a version of each function, freezes the API's definition, and writes the rollout's input.

    python -m examples.orders_app.publish_release --target orders --rest-api a1b2c3d4e5 \
        --functions orders-read orders-write --reason "$CODEBUILD_RESOLVED_SOURCE_VERSION" --output rollout.json

If it runs twice, it names the same release: Lambda publishes nothing if nothing changed (docs/aws.md#publish-unchanged), and
the fingerprint in a deployment's description identifies a definition that was frozen before. So a pipeline stage that is
retried, or rolled back to this build, asks for what is already live. The controller computes the same fingerprint, and knows
by it what a deployment froze. This script moves no traffic.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from canary.aws.definitions import DefinitionReader
from canary.rules.definitions.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8})
"""API Gateway accepts one deployment per account in five seconds (docs/aws.md#control-plane-limits)."""

MARK = "build"
LONGEST_REASON = 500


class DefinitionMovedError(Exception):
    """Someone changed the API while the build froze its definition."""


@dataclass(frozen=True, slots=True)
class Build:
    """What was built: the target's name, its API and functions, and the reason."""

    target: str
    rest_api_id: str
    functions: tuple[str, ...]
    reason: str = ""


def publish_release(build: Build, *, gateway: Any, functions: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's clients
    """The input of the rollout of this build, which names every version and the deployment.

    Raises:
        DefinitionMovedError: the API was changed in the meantime.

    """
    versions = {name: publish_version(functions, name) for name in build.functions}
    release = {"functions": versions, "deployment": freeze_definition(gateway, build.rest_api_id)}
    reason = {"reason": build.reason[:LONGEST_REASON]} if build.reason else {}
    return {"target": build.target, "release": release, **reason}


def publish_version(client: Any, function: str) -> str:  # noqa: ANN401 - boto3's client
    """The version of the function's present code and configuration; it already exists if nothing changed."""
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    return str(client.publish_version(FunctionName=function)["Version"])


def freeze_definition(client: Any, rest_api_id: str) -> str:  # noqa: ANN401 - boto3's client
    """The id of a deployment of the API's present definition, attached to no stage.

    Raises:
        DefinitionMovedError: the definition differs from the one that was read before.

    """
    mark = f"{MARK} {_fingerprint(client, rest_api_id)}"
    pages = client.get_paginator("get_deployments").paginate(restApiId=rest_api_id)
    known = [one["id"] for page in pages for one in page["items"] if one.get("description") == mark]
    if known:
        return str(known[0])
    made = str(client.create_deployment(restApiId=rest_api_id, description=MARK)["id"])
    # Marked only after this check, so that no deployment has a mark that does not fit it.
    if mark != f"{MARK} {_fingerprint(client, rest_api_id)}":
        raise DefinitionMovedError(
            f"the API {rest_api_id} was changed while it was being frozen; build again when nobody deploys it"
        )
    marking = {"op": "replace", "path": "/description", "value": mark}
    client.update_deployment(restApiId=rest_api_id, deploymentId=made, patchOperations=[marking])
    return made


def _fingerprint(client: Any, rest_api_id: str) -> str:  # noqa: ANN401 - boto3's client
    """The fingerprint of the API's present definition, as the controller computes it."""
    return fingerprint(DefinitionReader(client, rest_api_id).read_present())


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="publish_release", description="Publish a release and write its rollout's input.")
    parser.add_argument("--target", required=True, help="the target's name")
    parser.add_argument("--rest-api", required=True, help="the REST API's id")
    parser.add_argument("--functions", required=True, nargs="+", help="the functions' names")
    parser.add_argument("--reason", default="", help="the reason, for the record: a commit, a ticket")
    parser.add_argument("--output", default="rollout.json", type=Path, help="the file to write")
    given = parser.parse_args(arguments)
    build = Build(given.target, given.rest_api, tuple(given.functions), given.reason)
    release = publish_release(
        build, gateway=boto3.client("apigateway", config=PATIENT), functions=boto3.client("lambda", config=PATIENT)
    )
    given.output.write_text(json.dumps(release, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{given.output}: {json.dumps(release)}\n")


if __name__ == "__main__":
    main()
