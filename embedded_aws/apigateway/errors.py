"""The refusals of the API Gateway control plane, as AWS names them: an error code, an HTTP status and a message.

The messages are AWS's own to the letter, including trailing blanks, because clients match on them.
"""


class GatewayError(Exception):
    """API Gateway refuses the request.

    GatewayError
    ├── BadRequestError     400
    ├── ValidationError     400, a field violates the service's model
    ├── SerializationError  400, a JSON type that the service cannot read
    ├── AccessDeniedError   403
    ├── NotFoundError       404
    └── ConflictError       409
    """

    code = "InternalFailure"
    status = 500


class BadRequestError(GatewayError):
    """The request is invalid, in itself or for this stage."""

    code = "BadRequestException"
    status = 400


class ValidationError(GatewayError):
    """A field violates the service's model."""

    code = "ValidationException"
    status = 400


class SerializationError(GatewayError):
    """A field has a JSON type that the service cannot read."""

    code = "SerializationException"
    status = 400


class AccessDeniedError(GatewayError):
    """The request passes on a permission that its sender does not have."""

    code = "AccessDeniedException"
    status = 403


class NotFoundError(GatewayError):
    """Something that the request names does not exist."""

    code = "NotFoundException"
    status = 404


class ConflictError(GatewayError):
    """What the request creates already exists."""

    code = "ConflictException"
    status = 409
