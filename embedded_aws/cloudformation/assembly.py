"""Deploys a synthesised CDK app (its ``cdk.out`` folder) with boto3: assets to S3, then the stacks in dependency order.

It covers the part of `cdk deploy` that the embedded AWS needs, and runs no Node.js. It creates the assets bucket and the
version parameter of the CDK bootstrap stack where they are missing. It does not use the bootstrap roles.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from embedded_aws.awslambda.zips import zip_of
from embedded_aws.cloudformation.template import in_order
from embedded_aws.wire.connection import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from embedded_aws.wire.connection import Connect

STACK = "aws:cloudformation:stack"
ASSETS = "cdk:asset-manifest"
NESTED = "cdk:cloud-assembly"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_DEAD = frozenset({"ROLLBACK_COMPLETE", "CREATE_FAILED"})


class DeployError(Exception):
    """A stack could not be deployed or deleted; the text contains each resource's reason."""


@dataclass(frozen=True, slots=True)
class _Stack:
    """One stack of the cloud assembly."""

    name: str
    template: Mapping[str, str]
    tags: Mapping[str, str]
    is_protected: bool
    version_parameter: str | None
    version: int
    assets: tuple[Path, ...]


def deploy(connect: Connect, cdk_out: Path | str, *, stacks: Collection[str] | None = None) -> dict[str, dict[str, str]]:
    """Deploy the assembly's stacks, or only the named ones; returns the outputs of each stack by stack name.

    Raises:
        DeployError: a stack failed; the stacks deployed before it stay.
    """
    place = Place.find(connect)
    outputs = {}
    for stack in _read(Path(cdk_out), place, stacks):
        _bootstrap(connect, stack)
        for manifest in stack.assets:
            _upload(connect, manifest, place)
        outputs[stack.name] = _deploy(connect, stack)
    return outputs


def destroy(connect: Connect, cdk_out: Path | str, *, stacks: Collection[str] | None = None) -> None:
    """Delete the assembly's stacks, or only the named ones, each before the stacks that it depends on.

    Raises:
        DeployError: a stack could not be deleted; it and the stacks that it depends on stay.
    """
    client = connect("cloudformation")
    for stack in reversed(_read(Path(cdk_out), Place.find(connect), stacks)):
        found = _describe(connect, stack.name)
        if found is None:
            continue
        client.delete_stack(StackName=found["StackId"])
        status = client.describe_stacks(StackName=found["StackId"])["Stacks"][0]
        if status["StackStatus"] != "DELETE_COMPLETE":
            raise DeployError(_why(connect, status))


