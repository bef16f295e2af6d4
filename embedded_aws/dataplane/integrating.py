"""Integrations: what answers a request once it is admitted.

Decides which kind of integration answers, whether its function may be called, and what becomes of a failed call. Each kind
decides what its function or backend receives, and what the client gets of the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.awslambda.errors import CannotRunError, LambdaError, ResourceNotFoundError
from embedded_aws.dataplane.custom_integration import NoEventError, answer_custom, event_of, is_asynchronous
from embedded_aws.dataplane.http_integration import HttpBackends
from embedded_aws.dataplane.integration_answers import UnmappedPayloadError, refuse_payload
from embedded_aws.dataplane.mock_integration import UnsupportedTemplateError, answer
from embedded_aws.dataplane.proxy_integration import BAD_ANSWER, INTERNAL_ERROR, answer_with, fail, refuse_by_lambda

if TYPE_CHECKING:
    from embedded_aws.apigateway.definition.frozen import Integration, Method
    from embedded_aws.awslambda.functions import Lambdas
    from embedded_aws.dataplane.gatekeeper import Gatekeeper
    from embedded_aws.dataplane.routing import LambdaTarget
    from embedded_aws.dataplane.served import Served
    from embedded_aws.dataplane.serving import Endpoint, ServingArm

BAD_REQUEST, INTERNAL, NOT_BUILT = 400, 500, 501
NO_PERMISSION = "Execution failed due to configuration error: Invalid permissions on Lambda function"


class Integrations:
    """Calls what is behind the methods: functions, and registered backends."""

    def __init__(self, lambdas: Lambdas, gatekeeper: Gatekeeper) -> None:
        self.http = HttpBackends()
        self._lambdas = lambdas
        self._gatekeeper = gatekeeper

    def answer(self, served: Served, arm: ServingArm, endpoint: Endpoint, method: Method) -> None:
        """Let the method's integration answer an admitted request."""
        integration = method.integration
        if integration is None:
            served.answer_error(INTERNAL, INTERNAL_ERROR, "API_CONFIGURATION_ERROR")
        elif integration.kind == "AWS_PROXY":
            self._call_function(served, endpoint, integration)
        else:
            self._answer_mapped(served, arm, endpoint, integration)

    def _answer_mapped(self, served: Served, arm: ServingArm, endpoint: Endpoint, integration: Integration) -> None:
        """Answer by an integration with templates and mappings, or by one that does not call a function."""
        try:
            match integration.kind:
                case "MOCK":
                    answer(served, integration, arm.variables)
                case "HTTP" | "HTTP_PROXY":
                    self.http.serve(served, integration, arm.variables)
                case _:
                    self._call_custom(served, arm, endpoint, integration)
        except UnsupportedTemplateError as error:
            served.answer_error(NOT_BUILT, str(error), "NOT_BUILT")

    def _call_function(self, served: Served, endpoint: Endpoint, integration: Integration) -> None:
        target = self._callable(served, endpoint, integration)
        if target is None:
            return
        event = endpoint.event.of(served) if served.authorizer is None else endpoint.event.of_guarded(served, served.authorizer)
        try:
            invocation = self._lambdas.call(target.name, target.qualifier, event, served.request.at)
        except ResourceNotFoundError as error:
            fail(served, BAD_ANSWER, str(error))
            return
        except CannotRunError as error:
            refuse_by_lambda(served, error.status)
            return
        answer_with(served, invocation, integration.timeout_millis)

    def _callable(self, served: Served, endpoint: Endpoint, integration: Integration) -> LambdaTarget | None:
        """The function that an integration calls; if it cannot be called, the request is answered and None is returned."""
        target = endpoint.target
        if target is None:
            _refuse_target(served, endpoint, integration)
            return None
        served.function, served.qualifier = name, qualifier = target
        source_arn = endpoint.source_arn(served.request)
        if (
            self._lambdas.allows_api(name, qualifier, source_arn)
            if integration.credentials is None
            else self._gatekeeper.may_invoke(target, source_arn, integration.credentials)
        ):
            return target
        fail(served, INTERNAL, NO_PERMISSION)
        return None

    def _call_custom(self, served: Served, arm: ServingArm, endpoint: Endpoint, integration: Integration) -> None:
        """Call a function with the event that a template makes, and map its result by the integration's responses."""
        if ":lambda:path/" not in integration.uri or is_asynchronous(served, integration, arm.variables):
            served.answer_error(NOT_BUILT, f"the embedded AWS does not serve {integration.uri} in this way", "NOT_BUILT")
            return
        target = self._callable(served, endpoint, integration)
        if target is None:
            return
        try:
            event = event_of(served, integration, arm.variables)
            invocation = self._lambdas.call(target.name, target.qualifier, event, served.request.at)
        except UnmappedPayloadError:
            refuse_payload(served)
        except NoEventError:
            served.answer_error(BAD_REQUEST, "Could not parse request body into json", "BAD_REQUEST_BODY")
        except LambdaError as error:
            fail(served, INTERNAL, str(error))
        else:
            answer_custom(served, invocation, integration, arm.variables)


def _refuse_target(served: Served, endpoint: Endpoint, integration: Integration) -> None:
    if endpoint.is_elsewhere:
        served.answer_error(NOT_BUILT, f"{integration.uri} belongs to an account or Region that is not here", "NOT_BUILT")
    else:
        fail(served, INTERNAL, "Execution failed due to configuration error: Invalid integration")
