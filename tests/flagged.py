"""Code that a stage variable switches, for the orders' functions: each answer has its version's name and the flag it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.awslambda.zips import zip_of

if TYPE_CHECKING:
    from embedded_aws.dataplane.served import Served
    from tests.rig import Rig

FLAG = "newCheckout"
CODE = """
def handler(event, context):
    flag = (event["stageVariables"] or {{}}).get("{flag}", "off")
    return {{"statusCode": 500 if flag == {bad!r} else 200, "body": "{name} " + flag}}
"""


def publish(rig: Rig, name: str, *, bad: str | None = None) -> dict[str, str]:
    """A version of each function that answers with its name and the flag, and fails while the flag has the value `bad`."""
    client, versions = rig.aws.client("lambda"), {}
    for function in rig.target.functions:
        code = _zip(function.name.replace("-", "_"), CODE.format(flag=FLAG, bad=bad, name=name))
        client.update_function_code(FunctionName=function.name, ZipFile=code)
        versions[function.name] = client.publish_version(FunctionName=function.name)["Version"]
    return versions


def make_base(rig: Rig, name: str, *, bad: str | None = None) -> dict[str, str]:
    """Such a version as everything that the target runs."""
    versions = publish(rig, name, bad=bad)
    for function in rig.target.functions:
        for alias in (function.live, function.canary):
            rig.aws.client("lambda").update_alias(
                FunctionName=function.name, Name=alias, FunctionVersion=versions[function.name]
            )
    rig.settle(60)
    rig.served.clear()
    return versions


def variables_alone(versions: dict[str, str], flag: str) -> dict[str, object]:
    """A release that brings only a flag."""
    return {"functions": versions, "deployment": "unchanged", "variables": {FLAG: flag}}


def patch(rig: Rig, op: str, path: str, **value: str) -> None:
    """Someone else changes the stage."""
    stage = rig.target.stage
    operations = [{"op": op, "path": path, **value}]
    rig.aws.client("apigateway").update_stage(
        restApiId=stage.rest_api_id, stageName=stage.stage_name, patchOperations=operations
    )


def seen(rig: Rig, arm: str | None = None) -> set[str]:
    """The names in the answers of one arm, or of both."""
    return {one.body for one in rig.served if arm is None or one.arm == arm}


def failed(served: list[Served], arm: str) -> int:
    return sum(one.status >= 500 for one in served if one.arm == arm)


def _zip(module: str, text: str) -> bytes:
    return zip_of({"orders/__init__.py": "", f"orders/{module}.py": text})
