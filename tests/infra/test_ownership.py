"""Whatever a deploy changes, it moves no deployment, no canary and no alias: read from templates, and tried on the account."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway

from canary.edge.target import target_from_json, target_to_json
from demo.guest import CONTROLLER
from embedded_aws.cloudformation.assembly import DeployError, destroy
from embedded_aws.embedded import EmbeddedAws
from examples.orders_app.orders_stack import OrdersStack
from tests.infra.orders_world import STACK, Synthesiser, World, add_route
from tests.infra.templates import Template

pytestmark = pytest.mark.slow

BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
"""A parameter that exists before any stack."""

STAGE, ALIAS = "Custom::ControlledStage", "Custom::ControlledAlias"


def throttle(stack: OrdersStack) -> None:
    """A different limit, set past the construct's own keys."""
    resource = stack.api.deployment_stage.node.default_child
    resource.add_property_override("MethodSettings.0.ThrottlingRateLimit", 5)


def meddle(stack: OrdersStack) -> None:
    """What an app can do to CDK's own classes although it should not."""
    stage, alias = stack.api.deployment_stage.node.default_child, stack.read.live.node.default_child
    stage.canary_setting = apigateway.CfnStage.CanarySettingProperty(percent_traffic=50)
    stage.deployment_id = apigateway.Deployment(stack, "Other", api=stack.api).deployment_id
    alias.function_version = "7"
    alias.description = "mine"


def lose_a_function(stack: OrdersStack, world: World) -> None:
    """The target's definition without its second function, as the construct would write it."""
    add_route(stack)
    registered = world.aws.client("ssm").get_parameter(Name="/canary/targets/orders")["Parameter"]["Value"]
    target = target_from_json(registered)
    smaller = target_to_json(replace(target, functions=target.functions[:1], role_arn=None))
    change = stack.node.find_child("Target").node.find_child("Change").node.default_child
    change.add_property_override("Definition", smaller)


CHANGES: dict[str, dict[str, Any]] = {
    "handler code": {"release": "another"},
    "a route": {"change": add_route},
    "a stage variable": {"variables": {"greeting": "hello"}},
    "tags": {"tags": {"team": "shop"}},
    "a limit": {"change": throttle},
    "code, route, variable and tags": {
        "release": "another",
        "change": add_route,
        "variables": {"greeting": "hello"},
        "tags": {"team": "shop"},
    },
    "what the app has no business with": {"change": meddle},
}


@pytest.fixture(scope="module")
def synthesiser(tmp_path_factory: pytest.TempPathFactory) -> Synthesiser:
    return Synthesiser(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="module")
def before(synthesiser: Synthesiser) -> Template:
    return synthesiser.template()


@pytest.fixture(scope="module", params=CHANGES)
def after(synthesiser: Synthesiser, request: pytest.FixtureRequest) -> Template:
    return synthesiser.template(**CHANGES[request.param])


