"""Templates that are stored in S3, and how CloudFormation refuses a call."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from embedded_aws.wire.connection import Connect


class StackError(Exception):
    """CloudFormation refuses a call; `code` is the error code that clients see."""

    def __init__(self, message: str, code: str = "ValidationError") -> None:
        super().__init__(message)
        self.code = code


def read_stored(connect: Connect, url: str) -> str:
    """A template stored in S3, by either form of its URL.

    Raises:
        StackError: it cannot be read.
    """
    address = urlsplit(url)
    bucket, found, _ = (address.hostname or "").partition(".s3.")
    path = unquote(address.path).removeprefix("/")
    if not found:
        bucket, _, path = path.partition("/")
    try:
        body: bytes = connect("s3").get_object(Bucket=bucket, Key=path)["Body"].read()
    except ClientError as error:
        raise StackError(f"S3 error: {error.response['Error'].get('Message', '')}") from error
    return body.decode()
