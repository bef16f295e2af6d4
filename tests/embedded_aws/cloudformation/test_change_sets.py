"""Change sets as `cdk deploy` and `aws cloudformation deploy` use them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

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


def test_a_change_set_whose_update_is_refused_has_failed(aws: EmbeddedAws) -> None:
    client = aws.client("cloudformation")
    client.create_stack(StackName="s", TemplateBody=a_template(P=a_parameter("one")))
    change(aws, a_template(P=a_parameter("two")), "UPDATE", name="late")
    client.update_stack(StackName="s", TemplateBody=a_template(P=a_parameter("two")))
    with pytest.raises(ClientError, match="No updates are to be performed"):
        client.execute_change_set(StackName="s", ChangeSetName="late")
    assert client.describe_change_set(StackName="s", ChangeSetName="late")["ExecutionStatus"] == "EXECUTE_FAILED"


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