class TestTemplates:
    def test_no_change_touches_an_alias(self, before: Template, after: Template) -> None:
        assert before.of_type(ALIAS) == after.of_type(ALIAS)
        assert all("FunctionVersion" not in one for one in after.of_type(ALIAS).values())

    def test_no_change_gives_the_stage_a_canary_or_another_alias(self, before: Template, after: Template) -> None:
        ((name, stage),) = after.of_type(STAGE).items()

        assert [name] == [*before.of_type(STAGE)]
        assert "CanarySetting" not in stage
        assert stage["Variables"]["lambdaAlias"] == "live"

    def test_no_change_leaves_a_type_that_cloudformation_could_write_itself(self, after: Template) -> None:
        assert after.of_type("AWS::ApiGateway::Stage") == {}
        assert after.of_type("AWS::Lambda::Alias") == {}

    def test_the_first_deployment_stays_what_it_was(self, before: Template, after: Template) -> None:
        (bootstrap,) = before.of_type("AWS::ApiGateway::Deployment")

        assert after.resources[bootstrap]["Properties"] == before.resources[bootstrap]["Properties"]
        assert after.resources[bootstrap]["DeletionPolicy"] == after.resources[bootstrap]["UpdateReplacePolicy"] == "Retain"

    def test_versions_stay_when_they_leave_the_template(self, after: Template) -> None:
        versions = [one for one in after.resources.values() if one["Type"] == "AWS::Lambda::Version"]

        assert [(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in versions] == 2 * [
            ("RetainExceptOnCreate", "Retain")
        ]


def test_changed_code_publishes_a_version_and_changes_nothing_else_that_is_owned(
    synthesiser: Synthesiser, before: Template
) -> None:
    changed = synthesiser.template(release="another")

    assert before.of_type("AWS::Lambda::Version").keys().isdisjoint(changed.of_type("AWS::Lambda::Version"))
    assert before.of_type(STAGE) == changed.of_type(STAGE)


def test_a_route_makes_no_deployment(synthesiser: Synthesiser, before: Template) -> None:
    changed = synthesiser.template(change=add_route)

    assert len(changed.of_type("AWS::ApiGateway::Method")) == len(before.of_type("AWS::ApiGateway::Method")) + 1
    assert changed.of_type("AWS::ApiGateway::Deployment") == before.of_type("AWS::ApiGateway::Deployment")
    assert before.of_type(STAGE) == changed.of_type(STAGE)


def test_only_a_variable_that_changed_differs_in_the_stage(synthesiser: Synthesiser, before: Template) -> None:
    changed = synthesiser.template(variables={"greeting": "hello"})

    assert changed.only(STAGE) == {**before.only(STAGE), "Variables": {"lambdaAlias": "live", "greeting": "hello"}}


@pytest.fixture(scope="module", params=["yes", "no"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedAws(guest=CONTROLLER, answers={"cloudformation-resends-stage": request.param}, enforce_iam=True) as aws:
        yield World(aws, tmp_path_factory.mktemp("world"))


class TestAccount:
    """The templates deployed and changed, whether or not CloudFormation sends a stage's properties again."""

    def test_releases_and_deploys_never_get_into_each_others_way(self, world: World) -> None:
        first = world.owned
        world.deploy(release="second", change=add_route)
        assert world.owned == first, "a deploy moved what a rollout moves"
        assert world.versions == ["1", "2"]

        assert world.finish(world.start())["status"] == "SUCCEEDED"
        promoted = world.owned
        assert promoted["deployment"] != first["deployment"]
        assert world.live == {"2"}

        self._change_everything_at_rest(world, promoted)
        self._change_everything_under_a_canary(world)
        self._fail_a_deploy(world)

        assert world.versions == ["1", "2", "3"]
        # The third release has only code: the restored route is the definition that base serves, whatever its ids.
        assert {first["deployment"], promoted["deployment"]} <= world.deployments
        unused = [one for one in world.aws.permissions.unused() if "Ownership" in one.role]
        # What the stages serve is read before something is removed, and nothing is removed here (see test_leftovers).
        served = "arn:aws:apigateway:eu-west-1::/restapis/*/stages"
        assert {(one.element, one.pattern) for one in unused} == {
            ("statement", ""),
            ("action", "apigateway:DELETE"),
            ("resource", served),
            ("resource", f"{served}/*/exports/oas30"),
        }
        self._destroy(world)

    def _change_everything_at_rest(self, world: World, promoted: dict[str, Any]) -> None:
        for changes in ({"variables": {"greeting": "hello"}}, {"tags": {"team": "shop"}}, {"change": throttle}):
            world.deploy(release="second", **changes)
            assert world.owned == promoted, changes
        world.deploy(release="second", variables={"greeting": "good-day"}, tags={"team": "shop"}, change=add_route)
        assert world.owned == promoted
        assert world.stage["variables"] == {"lambdaAlias": "live", "greeting": "good-day"}
        assert world.stage["tags"] == {"team": "shop"}

    def _change_everything_under_a_canary(self, world: World) -> None:
        settings = {"variables": {"greeting": "good-day"}, "tags": {"team": "shop"}, "change": add_route}
        world.deploy(release="third", **settings)
        rollout = world.start()
        world.wait_for_canary()
        under_way = world.owned

        world.deploy(release="third", **{**settings, "tags": {"team": "shop", "cost": "42"}})
        assert world.owned == under_way
        with pytest.raises(
            DeployError, match=r"has a canary, and both arms share its settings; deploy /variables/greeting again"
        ):
            world.deploy(release="third", **{**settings, "variables": {"greeting": "bye"}})
        assert world.owned == under_way
        assert world.stage["variables"] == {"lambdaAlias": "live", "greeting": "good-day"}
        with pytest.raises(DeployError, match=r"is running on orders .* it loses function orders-write with the aliases"):
            world.deploy(release="third", **{**settings, "change": lambda stack: lose_a_function(stack, world)})
        assert world.owned == under_way

        ended = world.finish(rollout)
        assert ended["status"] == "SUCCEEDED", ended.get("cause")
        assert world.live == {"3"}

    def _fail_a_deploy(self, world: World) -> None:
        promoted = world.owned

        def break_it(stack: OrdersStack) -> None:
            add_route(stack)
            taken = {"Type": "String", "Value": "taken", "Name": BOOTSTRAP}
            last = cdk.CfnResource(stack, "Broken", type="AWS::SSM::Parameter", properties=taken)
            last.node.add_dependency(stack.api, *stack.functions)

        with pytest.raises(DeployError, match="Broken"):
            world.deploy(release="fourth", variables={"greeting": "other"}, change=break_it)
        assert world.owned == promoted
        assert world.stage["variables"] == {"lambdaAlias": "live", "greeting": "good-day"}

    def _destroy(self, world: World) -> None:
        rollout = world.start(release={"functions": {"orders-read": "2", "orders-write": "2"}})
        world.wait_for_canary()
        assembly = world.synthesiser.assembly(release="third")
        with pytest.raises(DeployError, match="AtRest"):
            destroy(world.aws.client, assembly, stacks=[STACK])
        world.finish(rollout)
        assert "canarySettings" not in world.stage

        destroy(world.aws.client, assembly, stacks=[STACK])

        assert world.aws.client("apigateway").get_rest_apis()["items"] == []
        assert world.aws.client("lambda").list_functions()["Functions"] != []
