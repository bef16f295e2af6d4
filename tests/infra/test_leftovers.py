"""A function leaves the template or loses its last route: no request fails, and leftovers go after the rollout."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from canary.rules.targets.target import Stage
from canary_cdk import Target
from canary_cdk.ownership import STACK_TAG
from canary_cdk.rest_api import CanaryRestApi
from canary_cdk.versioned_function import VersionedFunction
from demo.guest import CONTROLLER
from demo.orders_traffic import SHAPES
from embedded_aws.awslambda.zips import zip_of
from embedded_aws.cloudformation.assembly import DeployError, deploy, destroy
from embedded_aws.dataplane.traffic import Traffic
from embedded_aws.embedded import EmbeddedAws
from tests.infra.orders_world import STACK, World

pytestmark = pytest.mark.slow

READ, WRITE = "orders-read", "orders-write"
ROUTES = {"GET /orders": "Read", "GET /orders/{id}": "Read", "POST /orders": "Write"}
NAMES = {"Read": READ, "Write": WRITE}
MODULES = {"Read": "orders_read", "Write": "orders_write", "Place": "orders_write"}


class ShopStack(cdk.Stack):
    """Functions by their ids in the stack, the routes that call them, and the target."""

    def __init__(
        self,
        scope: cdk.App,
        *,
        code: lambda_.Code,
        names: Mapping[str, str],
        routes: Mapping[str, str],
    ) -> None:
        super().__init__(scope, STACK)
        functions = {key: self._function(key, name, code) for key, name in names.items()}
        api = CanaryRestApi(self, "Api", rest_api_name="orders", log_role=True)
        for route, key in routes.items():
            method, path = route.split()
            api.root.resource_for_path(path).add_method(method, api.integration_for(functions[key]))
        target = Target(
            self,
            "Target",
            name="orders",
            stage=api.deployment_stage,
            functions=[function.target_function for function in functions.values()],
            access_log_group=api.access_log_group,
        )
        target.node.add_dependency(*functions.values())

    def _function(self, key: str, name: str, code: lambda_.Code) -> VersionedFunction:
        function = lambda_.Function(
            self,
            f"{key}Function",
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler=f"orders.{MODULES[key]}.handler",
            code=code,
            tracing=lambda_.Tracing.ACTIVE,
        )
        return VersionedFunction(self, key, function=function)


class Shop(World):
    """An account with a shop in it, whose requests are counted by method and status."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.places_orders = True
        super().__init__(aws, folder)

    def add_traffic(self) -> None:
        """Requests to all routes; those that place orders come only while wanted."""
        stage = Stage(self.rest_api_id, "prod", "lambdaAlias")
        rng = random.Random(7)
        self._traffic = Traffic(stage.rest_api_id, stage.stage_name, SHAPES, per_minute=120, rng=rng)
        self.aws.dataplane.add_source(self)
        self.aws.dataplane.on_served(lambda served: self.answers.update([(served.request.method, served.status)]))

    def requests(self, start: float, end: float) -> Iterator[Any]:
        """The requests that arrive, as a source of the data plane."""
        arriving = self._traffic.requests(start, end)
        return (one for one in arriving if self.places_orders or one.method != "POST")

    def deploy(self, *, release: str = "base", **changes: Any) -> None:
        """`cdk deploy` of the shop with these changes, while requests keep coming."""
        deploy(self.aws.client, self.assembly(release=release, **changes))
        self.aws.clock.run_for(60)

    def assembly(self, *, release: str = "base", names: Mapping[str, str] = NAMES, routes: Mapping[str, str] = ROUTES) -> Path:
        """The shop with these functions and routes."""
        return self.synthesiser.synthesise(
            lambda app, code: ShopStack(app, code=code, names=names, routes=routes), release=release
        )

    def promote(self, *expects: str) -> None:
        """Roll out what was deployed to all requests."""
        ended = self.finish(self.start(release={"expects": list(expects)}))
        assert ended["status"] == "SUCCEEDED", ended.get("cause")

    @property
    def failed(self) -> dict[tuple[str, int], int]:
        """Requests that API Gateway or a function failed; the sample's database also fails some."""
        return {key: count for key, count in self.answers.items() if key[1] in {403, 500, 502, 504}}

    @property
    def functions(self) -> set[str]:
        """The functions that belong neither to the controller nor to the stack."""
        found = self.aws.client("lambda").list_functions()["Functions"]
        return {
            one["FunctionName"] for one in found if not one["FunctionName"].lower().startswith(("canary-", "orders-canary"))
        }

    @property
    def roles(self) -> set[str]:
        """The ids in the stack of the functions that have a role."""
        found = self.aws.client("iam").list_roles()["Roles"]
        return {one["RoleName"].split("-")[1].partition("Function")[0] for one in found if "FunctionService" in one["RoleName"]}

    def aliases(self, function: str) -> set[str]:
        return {one["Name"] for one in self.aws.client("lambda").list_aliases(FunctionName=function)["Aliases"]}

    def permissions(self, function: str, alias: str = "live") -> list[str]:
        """The ids of the statements of an alias's policy."""
        client = self.aws.client("lambda")
        try:
            policy = json.loads(client.get_policy(FunctionName=function, Qualifier=alias)["Policy"])
        except client.exceptions.ResourceNotFoundException:
            return []
        return [one["Sid"] for one in policy["Statement"]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with EmbeddedAws(guest=CONTROLLER, enforce_iam=True) as aws:
        yield Shop(aws, tmp_path)


ONLY_READ: Mapping[str, Any] = {
    "names": {"Read": READ},
    "routes": {route: key for route, key in ROUTES.items() if key == "Read"},
}


class TestUnderTraffic:
    """Requests keep coming; the deploys, rollouts and removals use the templates' own roles."""

    def test_a_function_that_left_with_its_route_answers_until_no_deployment_calls_it(self, shop: Shop) -> None:
        make_function(shop, "orders-other", {"team": "shop"})
        make_function(shop, "orders-another-stacks", {STACK_TAG: "arn:aws:cloudformation:eu-west-1:123456789012:stack/other/1"})
        shop.answers.clear()
        shop.deploy(release="second", **ONLY_READ)

        assert shop.answers["POST", 201] > 20, "base still has the route"
        assert shop.aliases(WRITE) == {"live", "canary"}
        assert shop.roles == {"Read", "Write"}

        shop.places_orders = False
        shop.promote("routes")
        assert WRITE in shop.functions, "nothing is removed before the next deploy"
        shop.deploy(release="third", **ONLY_READ)

        assert shop.functions == {READ, "orders-other", "orders-another-stacks"}
        assert shop.roles == {"Read"}
        assert shop.failed == {}

    def test_a_function_that_was_replaced_answers_until_no_deployment_calls_it(self, shop: Shop) -> None:
        replaced = {"names": {"Read": READ, "Write": "orders-place"}}
        shop.answers.clear()
        shop.deploy(release="second", **replaced)
        assert shop.answers["POST", 201] > 20
        assert shop.functions == {READ, WRITE, "orders-place"}

        shop.deploy(release="third", **replaced)
        assert WRITE in shop.functions, "base calls it"

        rollout = shop.start()
        shop.wait_for_canary()
        shop.deploy(release="fourth", **replaced)
        assert WRITE in shop.functions, "base calls it, and the other arm has a canary"
        assert shop.finish(rollout)["status"] == "SUCCEEDED"
        shop.deploy(release="fifth", **replaced)

        assert shop.functions == {READ, "orders-place"}
        assert shop.roles == {"Read", "Write"}, "the new one has the old one's role"
        assert shop.failed == {}

    def test_a_function_that_lost_its_last_route_answers_until_no_deployment_calls_it(self, shop: Shop) -> None:
        moved = {"names": {**NAMES, "Place": "orders-place"}, "routes": {**ROUTES, "POST /orders": "Place"}}
        shop.answers.clear()
        shop.deploy(release="second", **moved)
        assert shop.answers["POST", 201] > 20
        (permission,) = shop.permissions(WRITE)

        shop.promote()
        assert shop.permissions(WRITE) == [permission]
        shop.deploy(release="third", **moved)

        assert shop.functions == {READ, WRITE, "orders-place"}, "it is in the template"
        assert shop.aliases(WRITE) == {"live", "canary"}
        assert shop.permissions(WRITE) == shop.permissions(WRITE, "canary") == []
        shop.deploy(release="fourth")
        assert shop.permissions(WRITE) == [permission], "a route that comes back has its permission again"
        assert shop.failed == {}

    def test_a_deletion_that_is_refused_harms_no_request_and_one_that_is_not_leaves_nothing(self, shop: Shop) -> None:
        rollout = shop.start()
        shop.wait_for_canary()
        shop.answers.clear()

        with pytest.raises(DeployError, match="AtRest"):
            destroy(shop.aws.client, shop.assembly(), stacks=[STACK])
        shop.aws.clock.run_for(60)
        assert shop.answers["GET", 200] > 20
        assert shop.failed == {}
        shop.finish(rollout)

        destroy(shop.aws.client, shop.assembly(), stacks=[STACK])

        assert shop.functions == set()
        assert shop.roles == set()
        assert shop.aws.permissions.denied == {}
        unused = [one for one in shop.aws.permissions.unused() if "CanaryLeftovers" in one.role]
        assert {(one.element, one.pattern) for one in unused} <= {("action", "lambda:RemovePermission")}


def make_function(shop: Shop, name: str, tags: Mapping[str, str]) -> None:
    """A function that does not belong to the stack."""
    client = shop.aws.client("lambda")
    role = client.get_function_configuration(FunctionName=READ)["Role"]
    code = {"ZipFile": zip_of({"index.py": ""})}
    client.create_function(
        FunctionName=name, Runtime="python3.13", Handler="index.handler", Role=role, Code=code, Tags=dict(tags)
    )
