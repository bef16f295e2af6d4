"""Every statement of every template: no action wildcard, and no resource wildcard without its reason."""

import pytest

from tests.infra.orders_world import sample
from tests.infra.templates import listed, text

pytestmark = pytest.mark.slow

POLICIES = {
    *("AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::ManagedPolicy"),
    *("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"),
}


def statements(template):
    """Every statement with the logical id of its resource, including trust and inline policies."""

    def walk(value):
        if isinstance(value, dict):
            if "Statement" in value:
                yield from listed(value["Statement"])
            for inner in value.values():
                yield from walk(inner)
        if isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    for name, resource in template.resources.items():
        for statement in walk(resource.get("Properties", {})):
            yield name, statement


@pytest.fixture(scope="session")
def allowing(product):
    """Every statement of the app that allows something, by stack and logical id."""
    return [
        (f"{stack}/{name}", statement)
        for stack, template in product.templates.items()
        for name, statement in statements(template)
        if statement["Effect"] == "Allow"
    ]


def wildcards(allowing):
    for _, statement in allowing:
        for resource in listed(statement.get("Resource", [])):
            if "*" in text(resource):
                for action in listed(statement["Action"]):
                    yield action, text(resource)


def test_statements_stand_in_the_resources_that_are_looked_at(product):
    found = {template.resources[name]["Type"] for template in product.templates.values() for name, _ in statements(template)}
    assert {"AWS::IAM::Policy", "AWS::IAM::Role", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"} <= found <= POLICIES


def test_no_action_has_a_wildcard(allowing):
    assert [(name, one["Action"]) for name, one in allowing if any("*" in action for action in listed(one["Action"]))] == []


def test_nothing_is_allowed_by_exception(allowing):
    assert [name for name, statement in allowing if {"NotAction", "NotResource", "NotPrincipal"} & {*statement}] == []


def test_asking_alone_allows_nothing(allowing):
    everybody = ("*", {"AWS": "*"})
    assert [name for name, statement in allowing if statement.get("Principal") in everybody] == []


def test_every_resource_wildcard_has_a_reason(allowing):
    from canary_cdk.reasons import reason_for

    assert all(reason_for(action, resource) for action, resource in wildcards(allowing))


@pytest.fixture(scope="session")
def owning():
    """The same for the sample's stack, whose functions and stage are owned."""
    template = sample().templates["orders"]
    return [(name, statement) for name, statement in statements(template) if statement["Effect"] == "Allow"]


def test_no_reason_is_given_for_a_wildcard_that_is_not_there(allowing, owning):
    from canary_cdk.reasons import WILDCARDS

    used = {
        (entry.reason, action)
        for action, resource in wildcards([*allowing, *owning])
        for entry in WILDCARDS
        if entry.covers(action, resource)
    }
    assert used == {(entry.reason, action) for entry in WILDCARDS for action in entry.actions}


def test_a_reason_covers_its_own_action_and_place_only():
    from canary_cdk.reasons import ReasonMissingError, reason_for

    account = "<AWS::Region>:<AWS::AccountId>"
    assert reason_for("lambda:InvokeFunction", f"arn:<AWS::Partition>:lambda:{account}:function:canary-MakeSafe:*")
    for action, resource in (
        ("lambda:InvokeFunction", f"arn:<AWS::Partition>:lambda:{account}:function:*"),
        ("lambda:UpdateFunctionCode", f"arn:<AWS::Partition>:lambda:{account}:function:canary-MakeSafe:*"),
        ("dynamodb:GetItem", "*"),
    ):
        with pytest.raises(ReasonMissingError, match=action):
            reason_for(action, resource)


def test_every_role_belongs_to_the_controller_or_to_a_target(product):
    paths = {
        text(role["Path"]) for template in product.templates.values() for role in template.of_type("AWS::IAM::Role").values()
    }
    assert paths == {"/canary/controller/<Region>/", "/canary/target/<Region>/"}


def test_no_role_has_a_policy_that_someone_else_writes(product):
    for template in product.templates.values():
        assert not [role for role in template.of_type("AWS::IAM::Role").values() if "ManagedPolicyArns" in role]
