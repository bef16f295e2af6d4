from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template as Synthesised

from canary.rules.checks.conditions import is_arn_like
from canary_cdk.versioned_function import VersionedFunction
from tests.infra.templates import Template, listed, text

pytestmark = pytest.mark.slow

ALIAS = "Custom::ControlledAlias"


def a_stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "shop")


def a_function(stack: cdk.Stack, name: str = "Read", code: str = "pass") -> lambda_.Function:
    return lambda_.Function(
        stack, name, runtime=lambda_.Runtime.PYTHON_3_13, handler="index.handler", code=lambda_.Code.from_inline(code)
    )


def synthesise(stack: cdk.Stack) -> Template:
    return Template(dict(Synthesised.from_stack(stack).to_json()))


@pytest.fixture(scope="module")
def template() -> Template:
    stack = a_stack()
    api = apigateway.RestApi(stack, "Api", deploy=False)
    for name in ("Read", "Write"):
        function = VersionedFunction(stack, f"Versioned{name}", function=a_function(stack, name))
        for _ in range(2):
            function.allow_api(api)
        api.root.add_method("GET" if name == "Read" else "POST")
    VersionedFunction(stack, "Weighted", function=a_function(stack, "Ship"), canary=None)
    return synthesise(stack)


def test_each_function_has_both_aliases_and_a_weighted_one_only_live(template: Template) -> None:
    named = sorted((text(one["FunctionName"])[1:5], one["Name"]) for one in template.of_type(ALIAS).values())

    assert named == [("Read", "canary"), ("Read", "live"), ("Ship", "live"), ("Writ", "canary"), ("Writ", "live")]


def test_no_version_of_an_alias_stands_in_the_template(template: Template) -> None:
    own = {"FunctionName", "Name", "ServiceToken", "ServiceTimeout"}

    assert {key for one in template.of_type(ALIAS).values() for key in one} == own | {"Follows"}


def test_the_canary_begins_where_live_is_and_live_once_there_is_a_version(template: Template) -> None:
    for one in template.resources.values():
        if one["Type"] != ALIAS:
            continue
        first = "Custom::ControlledAlias" if one["Properties"]["Name"] == "canary" else "AWS::Lambda::Version"
        assert first in [template.resources[name]["Type"] for name in one["DependsOn"]]
        assert one["Properties"].get("Follows") == ("live" if one["Properties"]["Name"] == "canary" else None)


def test_versions_are_kept_except_those_of_a_deploy_that_failed(template: Template) -> None:
    versions = [one for one in template.resources.values() if one["Type"] == "AWS::Lambda::Version"]

    assert len(versions) == 3
    assert {one["DeletionPolicy"] for one in versions} == {"RetainExceptOnCreate"}
    assert {one["UpdateReplacePolicy"] for one in versions} == {"Retain"}


def test_changed_code_is_another_version_and_the_same_aliases() -> None:
    before, after = (synthesise(versioned(code).function.stack) for code in ("pass", "print()"))

    assert before.of_type("AWS::Lambda::Version").keys().isdisjoint(after.of_type("AWS::Lambda::Version"))
    assert before.of_type(ALIAS) == after.of_type(ALIAS)


def versioned(code: str = "pass", **more: Any) -> VersionedFunction:
    stack = a_stack()
    return VersionedFunction(stack, "Versioned", function=a_function(stack, code=code), **more)


def test_methods_of_every_stage_and_authorizers_of_the_api_may_call_each_alias_by_one_permission(template: Template) -> None:
    permissions = template.of_type("Custom::ControlledPermission").values()
    assert template.of_type("AWS::Lambda::Permission") == {}
    allowed = sorted(text(one["FunctionName"]) for one in permissions)

    assert allowed == sorted(
        f"<{name}>" for name, one in template.of_type(ALIAS).items() if not text(one["FunctionName"]).startswith("<Ship")
    )
    (source,) = {text(one["SourceArn"]) for one in permissions}
    (api,) = template.of_type("AWS::ApiGateway::RestApi")
    assert source == f"arn:<Partition>:execute-api:<Region>:<AccountId>:<{api}>/*"
    for presented in ("prod/GET/orders", "test-invoke-stage/GET/orders/7", "authorizers/abc123"):
        assert is_arn_like(source.replace("*", presented), source)
    assert {one["Principal"] for one in permissions} == {"apigateway.amazonaws.com"}


def role_of(template: Template, owner: str) -> str:
    (role,) = [name for name in template.of_type("AWS::IAM::Role") if name.startswith(owner)]
    return role


def test_the_owner_can_make_aliases_and_move_none(template: Template) -> None:
    allowed = template.allowed(role_of(template, "CanaryOwnership"))
    by_function = {"lambda:CreateAlias", "lambda:GetAlias", "lambda:ListVersionsByFunction"}
    anywhere = {"lambda:GetPolicy", "lambda:DeleteAlias", "lambda:RemovePermission"}

    assert {action for action, _ in allowed if "lambda" in action} == {*by_function, *anywhere, "lambda:AddPermission"}
    assert {resource for action, resource in allowed if action in by_function} == {
        f"<{name}.Arn>" for name, one in template.of_type("AWS::Lambda::Function").items() if one["Handler"] == "index.handler"
    }
    assert {resource.rpartition(":")[2] for action, resource in allowed if action == "lambda:AddPermission"} == {
        "live",
        "canary",
    }


