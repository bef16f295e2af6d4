"""The refusals of the API Gateway control plane, as AWS names them: an error code, an HTTP status and a message.

The messages are AWS's own, to the letter, trailing blanks included: clients match on them.
"""


class GatewayError(Exception):
    """A request that API Gateway refuses.

    GatewayError
    ├── BadRequestError     400
    ├── ValidationError     400, refused by the request's own shape
    ├── SerializationError  400, a JSON type that cannot be read
    ├── AccessDeniedError   403
    ├── NotFoundError       404
    └── ConflictError       409
    """

    code = "InternalFailure"
    status = 500


class BadRequestError(GatewayError):
    """The request makes no sense, or not on this stage."""

    code = "BadRequestException"
    status = 400


class ValidationError(GatewayError):
    """A field is outside what the service's model allows."""

    code = "ValidationException"
    status = 400


class SerializationError(GatewayError):
    """A field has a JSON type that the service cannot read."""

    code = "SerializationException"
    status = 400


class AccessDeniedError(GatewayError):
    """The request asks for what its sender may not give away."""

    code = "AccessDeniedException"
    status = 403


class NotFoundError(GatewayError):
    """What the request names does not exist."""

    code = "NotFoundException"
    status = 404


class ConflictError(GatewayError):
    """What the request makes exists already."""

    code = "ConflictException"
    status = 409
