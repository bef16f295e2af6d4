"""The API `orders`: two functions, one REST API, and its target.

Deploying this stack publishes what is new but moves no traffic. A rollout moves it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from canary_cdk import BusinessMetric, Metrics, Target, naming
from canary_cdk.functions import packages_layer
from canary_cdk.rest_api import CanaryRestApi
from canary_cdk.versioned_function import VersionedFunction
from examples.orders_app.exceptions import OF_FUNCTIONS, OF_THE_API, accept, accept_resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

TARGET = "orders"
SOURCES = Path(__file__).parents[1]
REQUESTS_A_SECOND = 200
FROZEN = ("", "/resources", "/models", "/requestvalidators", "/authorizers", "/gatewayresponses", "/deployments")
"""The parts of an API that are read to freeze its definition."""


def orders_code() -> lambda_.Code:
    """The package `orders` alone."""
    exclude = ["*", "!orders", "!orders/**", "__pycache__"]
    return lambda_.Code.from_asset(str(SOURCES), exclude=exclude, ignore_mode=cdk.IgnoreMode.GIT)


class OrdersStack(cdk.Stack):
    """`api` and `functions` are what a build publishes, `publishing` is the policy that the build needs for it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code | None = None,
        variables: Mapping[str, str] | None = None,
        env: cdk.Environment | None = None,
        termination_protection: bool | None = None,
    ) -> None:
        """Create the stack.

        Args:
            scope: the app.
            construct_id: the stack's name.
            code: the functions' code, by default that of `examples/orders`.
            variables: stage variables besides the one that names the alias.
            env: account and Region.
            termination_protection: whether CloudFormation refuses to delete the stack.

        """
        super().__init__(scope, construct_id, env=env, termination_protection=termination_protection)
        shared = code or orders_code()
        self._packages = packages_layer(self)  # it has Powertools, which the functions log with
        self.read = self._function("Read", "orders-read", shared)
        self.write = self._function("Write", "orders-write", shared)
        self.functions: list[VersionedFunction] = [self.read, self.write]
        self.api = CanaryRestApi(
            self,
            "Api",
            rest_api_name="orders",
            description="The sample API orders",
            log_role=True,
            stage_options=apigateway.StageOptions(
                throttling_rate_limit=REQUESTS_A_SECOND,
                throttling_burst_limit=2 * REQUESTS_A_SECOND,
                variables=dict(variables or {}),
            ),
        )
        self._route()
        self.target = self._target()
        self.publishing = self._publishing()
        accept(self.api, OF_THE_API)

    def _function(self, construct_id: str, name: str, code: lambda_.Code) -> VersionedFunction:
        function = lambda_.Function(
            self,
            f"{construct_id}Function",
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"orders.{name.replace('-', '_')}.handler",
            code=code,
            layers=[self._packages],
            memory_size=256,
            timeout=cdk.Duration.seconds(10),
            tracing=lambda_.Tracing.ACTIVE,
            log_group=logs.LogGroup(self, f"{construct_id}Log", retention=logs.RetentionDays.ONE_MONTH),
        )
        accept(function, OF_FUNCTIONS)
        return VersionedFunction(self, construct_id, function=function)

    def _route(self) -> None:
        orders = self.api.root.add_resource("orders")
        orders.add_method("GET", self.api.integration_for(self.read))
        orders.add_method("POST", self.api.integration_for(self.write))
        orders.add_resource("{id}").add_method("GET", self.api.integration_for(self.read))

    def _target(self) -> Target:
        target = Target(
            self,
            "Target",
            name=TARGET,
            stage=self.api.deployment_stage,
            functions=[function.target_function for function in self.functions],
            access_log_group=self.api.access_log_group,
            policy="standard",
            metrics=Metrics(business=(BusinessMetric("CheckoutFailed", "Orders"),)),
            alarms=[self._payments_alarm()],
        )
        # The target is deleted first and refuses while it is not at rest; the aliases then still exist.
        target.node.add_dependency(*self.functions)
        return target

    def _publishing(self) -> iam.ManagedPolicy:
        """Permissions to publish a version and freeze the definition, but to move nothing."""
        api = self.api.rest_api_id
        made = naming.api_arn(self, api, "/deployments/*")
        allowed = {
            "lambda:GetFunction lambda:PublishVersion": [one.function.function_arn for one in self.functions],
            "apigateway:GET": [naming.api_arn(self, api, path) for path in FROZEN],
            "apigateway:POST": [naming.api_arn(self, api, "/deployments")],
            "apigateway:PATCH": [made],
        }
        policy = iam.ManagedPolicy(
            self,
            "Publishing",
            description="Publish releases of orders",
            statements=[
                iam.PolicyStatement(actions=actions.split(), resources=resources) for actions, resources in allowed.items()
            ],
        )
        accept_resource(policy, made, "a deployment is marked with what it froze after it is created")
        return policy

    def _payments_alarm(self) -> cloudwatch.Alarm:
        """The bank declines far more payments than on a normal day."""
        payments = cloudwatch.Metric(
            namespace="Orders", metric_name="PaymentFailed", statistic="Sum", period=cdk.Duration.minutes(1)
        )
        return cloudwatch.Alarm(
            self,
            "PaymentFailures",
            alarm_name="orders-payment-failures",
            alarm_description="more than thirty payments a minute fail; check the bank's status page",
            metric=payments,
            threshold=30,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
