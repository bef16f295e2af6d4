"""The rig with controller and target deployed from the synthesised templates, under their roles."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.stacks import CONTROLLER, ControllerStack, TargetStack
from local.controller import Controller
from local.deploy import deploy
from tests.rig import Rig

if TYPE_CHECKING:
    from canary.rules.target import Target

TARGET_STACK = "canary-target-orders"


def synthesise(target: Target, folder: Path) -> None:
    """The app's stacks for one target, as files of an assembly."""
    app = cdk.App(outdir=str(folder))
    controller = ControllerStack(app)
    TargetStack(app, target=target).add_stack_dependency(controller)
    app.synth()


class DeployedRig(Rig):
    """One account in which everything of the controller's came out of CloudFormation."""

    folder: Path

    def deploy(self) -> Controller:
        self.folder = Path(tempfile.mkdtemp())
        synthesise(self.target, self.folder)
        outputs = deploy(self.aws.client, self.folder)[CONTROLLER]
        parameter = self.aws.client("ssm").get_parameter(Name="/canary/targets/orders")["Parameter"]["Value"]
        role = re.search(r'"role_arn":"([^"]+)"', parameter)
        assert role
        self.target = replace(self.target, role_arn=role[1])
        return Controller(outputs["StateMachineArn"], outputs["TableName"], outputs["OperateRolloutName"])
