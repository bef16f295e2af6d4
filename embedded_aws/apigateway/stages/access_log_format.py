"""Which access-log formats UpdateStage accepts (docs/aws.md#access-log-variables)."""

from __future__ import annotations

import re

LONGEST_FORMAT = 3_072
_REQUEST_ID = re.compile(r"\$context\.(?:requestId|extendedRequestId)\b")


class AccessLogFormatError(ValueError):
    """API Gateway takes no such format."""


def check_format(log_format: str) -> None:
    """Refuse what can be no access log's format.

    Raises:
        AccessLogFormatError: in API Gateway's words where they are known.

    """
    if "\n" in log_format.removesuffix("\n"):
        raise AccessLogFormatError(
            "Access Log format must be single line, new line character is allowed only at end of the format"
        )
    if not _REQUEST_ID.search(log_format):
        raise AccessLogFormatError("Access Log format must include $context.requestId or $context.extendedRequestId")
    if len(log_format) > LONGEST_FORMAT:
        raise AccessLogFormatError(f"Access Log format must have at most {LONGEST_FORMAT} characters")
