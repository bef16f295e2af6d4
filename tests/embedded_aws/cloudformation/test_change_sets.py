"""Change sets as `cdk deploy` uses them, the resources of its bootstrap stack, and YAML's short forms."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.cloudformation.template_text import read_text
from embedded_aws.embedded import EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


def a_parameter(value: str) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/p", "Type": "String", "Value": value}}


def a_template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def change(aws: EmbeddedAws, text: str, kind: str = "CREATE", *, name: str = "c", **more: Any) -> dict[str, Any]:
    client = aws.client("cloudformation")
    client.create_change_set(StackName="s", ChangeSetName=name, ChangeSetType=kind, TemplateBody=text, **more)
    found: dict[str, Any] = client.describe_change_set(StackName="s", ChangeSetName=name)
    return found


def status(aws: EmbeddedAws) -> str:
    return str(aws.client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]["StackStatus"])


def value(aws: EmbeddedAws, name: str = "/p") -> str:
    return str(aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def test_a_change_set_creates_its_stack_when_it_is_executed(aws: EmbeddedAws) -> None:
    client = aws.client("cloudformation")
    made = change(aws, a_template(P=a_parameter("one")), Tags=[{"Key": "team", "Value": "a"}])
    assert (made["Status"], made["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [(each["ResourceChange"]["Action"], each["ResourceChange"]["LogicalResourceId"]) for each in made["Changes"]] == [
        ("Add", "P")
    ]
    assert status(aws) == "REVIEW_IN_PROGRESS"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        value(aws)

    client.execute_change_set(StackName="s", ChangeSetName="c")
    client.get_waiter("stack_create_complete").wait(StackName="s")
    assert (status(aws), value(aws)) == ("CREATE_COMPLETE", "one")
    assert client.describe_stacks(StackName="s")["Stacks"][0]["Tags"] == [{"Key": "team", "Value": "a"}]


def test_a_change_set_updates_a_stack_and_shows_what_changes(aws: EmbeddedAws) -> None:
    client = aws.client("cloudformation")
    other = {**a_parameter("x"), "Properties": {"Name": "/o", "Type": "String", "Value": "x"}}
    client.create_stack(StackName="s", TemplateBody=a_template(P=a_parameter("one"), Old=other))
    new = {**other, "Properties": {**other["Properties"], "Name": "/n"}}
    made = change(aws, a_template(P=a_parameter("two"), New=new), "UPDATE")
    shown = {each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"]["Action"] for each in made["Changes"]}
    assert shown == {"P": "Modify", "New": "Add", "Old": "Remove"}

    client.execute_change_set(StackName="s", ChangeSetName=made["ChangeSetId"])
    assert (status(aws), value(aws), value(aws, "/n")) == ("UPDATE_COMPLETE", "two", "x")
    assert client.describe_change_set(ChangeSetName=made["ChangeSetId"])["ExecutionStatus"] == "EXECUTE_COMPLETE"
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        client.execute_change_set(ChangeSetName=made["ChangeSetId"])


def test_a_change_set_without_changes_fails_and_says_so(aws: EmbeddedAws) -> None:
    text = a_template(P=a_parameter("one"))
    aws.client("cloudformation").create_stack(StackName="s", TemplateBody=text)
    made = change(aws, text, "UPDATE")

    assert (made["Status"], made["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert made["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_a_change_set_can_be_deleted_and_its_name_used_again(aws: EmbeddedAws) -> None:
    client = aws.client("cloudformation")
    change(aws, a_template(P=a_parameter("one")))
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        change(aws, a_template(P=a_parameter("one")))
    client.delete_change_set(StackName="s", ChangeSetName="c")
    client.delete_change_set(StackName="s", ChangeSetName="c")
    assert client.list_change_sets(StackName="s")["Summaries"] == []
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        client.describe_change_set(StackName="s", ChangeSetName="c")

    change(aws, a_template(P=a_parameter("two")))
    assert [each["ChangeSetName"] for each in client.list_change_sets(StackName="s")["Summaries"]] == ["c"]


def test_a_stack_in_review_can_be_deleted_but_not_updated(aws: EmbeddedAws) -> None:
    client = aws.client("cloudformation")
    text = a_template(P=a_parameter("one"))
    change(aws, text)
    with pytest.raises(ClientError, match="REVIEW_IN_PROGRESS state and can not be updated"):
        client.update_stack(StackName="s", TemplateBody=text)
    client.delete_stack(StackName="s")
    with pytest.raises(ClientError, match="does not exist"):
        status(aws)


def test_a_change_set_that_fails_leaves_a_failed_stack(aws: EmbeddedAws) -> None:
    aws.client("ssm").put_parameter(Name="/p", Type="String", Value="someone's")
    change(aws, a_template(P=a_parameter("one")))
    aws.client("cloudformation").execute_change_set(StackName="s", ChangeSetName="c")
    made = aws.client("cloudformation").describe_change_set(StackName="s", ChangeSetName="c")
    assert (status(aws), made["ExecutionStatus"]) == ("ROLLBACK_COMPLETE", "EXECUTE_FAILED")


def test_a_summary_names_the_parameters_of_a_template_and_of_a_stack(aws: EmbeddedAws) -> None:
    client = aws.client("cloudformation")
    given = {"V": {"Type": "String", "Default": "one", "Description": "the value"}, "N": {"Type": "Number", "Default": 5}}
    text = json.dumps({"Description": "d", "Parameters": given, "Resources": {"P": a_parameter("x")}})
    client.create_stack(StackName="s", TemplateBody=text)
    for summary in (client.get_template_summary(TemplateBody=text), client.get_template_summary(StackName="s")):
        assert summary["Parameters"] == [
            {"ParameterKey": "V", "DefaultValue": "one", "ParameterType": "String", "Description": "the value"},
            {"ParameterKey": "N", "DefaultValue": "5", "ParameterType": "Number"},
        ]
        assert (summary["ResourceTypes"], summary["Description"]) == (["AWS::SSM::Parameter"], "d")


def test_a_previous_value_that_was_never_given_is_the_default(aws: EmbeddedAws) -> None:
    client = aws.client("cloudformation")
    sections = {"Parameters": {"V": {"Type": "String", "Default": "one"}}}
    resources = {"P": a_parameter("x") | {"Properties": {"Name": "/p", "Type": "String", "Value": {"Ref": "V"}}}}
    client.create_stack(StackName="s", TemplateBody=json.dumps({**sections, "Resources": resources}))
    more = {**resources, "Q": {**resources["P"], "Properties": {**resources["P"]["Properties"], "Name": "/q"}}}
    kept = [{"ParameterKey": "V", "UsePreviousValue": True}]
    change(aws, json.dumps({**sections, "Resources": more}), "UPDATE", Parameters=kept)
    client.execute_change_set(StackName="s", ChangeSetName="c")
    assert (status(aws), value(aws, "/q")) == ("UPDATE_COMPLETE", "one")


def test_an_import_is_refused_by_name(aws: EmbeddedAws) -> None:
    aws.client("cloudformation").create_stack(StackName="s", TemplateBody=a_template(P=a_parameter("one")))
    with pytest.raises(ClientError, match="a change set of the type IMPORT; only CREATE and UPDATE are built"):
        change(aws, a_template(P=a_parameter("one")), "IMPORT")


def test_a_transform_is_refused_by_name(aws: EmbeddedAws) -> None:
    text = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": {"P": a_parameter("x")}})
    with pytest.raises(ClientError, match="the transform AWS::Serverless-2016-10-31; deploy the template that it makes"):
        aws.client("cloudformation").create_stack(StackName="s", TemplateBody=text)


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