def _read(cdk_out: Path, place: Place, wanted: Collection[str] | None) -> list[_Stack]:
    """The requested stacks, each after those that it depends on."""
    artifacts: dict[str, Any] = json.loads((cdk_out / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    if nested := [name for name, artifact in artifacts.items() if artifact["type"] == NESTED]:
        raise DeployError(f"{cdk_out} contains nested assemblies ({', '.join(nested)}); deploy each folder separately")
    stacks = {name: artifact for name, artifact in artifacts.items() if artifact["type"] == STACK}
    needs = {name: [each for each in artifact.get("dependencies", []) if each in stacks] for name, artifact in stacks.items()}
    found = [_stack(cdk_out, artifacts, name, place) for name in in_order(needs)]
    unknown = sorted(set(wanted or ()) - {stack.name for stack in found})
    if unknown:
        raise DeployError(f"{cdk_out} has no stack {', '.join(unknown)}; it has {', '.join(stack.name for stack in found)}")
    return [stack for stack in found if wanted is None or stack.name in wanted]


def _stack(cdk_out: Path, artifacts: Mapping[str, Any], name: str, place: Place) -> _Stack:
    properties = artifacts[name]["properties"]
    manifests = (artifacts[each] for each in artifacts[name].get("dependencies", []) if artifacts[each]["type"] == ASSETS)
    return _Stack(
        name=properties.get("stackName", name),
        template=_template(cdk_out, properties, place),
        tags=properties.get("tags", {}),
        is_protected=properties.get("terminationProtection", False),
        version_parameter=properties.get("bootstrapStackVersionSsmParameter"),
        version=properties.get("requiresBootstrapStackVersion", 0),
        assets=tuple(cdk_out / manifest["properties"]["file"] for manifest in manifests),
    )


def _template(cdk_out: Path, properties: Mapping[str, Any], place: Place) -> dict[str, str]:
    """The template as CloudFormation takes it: its URL in S3, or its text if the assembly has no URL for it."""
    if "stackTemplateAssetObjectUrl" not in properties:
        return {"TemplateBody": (cdk_out / properties["templateFile"]).read_text(encoding="utf-8")}
    path = _fill(properties["stackTemplateAssetObjectUrl"], place).removeprefix("s3://")
    return {"TemplateURL": f"https://s3.{place.region}.amazonaws.com/{path}"}


def _bootstrap(connect: Connect, stack: _Stack) -> None:
    client = connect("ssm")
    if stack.version_parameter is None:
        return
    try:
        client.get_parameter(Name=stack.version_parameter)
    except client.exceptions.ParameterNotFound:
        client.put_parameter(Name=stack.version_parameter, Type="String", Value=str(stack.version))


def _upload(connect: Connect, manifest: Path, place: Place) -> None:
    """Upload each file of the manifest to each of its destinations; a key is a content hash, so an existing object is kept."""
    client = connect("s3")
    for asset in json.loads(manifest.read_text(encoding="utf-8"))["files"].values():
        for destination in asset["destinations"].values():
            bucket, key = _fill(destination["bucketName"], place), _fill(destination["objectKey"], place)
            _make_bucket(client, bucket, place.region)
            if client.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"] == 0:
                client.put_object(Bucket=bucket, Key=key, Body=_content(manifest.parent, **asset["source"]))


def _make_bucket(client: Any, bucket: str, region: str) -> None:  # noqa: ANN401 - boto3's
    if bucket not in {each["Name"] for each in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})


def _content(cdk_out: Path, *, path: str, packaging: str = "file") -> bytes:
    source = cdk_out / path
    return _zipped(source) if packaging == "zip" else source.read_bytes()


@cache
def _zipped(folder: Path) -> bytes:
    """The folder as a zip; equal files give equal bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return zip_of({file.relative_to(folder).as_posix(): file.read_bytes() for file in files})


def _deploy(connect: Connect, stack: _Stack) -> dict[str, str]:
    client = connect("cloudformation")
    found = _describe(connect, stack.name)
    if found and found["StackStatus"] in _DEAD:
        client.delete_stack(StackName=stack.name)
        found = None
    asked = {
        "StackName": stack.name,
        **stack.template,
        "Capabilities": CAPABILITIES,
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
    }
    if found:
        _update(client, asked)
    else:
        client.create_stack(**asked)
    client.update_termination_protection(StackName=stack.name, EnableTerminationProtection=stack.is_protected)
    described = client.describe_stacks(StackName=stack.name)["Stacks"][0]
    if described["StackStatus"] not in _GOOD:
        raise DeployError(_why(connect, described))
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _update(client: Any, asked: Mapping[str, Any]) -> None:  # noqa: ANN401 - boto3's
    try:
        client.update_stack(**asked)
    except ClientError as error:
        if error.response["Error"].get("Message") != "No updates are to be performed.":
            raise


def _describe(connect: Connect, name: str) -> dict[str, Any] | None:
    stacks = connect("cloudformation").get_paginator("describe_stacks").paginate()
    return next((stack for page in stacks for stack in page["Stacks"] if stack["StackName"] == name), None)


def _why(connect: Connect, stack: Mapping[str, Any]) -> str:
    events = connect("cloudformation").describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    reasons = "; ".join(_reasons(events))
    return (
        f"stack {stack['StackName']} is {stack['StackStatus']}: {reasons or stack.get('StackStatusReason', 'no reason given')}"
    )


def _reasons(events: list[dict[str, Any]]) -> Iterator[str]:
    """Why resources failed in the last operation on the stack."""
    for event in events:
        if event.get("ResourceStatusReason") == "User Initiated":
            return
        if event["ResourceStatus"].endswith("_FAILED") and event["ResourceType"] != "AWS::CloudFormation::Stack":
            yield f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"


def _fill(text: str, place: Place) -> str:
    """Replace the placeholders of an assembly that was synthesised for any account and Region."""
    names = {"AWS::AccountId": place.account, "AWS::Region": place.region, "AWS::Partition": "aws"}
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
    return text
