"""Why the sample does not follow some rules of cdk-nag. An app with real callers must decide these for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from canary_cdk.permissions import readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import IConstruct

LOG_POLICY = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
RULE = "AwsSolutions-{}"
ACTION = "AwsSolutions-IAM5[Action::{}]"
RESOURCE = "AwsSolutions-IAM5[Resource::{}]"

OF_FUNCTIONS = {
    f"AwsSolutions-IAM4[Policy::{LOG_POLICY}]": "Lambda's own policy for writing a function's log",
    RESOURCE.format("*"): "X-Ray's actions have no resources to name",
    RULE.format("L1"): "the sample was tested with this runtime and no newer one",
}
OF_THE_API = {
    RULE.format("APIG2"): "the function itself validates orders and says what is wrong, which API Gateway cannot",
    RULE.format("APIG3"): "the owner of an API decides whether it needs a web ACL; the sample has no callers",
    RULE.format("APIG4"): "the sample has no callers to authorise",
    RULE.format("APIG6"): "the access log contains what is judged; execution logs would show request bodies",
    RULE.format("COG4"): "the sample has no callers to authorise",
}
OF_THE_PIPELINE = {
    RULE.format("CB4"): "the artifacts are rollout.json and public source; S3's own encryption is enough for them",
    RULE.format("S1"): "the bucket holds build artifacts for ninety days; CloudTrail records who reads them",
    **{
        ACTION.format(f"s3:{verb}*"): "CDK grants a pipeline action this on the artifacts' bucket only"
        for verb in ("Abort", "DeleteObject", "GetBucket", "GetObject", "List")
    },
}


def accept(scope: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings of cdk-nag, with their reasons, for everything in the scope."""
    for finding, reason in reasons.items():
        cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


def accept_resource(scope: IConstruct, resource: str, reason: str) -> None:
    """Acknowledge, with the reason, that a role in the scope may act on more than one resource."""
    accept(scope, {RESOURCE.format(readable(cdk.Stack.of(scope).resolve(resource))): reason})
