"""Constructs that bring API Gateway stages and Lambda aliases under the canary controller.

`Controller` is deployed once per account and Region. A `Target` registers one API stage, or one set of aliases, with it;
`CanaryRestApi` and `ControlledStage` create such a stage, `VersionedFunction` creates such aliases. `RolloutAction` starts
rollouts from a pipeline, `RolloutSchedule` at scheduled times.
"""

from canary.rules.releases.release import Operation
from canary.rules.targets.target import BusinessMetric, Metrics, Outside, OutsideRoute
from canary_cdk.compiled import TargetFunction
from canary_cdk.controller import Controller
from canary_cdk.pipeline import RolloutAction, rollout_machine
from canary_cdk.rest_api import CanaryRestApi, ControlledStage, StageError
from canary_cdk.schedules import RolloutSchedule
from canary_cdk.target import Target
from canary_cdk.versioned_function import VersionedFunction

__all__ = [
    "BusinessMetric",
    "CanaryRestApi",
    "ControlledStage",
    "Controller",
    "Metrics",
    "Operation",
    "Outside",
    "OutsideRoute",
    "RolloutAction",
    "RolloutSchedule",
    "StageError",
    "Target",
    "TargetFunction",
    "VersionedFunction",
    "rollout_machine",
]
