r"""The build's last step: publishes a version of each function, freezes the API's definition, and writes what to roll out.

    python -m examples.orders_app.publish_release --target orders --rest-api a1b2c3d4e5 \
        --functions orders-read orders-write --reason "$CODEBUILD_RESOLVED_SOURCE_VERSION" --output rollout.json

Run twice, it names the same release: Lambda publishes nothing where nothing changed (docs/aws.md#publish-unchanged), and a
definition that was frozen before is found again by its fingerprint in the deployment's description. So a stage of the
pipeline that is retried, or rolled back to this build, asks for what is live already. The controller knows what a deployment
froze by the same fingerprint, which is its own. It moves no traffic.
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
"""API Gateway takes one deployment in five seconds from an account (docs/aws.md#control-plane-limits)."""

MARK = "build"
LONGEST_REASON = 500


class DefinitionMovedError(Exception):
    """Somebody changed the API while the build froze it."""


@dataclass(frozen=True, slots=True)
class Build:
    """What was built: the target's name, its API and functions, and why."""

    target: str
    rest_api_id: str
    functions: tuple[str, ...]
    reason: str = ""


def publish_release(build: Build, *, gateway: Any, functions: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's clients
    """The input of the rollout that brings this build to its target, with every version and the deployment named.

    Raises:
        DefinitionMovedError: the API was changed meanwhile.

    """
    versions = {name: publish_version(functions, name) for name in build.functions}
    release = {"functions": versions, "deployment": freeze_definition(gateway, build.rest_api_id)}
    reason = {"reason": build.reason[:LONGEST_REASON]} if build.reason else {}
    return {"target": build.target, "release": release, **reason}


def publish_version(client: Any, function: str) -> str:  # noqa: ANN401 - boto3's client
    """The version of the function's present code and configuration, which exists already if nothing changed."""
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    return str(client.publish_version(FunctionName=function)["Version"])


def freeze_definition(client: Any, rest_api_id: str) -> str:  # noqa: ANN401 - boto3's client
    """The id of a deployment of the API's present definition, attached to no stage.

    Raises:
        DefinitionMovedError: the definition is not the one that was read before.

    """
    mark = f"{MARK} {_fingerprint(client, rest_api_id)}"
    pages = client.get_paginator("get_deployments").paginate(restApiId=rest_api_id)
    known = [one["id"] for page in pages for one in page["items"] if one.get("description") == mark]
    if known:
        return str(known[0])
    made = str(client.create_deployment(restApiId=rest_api_id, description=MARK)["id"])
    # Marked only now, so that no mark says of a deployment what it is not.
    if mark != f"{MARK} {_fingerprint(client, rest_api_id)}":
        raise DefinitionMovedError(f"the API {rest_api_id} was changed while it was frozen; build again when nobody deploys it")
    marking = {"op": "replace", "path": "/description", "value": mark}
    client.update_deployment(restApiId=rest_api_id, deploymentId=made, patchOperations=[marking])
    return made


def _fingerprint(client: Any, rest_api_id: str) -> str:  # noqa: ANN401 - boto3's client
    """The fingerprint that the controller, too, knows the API's present definition by."""
    return fingerprint(DefinitionReader(client, rest_api_id).read_present())


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="publish_release", description="Publish a release and write its rollout's input.")
    parser.add_argument("--target", required=True, help="the target's name")
    parser.add_argument("--rest-api", required=True, help="the REST API's id")
    parser.add_argument("--functions", required=True, nargs="+", help="the functions' names")
    parser.add_argument("--reason", default="", help="why, for the record: a commit, a ticket")
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
