"""Why the sample does not follow some rules of cdk-nag. An app that has callers of its own answers these for itself."""

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
    RULE.format("L1"): "the runtime is the newest that the sample was tried with",
}
OF_THE_API = {
    RULE.format("APIG2"): "the function says what is wrong with an order, in words that API Gateway does not have",
    RULE.format("APIG3"): "whether a web ACL belongs before an API is for its owner to say; the sample has no callers",
    RULE.format("APIG4"): "the sample has no callers, so nobody to authorise",
    RULE.format("APIG6"): "the access log has what is judged; execution logs would show bodies",
    RULE.format("COG4"): "the sample has no callers, so nobody to authorise",
}
OF_THE_PIPELINE = {
    RULE.format("CB4"): "the artifacts are rollout.json and public source; S3's own encryption does for them",
    RULE.format("S1"): "the bucket holds one build's artifacts for ninety days; CloudTrail tells who read them",
    **{
        ACTION.format(f"s3:{verb}*"): "CDK grants an action of the pipeline this on the artifacts' bucket alone"
        for verb in ("Abort", "DeleteObject", "GetBucket", "GetObject", "List")
    },
}


def accept(scope: IConstruct, reasons: Mapping[str, str]) -> None:
    """Tell cdk-nag the reasons, for everything in the scope."""
    for finding, reason in reasons.items():
        cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


def accept_resource(scope: IConstruct, resource: str, reason: str) -> None:
    """Tell cdk-nag why a role in the scope may act on more than one resource."""
    accept(scope, {RESOURCE.format(readable(cdk.Stack.of(scope).resolve(resource))): reason})
