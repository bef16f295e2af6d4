"""What an exception means for whoever ran the command: one error with a code, a message and what to do."""

from __future__ import annotations

import re

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError

from canary.aws.calls import DENIED, code_of
from canary.aws.errors import ControllerError, RecordSchemaError, RecordsRefusedError, UnknownTargetError
from canary_cli.exits import CommandError, ExitCode
from canary_cli.operating import AUTHORIZER

EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnauthorizedSSOTokenError",
    "UnrecognizedClientException",
}
BUSY = {
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
REGION = re.compile(r"(?:--region |arn:[\w-]+:[\w-]+:)([a-z]+-[a-z-]+-\d+)\b")
"""Where a refusal's message names the Region: in the command that was tried, or in the resource's ARN."""
SERVERS_FAULT = 500
"""From this HTTP status on, a failed call is AWS's fault and may succeed when it is repeated."""

NO_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.TokenRetrievalError,
    aws.SSOError,
    aws.RefreshWithMFAUnsupportedError,
)
NO_NETWORK = (aws.ConnectionError, aws.HTTPClientError)
WRONG_USE = (aws.ProfileNotFound, aws.NoRegionError)
LOG_IN = "log in again (such as aws sso login), or name another profile with --profile"


def describe(error: Exception) -> CommandError:
    """The error as the command tells it."""
    match error:
        case CommandError():
            return error
        case ControllerError():
            return _of_controller(error)
        case _:
            return _of_aws(error, str(error)) or _crash(error)


def _of_controller(error: ControllerError) -> CommandError:
    if isinstance(error, UnknownTargetError):
        return CommandError("UnknownTarget", str(error), "name one of them, or deploy the target first", ExitCode.USAGE)
    if isinstance(error, RecordSchemaError):
        return CommandError("OtherSchema", str(error), "install the version of canary that the controller has")
    if found := _of_aws(error.__cause__, str(error)):
        return found
    if isinstance(error, RecordsRefusedError):
        return _busy(str(error))
    return CommandError(type(error).__name__.removesuffix("Error"), str(error), "run the command again")


def _of_aws(cause: BaseException | None, message: str) -> CommandError | None:
    if isinstance(cause, ClientError):
        return _refused(cause, message)
    return _unanswered(cause, message) if isinstance(cause, BotoCoreError) else None


def _crash(error: Exception) -> CommandError:
    return CommandError("Crash", f"{type(error).__name__}: {error}", "this is a bug of the command; report it with the trace")


def _refused(cause: ClientError, message: str) -> CommandError:
    code = code_of(cause)
    if code in EXPIRED:
        return CommandError("Credentials", message, LOG_IN, ExitCode.CANNOT_TELL)
    if code in DENIED:
        return CommandError("Denied", message, _permission(cause, message), ExitCode.CANNOT_TELL)
    if code in BUSY or cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= SERVERS_FAULT:
        return _busy(message)
    return CommandError(code, message, "read what AWS says of this code")


def _permission(cause: ClientError, message: str) -> str:
    """Which managed policy of the controller's stack allows the call that was denied."""
    match cause.operation_name:
        case "Invoke":
            duty = "authorizer" if AUTHORIZER in message else "operator"
        case "StartExecution":
            duty = "starter"
        case "StopExecution" | "PutMetricData":
            duty = "driller"
        case _:
            duty = "reader"
    found = REGION.search(message)
    name = f"canary-{duty}-{found.group(1) if found else '<Region>'}"
    return f"ask for the managed policy {name}, which the controller's stack has"


def _busy(message: str) -> CommandError:
    return CommandError("Busy", message, "run the command again in a minute", ExitCode.CANNOT_TELL)


def _unanswered(cause: BotoCoreError, message: str) -> CommandError:
    if isinstance(cause, WRONG_USE):
        fix = "name the profile with --profile and the Region with --region"
        return CommandError(type(cause).__name__, message, fix, ExitCode.USAGE)
    if isinstance(cause, NO_CREDENTIALS):
        return CommandError("Credentials", message, LOG_IN, ExitCode.CANNOT_TELL)
    if isinstance(cause, NO_NETWORK):
        return CommandError("Network", message, "check the network, the Region and --endpoint-url", ExitCode.CANNOT_TELL)
    return CommandError(type(cause).__name__, message, "check the settings of AWS")
