"""The resources of the CDK's bootstrap stack, and the short forms of YAML in which people write templates."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from embedded_aws.cloudformation.template_text import read_text
from embedded_aws.embedded import EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


def a_template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def status(aws: EmbeddedAws) -> str:
    return str(aws.client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]["StackStatus"])


def test_short_forms_of_yaml_mean_what_the_long_forms_mean() -> None:
    text = """
a: !Ref A
b: !GetAtt B.Outputs.C
c: !Sub "${A}-x"
d: !Join ["-", [!Ref A, b]]
e: !If [Cond, !GetAtt [B, Arn], !Ref AWS::NoValue]
f: !Not [!Condition Other]
g: 2012-10-17
h: !Base64
  Fn::Sub: x
"""
    assert read_text(text) == {
        "a": {"Ref": "A"},
        "b": {"Fn::GetAtt": ["B", "Outputs.C"]},
        "c": {"Fn::Sub": "${A}-x"},
        "d": {"Fn::Join": ["-", [{"Ref": "A"}, "b"]]},
        "e": {"Fn::If": ["Cond", {"Fn::GetAtt": ["B", "Arn"]}, {"Ref": "AWS::NoValue"}]},
        "f": {"Fn::Not": [{"Condition": "Other"}]},
        "g": "2012-10-17",
        "h": {"Fn::Base64": {"Fn::Sub": "x"}},
    }


def test_the_resources_of_a_bootstrap_stack_are_created_and_deleted(aws: EmbeddedAws) -> None:
    few = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}
    lifecycle = json.dumps({"rules": [{"rulePriority": 1, "selection": few, "action": {"type": "expire"}}]})
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "ecr:BatchGetImage"}
    rules = [
        {"Id": "old", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
    ]
    bucket = {"BucketName": "staging", "AccessControl": "Private", "VersioningConfiguration": {"Status": "Enabled"}}
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
        "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/k", "TargetKeyId": {"Ref": "Key"}}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {**bucket, "LifecycleConfiguration": {"Rules": rules}}},
        "Images": {
            "Type": "AWS::ECR::Repository",
            "Properties": {
                "RepositoryName": "images",
                "ImageTagMutability": "IMMUTABLE",
                "LifecyclePolicy": {"LifecyclePolicyText": lifecycle},
                "RepositoryPolicyText": {"Version": "2012-10-17", "Statement": [statement]},
            },
        },
    }
    aws.client("cloudformation").create_stack(StackName="s", TemplateBody=a_template(**resources))
    assert status(aws) == "CREATE_COMPLETE"
    assert aws.client("s3").get_bucket_versioning(Bucket="staging")["Status"] == "Enabled"
    kept = aws.client("s3").get_bucket_lifecycle_configuration(Bucket="staging")["Rules"]
    assert [(each["ID"], each.get("NoncurrentVersionExpiration")) for each in kept] == [
        ("old", {"NoncurrentDays": 30}),
        ("parts", None),
    ]
    [repository] = aws.client("ecr").describe_repositories(repositoryNames=["images"])["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert [each["AliasName"] for each in aws.client("kms").list_aliases()["Aliases"] if each["AliasName"] == "alias/k"]

    aws.client("cloudformation").delete_stack(StackName="s")
    assert aws.client("ecr").describe_repositories()["repositories"] == []


def test_a_public_bucket_is_refused_by_name(aws: EmbeddedAws) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}
    aws.client("cloudformation").create_stack(StackName="s", TemplateBody=a_template(B=bucket))
    events = aws.client("cloudformation").describe_stack_events(StackName="s")["StackEvents"]
    assert "a bucket's AccessControl PublicRead is not built; use Private" in {
        each.get("ResourceStatusReason") for each in events
    }
