"""Reserved and provisioned concurrency: moto stores the first without applying it and does not know the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.awslambda.aliases import is_alias_name
from embedded_aws.awslambda.errors import InvalidParameterValueError, ResourceNotFoundError
from embedded_aws.moto_seams.awslambda_request import Answer, Call, answer

if TYPE_CHECKING:
    from embedded_aws.awslambda.functions import Lambdas

ACTIONS = ("delete_function_concurrency", "get_function_concurrency", "put_function_concurrency")
ADDED = (
    "delete_provisioned_concurrency_config",
    "get_provisioned_concurrency_config",
    "list_provisioned_concurrency_configs",
    "put_provisioned_concurrency_config",
)
_FUNCTION = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%\x24-]+)"
PATHS = (f"{_FUNCTION}/concurrency/?$", f"{_FUNCTION}/provisioned-concurrency/?$")
"""Routes that moto lacks: it has the first only for names without a dollar sign, and the second not at all."""


class CapacityCalls:
    """The operations on a function's concurrency, each under moto's name for it or the name that moto would give it."""

    def __init__(self, lambdas: Lambdas) -> None:
        self._lambdas = lambdas
        self._concurrency = lambdas.concurrency

    # Reserved.

    def put_function_concurrency(self, call: Call) -> Answer:
        """Reserve concurrency for a function, and enforce the limit."""
        function, wanted = self._whole_function(call), int(call.body["ReservedConcurrentExecutions"])
        self._concurrency.reserve(function, wanted)
        call.latest().reserved_concurrency = wanted
        return answer(200, {"ReservedConcurrentExecutions": wanted})

    def get_function_concurrency(self, call: Call) -> Answer:
        """The reserved concurrency; the answer is empty where none is reserved."""
        call.latest()
        reserved = self._concurrency.reserved(call.function)
        return answer(200, {} if reserved is None else {"ReservedConcurrentExecutions": reserved})

    def delete_function_concurrency(self, call: Call) -> Answer:
        """Remove the reservation."""
        self._concurrency.release(self._whole_function(call))
        call.latest().reserved_concurrency = None
        return answer(204)

    # Provisioned.

    def put_provisioned_concurrency_config(self, call: Call) -> Answer:
        """Keep environments ready for a version or an alias."""
        qualifier, wanted = self._qualifier(call), int(call.body["ProvisionedConcurrentExecutions"])
        self._concurrency.expect_room(call.function, qualifier, wanted)
        alias = self._lambdas.alias(call.function, qualifier)
        made = self._concurrency.provisioned.put(call.function, qualifier, wanted, alias)
        return answer(202, made.describe(self._lambdas.now()))

    def get_provisioned_concurrency_config(self, call: Call) -> Answer:
        """The progress of preparing the environments."""
        found = self._concurrency.provisioned.get(call.function, self._qualifier(call))
        return answer(200, found.describe(self._lambdas.now()))

    def list_provisioned_concurrency_configs(self, call: Call) -> Answer:
        """The provisioned concurrency of each qualifier of a function."""
        call.latest()
        shown = [
            {"FunctionArn": self._lambdas.arn(call.function, qualifier), **found.describe(self._lambdas.now())}
            for qualifier, found in self._concurrency.provisioned.of(call.function)
        ]
        return answer(200, {"ProvisionedConcurrencyConfigs": shown})

    def delete_provisioned_concurrency_config(self, call: Call) -> Answer:
        """Stop keeping environments ready."""
        self._concurrency.provisioned.drop(call.function, self._qualifier(call))
        return answer(204)

    def _whole_function(self, call: Call) -> str:
        """The function's name; refuses a qualifier, and a function that does not exist."""
        if call.qualifier:
            raise InvalidParameterValueError(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
                "Please specify either a function name or an unqualified function ARN."
            )
        if not self._lambdas.has(call.function):
            raise ResourceNotFoundError(f"Function not found: {self._lambdas.arn(call.function, '$LATEST')}")
        return call.function

    def _qualifier(self, call: Call) -> str:
        """The request's qualifier; refuses one that the function does not have."""
        qualifier = call.qualifier or "$LATEST"
        if not self._lambdas.has(call.function, qualifier):
            arn = self._lambdas.arn(call.function, qualifier)
            raise ResourceNotFoundError(
                f"Cannot find alias arn: {arn}" if is_alias_name(qualifier) else f"Function not found: {arn}"
            )
        return qualifier
