"""The sample as an app: run `cdk deploy --all` in this folder once the controller is deployed in the account.

If you copy it, set the connection and the repository in cdk.json.
"""

from __future__ import annotations

import os

import aws_cdk as cdk

from examples.orders_app.orders_stack import OrdersStack
from examples.orders_app.pipeline_stack import PipelineStack, Repository
from examples.orders_app.schedules_stack import SchedulesStack


def build(app: cdk.App, *, env: cdk.Environment | None = None) -> OrdersStack:
    """Create the app's three stacks and return the API's."""
    orders = OrdersStack(app, "orders", env=env)
    connection, repository = (app.node.get_context(key) for key in ("connection", "repository"))
    PipelineStack(app, "orders-pipeline", orders=orders, repository=Repository(connection, repository), env=env)
    SchedulesStack(app, "orders-schedules", env=env)
    return orders


def main() -> None:
    """What cdk.json runs. Account and Region come from the credentials of the deployment."""
    app = cdk.App()
    env = cdk.Environment(account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION"))
    build(app, env=env)
    app.synth()


if __name__ == "__main__":
    main()
