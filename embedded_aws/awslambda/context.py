"""The ``context`` argument of a handler: which function runs, and how it was invoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.awslambda.user_run import Run
    from embedded_aws.awslambda.version import FunctionVersion


class Context:
    """The ``context`` argument of a handler."""

    __slots__ = ("_run", "_version", "aws_request_id", "invoked_function_arn")

    identity = None
    client_context = None

    def __init__(self, version: FunctionVersion, run: Run, invoked_function_arn: str) -> None:
        self._version = version
        self._run = run
        self.aws_request_id = run.request_id
        self.invoked_function_arn = invoked_function_arn

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._version.name

    @property
    def function_version(self) -> str:
        """The version that runs, also when an alias was invoked."""
        return self._version.version

    @property
    def memory_limit_in_mb(self) -> str:
        """The configured memory, a string as in Lambda."""
        return str(self._version.memory_mb)

    @property
    def log_group_name(self) -> str:
        """The log group of this function."""
        return self._version.log_group

    @property
    def log_stream_name(self) -> str:
        """The log stream of this environment."""
        return self._run.log_stream

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out."""
        return max(0, round((self._run.timeout - self._run.slept) * 1000))
