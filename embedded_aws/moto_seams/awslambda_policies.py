"""Policies of functions, their versions and aliases: one statement at a time, or a whole policy at once.

moto has one policy for a function and all of its qualifiers, and has no whole policies.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from embedded_aws.awslambda import aliases, resource_policies
from embedded_aws.awslambda.aliases import LATEST, expect_revision
from embedded_aws.awslambda.errors import InvalidParameterValueError, ResourceNotFoundError
from embedded_aws.moto_seams.awslambda_request import Answer, Call, answer

if TYPE_CHECKING:
    from embedded_aws.awslambda.aliases import Alias
    from embedded_aws.awslambda.functions import Lambdas

ACTIONS = ("add_permission", "get_policy", "remove_permission")
ADDED = ("delete_resource_policy", "get_resource_policy", "put_resource_policy")
PATH = r"{0}/(?P<api_version>[^/]+)/resource-policy/(?P<resource_arn>.+)$"
"""The route of whole policies, which moto lacks."""


class PolicyCalls:
    """The operations on policies, each under moto's name for it or the name that moto would give it."""

    def __init__(self, lambdas: Lambdas) -> None:
        self._lambdas = lambdas

    def add_permission(self, call: Call) -> Answer:
        """Add a statement to the policy of one qualifier."""
        if call.qualifier == LATEST:
            raise InvalidParameterValueError("We currently do not support adding policies for $LATEST.")
        resource_policies.expect_policy_revision(call.body.get("RevisionId"), self._revision(call))
        statement = resource_policies.statement(call.body, self._lambdas.arn(call.function, call.qualifier))
        self._lambdas.policies(call.function).add(call.qualifier, statement)
        self._renew_revision(call)
        return answer(201, {"Statement": json.dumps(statement)})

    def get_policy(self, call: Call) -> Answer:
        """The policy of one qualifier, with the revision that guards it."""
        return self._shown(call)

    def remove_permission(self, call: Call) -> Answer:
        """Remove a statement from the policy of one qualifier."""
        if not self._lambdas.has(call.function):
            raise ResourceNotFoundError(f"No policy found for: {self._lambdas.arn(call.function)}")
        expect_revision(call.asked("RevisionId"), self._revision(call))
        self._lambdas.policies(call.function).remove(call.qualifier, call.path[1])
        self._renew_revision(call)
        return answer(204)

    def put_resource_policy(self, call: Call) -> Answer:
        """Replace the whole policy of a function or a qualifier, given by its ARN."""
        self._whole(call)
        resource_policies.expect_policy_revision(call.body.get("RevisionId"), self._revision(call))
        self._lambdas.policies(call.function).put(call.qualifier, call.body["Policy"])
        self._renew_revision(call)
        return self._shown(call)

    def get_resource_policy(self, call: Call) -> Answer:
        """The whole policy, however it was created."""
        self._whole(call)
        return self._shown(call)

    def delete_resource_policy(self, call: Call) -> Answer:
        """Delete the whole policy."""
        self._whole(call)
        expect_revision(call.asked("RevisionId"), self._revision(call))
        self._lambdas.policies(call.function).document(call.qualifier)
        self._lambdas.policies(call.function).drop(call.qualifier)
        self._renew_revision(call)
        return answer(204)

    def _whole(self, call: Call) -> None:
        if not self._lambdas.has(call.function, call.qualifier):
            raise ResourceNotFoundError(f"Function not found: {self._lambdas.arn(call.function, call.qualifier)}")

    def _shown(self, call: Call) -> Answer:
        document = self._lambdas.policies(call.function).document(call.qualifier)
        return answer(200, {"Policy": json.dumps(document), "RevisionId": self._revision(call)})

    def _revision(self, call: Call) -> str:
        """The revision that guards a qualifier's policy: the alias's, or the version's."""
        if call.qualifier and aliases.is_alias_name(call.qualifier):
            return self._alias(call, call.qualifier).revision_id
        return str(call.backend.get_function(call.function, call.qualifier).revision_id)

    def _renew_revision(self, call: Call) -> None:
        if call.qualifier and aliases.is_alias_name(call.qualifier):
            alias = self._alias(call, call.qualifier)
            self._lambdas.put_alias(call.function, dataclasses.replace(alias, revision_id=self._lambdas.new_id()))
        else:
            call.backend.get_function(call.function, call.qualifier).revision_id = self._lambdas.new_id()

    def _alias(self, call: Call, name: str) -> Alias:
        alias = self._lambdas.alias(call.function, name)
        if alias is None:
            raise ResourceNotFoundError(f"Cannot find alias arn: {self._lambdas.arn(call.function, name)}")
        return alias
