"""How a refusal looks to a client: as botocore's own error, made as from an answer over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedded_aws.wire.errors import Refusal


def refuse(operation: str, code: str, message: str, reasons: Sequence[str] = (), *, status: int = 400) -> ClientError:
    """The error of an operation; ``reasons`` are those of a cancelled transaction, one for each of its items."""
    metadata = {"HTTPStatusCode": status, "RequestId": "", "HostId": "", "HTTPHeaders": {}, "RetryAttempts": 0}
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
    if reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, operation)


def as_error(refusal: Refusal, operation: str) -> ClientError:
    """A refusal in its wire form, as the client's error."""
    return refuse(operation, refusal.code, refusal.message, status=refusal.status)
