"""The refusals of the Lambda control plane, as AWS names them: an error code, an HTTP status and a message.

The messages are AWS's own to the letter, because clients match on them (docs/aws.md#lambda-errors).
"""

from __future__ import annotations


class LambdaError(Exception):
    """Lambda refuses the request.

    LambdaError
    ├── InvalidParameterValueError  400
    ├── ValidationError             400, a field violates the service's model
    ├── ResourceNotFoundError       404
    │   └── NoProvisionedConcurrencyError
    ├── ResourceConflictError       409, it already exists, or another operation is in progress
    ├── PreconditionFailedError     412, someone else wrote first
    ├── RateExceededError           429, too many calls to the control plane
    └── CannotRunError              the function exists but cannot run now
        ├── NotActiveError          409, its version is pending or has failed
        ├── IdleError               409, its version was idle for too long and is being restored
        └── TooManyRequestsError    429
            └── SwitchedOffError    its reserved concurrency is 0
    """

    code = "ServiceException"
    status = 500
    message_key = "message"
    """The JSON key of the message; it differs between errors."""

    def body(self) -> dict[str, str]:
        """The answer's JSON."""
        return {"Type": "User", self.message_key: str(self)}


class InvalidParameterValueError(LambdaError):
    """The request is invalid for this function."""

    code = "InvalidParameterValueException"
    status = 400


class ValidationError(LambdaError):
    """A field violates the service's model."""

    code = "ValidationException"
    status = 400

    @classmethod
    def of(cls, value: object, field: str, constraint: str) -> ValidationError:
        """The error in the wording of the service's own validation."""
        problem = f"Value '{value}' at '{field}' failed to satisfy constraint: {constraint}"
        return cls(f"1 validation error detected: {problem}")

    def body(self) -> dict[str, str]:
        """The answer's JSON, which contains only the message."""
        return {self.message_key: str(self)}


class ResourceNotFoundError(LambdaError):
    """Something that the request names does not exist."""

    code = "ResourceNotFoundException"
    status = 404
    message_key = "Message"


class NoProvisionedConcurrencyError(ResourceNotFoundError):
    """The version or alias has no provisioned concurrency (docs/aws.md#provisioned-concurrency)."""

    code = "ProvisionedConcurrencyConfigNotFoundException"
    message_key = "message"

    def __init__(self) -> None:
        super().__init__("No Provisioned Concurrency Config found for this function")


class ResourceConflictError(LambdaError):
    """What the request creates already exists, or another operation is in progress."""

    code = "ResourceConflictException"
    status = 409


class PreconditionFailedError(LambdaError):
    """The revision in the request is not the latest."""

    code = "PreconditionFailedException"
    status = 412


class CannotRunError(LambdaError):
    """The function exists but cannot run now."""


class NotActiveError(CannotRunError):
    """The version is not active (docs/aws.md#function-states)."""

    code = "ResourceConflictException"
    status = 409


class IdleError(CannotRunError):
    """The version was idle for too long. This invocation is lost, and makes Lambda restore the version."""

    code = "SnapStartNotReadyException"
    status = 409
    message_key = "Message"

    def __init__(self) -> None:
        super().__init__(
            "Lambda is initializing your function. It will be ready to invoke once your function state becomes ACTIVE."
        )


class TooManyRequestsError(CannotRunError):
    """More requests at a time than the function may serve (docs/aws.md#reserved-concurrency)."""

    code = "TooManyRequestsException"
    status = 429

    def __init__(self) -> None:
        super().__init__("Rate Exceeded.")

    def body(self) -> dict[str, str]:
        """The answer's JSON, with the limit that was reached."""
        return {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", **super().body()}


class RateExceededError(LambdaError):
    """More calls to the control plane at a time than an account may make (docs/aws.md#control-plane-limits)."""

    code = "TooManyRequestsException"
    status = 429

    def __init__(self) -> None:
        super().__init__("Rate exceeded")


class SwitchedOffError(TooManyRequestsError):
    """The function's reserved concurrency is 0, so it serves no request."""