@pytest.mark.parametrize("owner", ["CanaryOwnership", "CanaryLeftovers"])
def test_what_is_removed_anywhere_has_the_tag_of_the_stack(template: Template, owner: str) -> None:
    reading = ("logs:", "cloudformation:List", "apigateway:GET", "lambda:GetPolicy", "tag:Get")
    tagged = {"StringEquals": {"aws:ResourceTag/canary:stack": {"Ref": "AWS::StackId"}}}

    broad = [
        statement
        for statement in template.statements_of(role_of(template, owner))
        if any("*" in text(one) for one in listed(statement["Resource"]))
        and not all(action.startswith(reading) for action in listed(statement["Action"]))
    ]

    assert broad
    assert [one for one in broad if one.get("Condition") != tagged] == []
    assert [action for one in broad for action in listed(one["Action"]) if "*" in action] == []


def test_what_a_function_cannot_answer_without_stays_and_carries_the_tag_of_the_stack(template: Template) -> None:
    tag = {"Key": "canary:stack", "Value": {"Ref": "AWS::StackId"}}
    stays = {
        name: one
        for name, one in template.resources.items()
        if name.startswith(("Read", "Write", "Ship")) and one["Type"] in {"AWS::Lambda::Function", "AWS::IAM::Role"}
    }

    assert len(stays) == 6
    for one in stays.values():
        assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
        assert one["Properties"]["Tags"] == [tag]


def test_a_policy_that_is_granted_later_stays_with_its_role() -> None:
    function = versioned().function
    function.add_to_role_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=["arn:aws:sns:eu-west-1:1:topic"]))

    template = synthesise(function.stack)

    (policy,) = [one for name, one in template.resources.items() if name.startswith("Read") and "IAM::Policy" in one["Type"]]
    assert policy["DeletionPolicy"] == "RetainExceptOnCreate"


def test_leftovers_are_removed_before_anything_else_changes_and_after_everything_is_gone(template: Template) -> None:
    (leftovers,) = template.of_type("Custom::ControlledLeftovers")
    needed = template.kept_while(leftovers)

    assert not [name for name in needed if name.startswith(("Read", "Write", "Ship", "Api"))]
    for kind in ("AWS::Lambda::Version", ALIAS, "Custom::ControlledPermission"):
        assert all(leftovers in template.kept_while(name) for name in template.of_type(kind))


def test_a_release_of_a_function_asks_for_the_removal_of_leftovers() -> None:
    before, after = (synthesise(versioned(code).function.stack) for code in ("pass", "print()"))

    assert before.only("Custom::ControlledLeftovers")["Versions"] == [*before.of_type("AWS::Lambda::Version")]
    assert after.only("Custom::ControlledLeftovers")["Versions"] == [*after.of_type("AWS::Lambda::Version")]


def test_the_aliases_of_another_stacks_function_may_be_removed_by_its_name() -> None:
    app = cdk.App()
    functions, versions = cdk.Stack(app, "functions"), cdk.Stack(app, "versions")

    VersionedFunction(versions, "Versioned", function=a_function(functions))

    template = synthesise(versions)
    removing = [
        one for one in template.statements_of(role_of(template, "CanaryOwnership")) if "lambda:DeleteAlias" in one["Action"]
    ]
    assert ["Condition" in one for one in removing] == [True, False]
    assert "*" not in text(removing[1]["Resource"])


def test_the_function_of_another_stack_keeps_the_permission_of_an_api() -> None:
    app = cdk.App()
    functions, api_stack = cdk.Stack(app, "functions"), cdk.Stack(app, "api")
    api = apigateway.RestApi(api_stack, "Api", deploy=False)
    api.root.add_method("GET")

    VersionedFunction(functions, "Versioned", function=a_function(functions)).allow_api(api)

    permissions = synthesise(api_stack).of_type("Custom::ControlledPermission").values()
    assert [one["Stays"] for one in permissions] == ["true", "true"]


def test_one_owner_serves_all_functions_of_a_stack(template: Template) -> None:
    assert len({text(one["ServiceToken"]) for one in template.of_type(ALIAS).values()}) == 1
    assert len(template.of_type("AWS::Lambda::Function")) == 3 + len({"the owner", "what removes leftovers"})


def test_an_alias_that_exists_is_taken_over_only_on_request() -> None:
    taken = synthesise(versioned(take_over=True).function.stack)

    assert {one["TakeOver"] for one in taken.of_type(ALIAS).values()} == {"true"}


def test_other_names_are_passed_on_to_the_target() -> None:
    function = versioned(live="blue", canary="green").target_function
    weighted = versioned(canary=None).target_function

    assert (function.live, function.canary) == ("blue", "green")
    assert (weighted.live, weighted.canary) == ("live", None)


def test_whatever_an_app_adds_to_an_alias_stays_out_of_the_template() -> None:
    function = versioned()
    alias = function.live.node.default_child
    alias.provisioned_concurrency_config = lambda_.CfnAlias.ProvisionedConcurrencyConfigurationProperty(
        provisioned_concurrent_executions=5
    )
    alias.function_version = "7"

    (live,) = [one for one in synthesise(function.function.stack).of_type(ALIAS).values() if one["Name"] == "live"]

    assert live.keys() == {"FunctionName", "Name", "ServiceToken", "ServiceTimeout"}
