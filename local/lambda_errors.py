"""The refusals of the Lambda control plane, as AWS names them: an error code, an HTTP status and a message.

The messages are AWS's own, to the letter: clients match on them (docs/aws.md#lambda-errors).
"""

from __future__ import annotations


class LambdaError(Exception):
    """A request that Lambda refuses.

    LambdaError
    ├── InvalidParameterValueError  400
    ├── ValidationError             400, outside what the service's model allows
    ├── ResourceNotFoundError       404
    ├── ResourceConflictError       409, it exists already
    └── PreconditionFailedError     412, somebody else wrote first
    """

    code = "ServiceException"
    status = 500


class InvalidParameterValueError(LambdaError):
    """The request makes no sense for this function."""

    code = "InvalidParameterValueException"
    status = 400


class ValidationError(LambdaError):
    """A field is outside what the service's model allows."""

    code = "ValidationException"
    status = 400

    @classmethod
    def of(cls, value: object, field: str, constraint: str) -> ValidationError:
        """In the words that the service's own validation uses."""
        problem = f"Value '{value}' at '{field}' failed to satisfy constraint: {constraint}"
        return cls(f"1 validation error detected: {problem}")


class ResourceNotFoundError(LambdaError):
    """What the request names does not exist."""

    code = "ResourceNotFoundException"
    status = 404


class ResourceConflictError(LambdaError):
    """What the request makes exists already."""

    code = "ResourceConflictException"
    status = 409


class PreconditionFailedError(LambdaError):
    """The revision in the request is not the latest."""

    code = "PreconditionFailedException"
    status = 412
