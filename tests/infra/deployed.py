"""`--deployed`: controller and target come from the synthesised templates through CloudFormation, with enforced roles.

At the end of each test no call may have been denied. At the end of all tests, every statement of every role, with each of its
actions and resources, must have allowed something. Each process of a run hands over what it did not need; the rest is what no
process needed.
"""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from canary.edge.target import require_target, target_from_json, target_to_json
from demo.controller import Controller
from embedded_aws.cloudformation.assembly import deploy
from infra.stacks import CONTROLLER, ControllerStack, TargetStack
from tests.infra.needed import Needed
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Target
    from embedded_aws.embedded import EmbeddedAws
    from tests.infra.needed import Element, Statement

CONTROLLERS, TARGETS = ":role/canary/controller/", ":role/canary/target/"
NEEDED = "canary_needed"


@cache
def synthesised(target: str) -> Path:
    """The folder of the app's assembly for one target, given as its JSON."""
    folder = Path(tempfile.mkdtemp())
    app = cdk.App(outdir=str(folder))
    controller = ControllerStack(app)
    TargetStack(app, target=require_target(json.loads(target))).add_stack_dependency(controller)
    app.synth()
    return folder


def by_templates(aws: EmbeddedAws, target: Target) -> tuple[Target, Controller]:
    """Controller and target deployed, with their roles enforced from here on; returns the registered target."""
    aws.permissions.enforce()
    outputs = deploy(aws.client, synthesised(target_to_json(target)))[CONTROLLER]
    parameter = aws.client("ssm").get_parameter(Name=f"/canary/targets/{target.name}")["Parameter"]["Value"]
    controller = Controller(outputs["StateMachineArn"], outputs["TableName"], outputs["OperateRolloutName"])
    return target_from_json(parameter), controller


class Deployed:
    """The plugin behind the option."""

    def __init__(self) -> None:
        self._opened: list[EmbeddedAws] = []
        self._shared: list[EmbeddedAws] = []
        self._needed = Needed()

    def pytest_sessionstart(self) -> None:
        """From now on each rig is deployed."""

        def deployer(aws: EmbeddedAws, target: Target) -> tuple[Target, Controller]:
            self._opened.append(aws)
            return by_templates(aws, target)

        Rig.deployer = staticmethod(deployer)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        yield
        if self._opened:
            self._shared, self._opened = self._opened, []
        elif "shared" not in getattr(item, "fixturenames", ()):
            self._shared = []
        denied = []
        for aws in self._shared:
            self._needed.add(_statements_of(aws), _unused_of(aws))
            denied += aws.permissions.denied
            aws.permissions.denied.clear()
        assert denied == []

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker hands over what it saw; the single process, or the workers' head, reports what is left."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[NEEDED] = self._needed.dump()
        elif left := self._needed.left():
            self._fail(session, left)

    def pytest_testnodedown(self, node: Any) -> None:
        self._needed.merge(node.workeroutput[NEEDED])

    @staticmethod
    def _fail(session: pytest.Session, left: list[Element]) -> None:
        lines = "\n".join(" ".join(each) for each in left)
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line(f"\nstatements that no execution needed:\n{lines}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _roles_of(aws: EmbeddedAws) -> list[str]:
    """The roles of controller and targets."""
    pages = aws.client("iam").get_paginator("list_roles").paginate()
    arns = [role["Arn"] for page in pages for role in page["Roles"]]
    return [arn for arn in arns if CONTROLLERS in arn or TARGETS in arn]


def _statements_of(aws: EmbeddedAws) -> Iterator[Statement]:
    for arn in _roles_of(aws):
        for statement in aws.permissions.iam.role(arn).statements:
            yield (_same(statement.role), statement.policy, statement.name)


def _unused_of(aws: EmbeddedAws) -> Iterator[Element]:
    for one in aws.permissions.unused(_roles_of(aws)):
        yield (_same(one.role), one.policy, one.statement, one.element, one.pattern)


def _same(role: str) -> str:
    """A role's name without CloudFormation's additions."""
    return role.rpartition("/")[2].rpartition("-")[0]
