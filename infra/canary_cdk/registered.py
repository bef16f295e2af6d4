"""The registration of a compiled target with the controller: its role, its parameter, and what is measured of it.

Does not change the API or the functions, and does not know where the target came from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from canary.edge.target import LARGEST_PARAMETER, target_to_json
from canary_cdk import naming
from canary_cdk.arms import arms_dashboard
from canary_cdk.at_rest import guard_change, guard_deletion
from canary_cdk.compiled import TOKEN
from canary_cdk.queries import save_queries
from canary_cdk.target_permissions import LONGEST_NAME, target_role
from canary_cdk.target_watch import TargetWatch

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from canary.rules.targets import target as rules


class RegisteredTarget(Construct):
    """What a target needs besides the controller. `role` is the role that the controller assumes for it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, target: rules.Target, dashboard: bool = True, queries: bool = True
    ) -> None:
        super().__init__(scope, construct_id)
        self.role: iam.Role = target_role(self, target)
        registration = target_to_json(replace(target, role_arn=self.role.role_arn))
        self._warn_of_size(registration, target.name)
        self.parameter = ssm.StringParameter(
            self,
            "Parameter",
            parameter_name=f"{naming.TARGET_PREFIX}{target.name}",
            string_value=registration,
            description=f"The target {target.name} of the canary controller",
            tier=ssm.ParameterTier.INTELLIGENT_TIERING,
        )
        TargetWatch(self, "Watch", target=target)
        if dashboard:
            arms_dashboard(self, target)
        if queries:
            save_queries(self, target)
        guard_change(self, target)
        guard_deletion(self, target=target.name)
        cdk.Tags.of(self).add(naming.TARGET_TAG, target.name)

    def _warn_of_size(self, registration: str, target: str) -> None:
        """Warn if names that only CloudFormation knows may make the registration too long; literal names are checked before."""
        longest = len(TOKEN.sub("x" * LONGEST_NAME, registration))
        if longest > LARGEST_PARAMETER:
            cdk.Annotations.of(self).add_warning_v2(
                "canary:registration-size",
                f"the registration of target {target} may be {longest:,} characters long once its functions have "
                f"their names, and an SSM parameter holds {LARGEST_PARAMETER:,}; use fewer functions, or shorter names",
            )
