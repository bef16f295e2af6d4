"""What one execution environment is doing: its request, its simulated time, its output.

Decides what sleeping costs and what is a line of output. User code reaches it only through `user_views`.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class CodeError(Exception):
    """User code that cannot be started; ``error_type`` is Lambda's name for the reason."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class TimedOutError(BaseException):
    """The function used up its timeout. Not an Exception: user code must not catch it by accident."""


class Run:
    """What one environment is doing now: when it was called, how long it has slept, what it has printed."""

    __slots__ = (
        "_partial",
        "at",
        "environ",
        "lines",
        "log_stream",
        "random",
        "request_id",
        "slept",
        "timeout",
        "uses_libraries",
    )

    def __init__(self, environ: Mapping[str, str], *, timeout: float, seed: int, log_stream: str = "") -> None:
        self.environ = dict(environ)
        self.log_stream = log_stream
        self.timeout = timeout
        self.random = random.Random(seed)
        self.at = 0.0
        self.slept = 0.0
        self.request_id = ""
        self.lines: list[str] = []
        self.uses_libraries = False
        self._partial = ""

    def begin(self, at: float, request_id: str) -> None:
        """Begin a new request, at the simulated second ``at``."""
        self.at = at
        self.slept = 0.0
        self.request_id = request_id
        self.lines = []

    def sleep(self, seconds: float) -> None:
        """``time.sleep``: adds to the duration, and ends the request where that passes the function's timeout."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.slept += seconds
        if self.slept > self.timeout:
            self.slept = self.timeout
            raise TimedOutError

    def now(self) -> float:
        """Simulated epoch seconds as the running request sees them."""
        return self.at + self.slept

    def now_ns(self) -> int:
        """The same in whole nanoseconds."""
        return round(self.now() * 1e9)

    def print(self, *values: object, **options: Any) -> None:  # noqa: ANN401 - the builtin's own signature
        """``print``: writes to the log, unless it is given a file that is not one of the standard streams."""
        sep, end, file = options.get("sep"), options.get("end"), options.get("file")
        if file is not None and not isinstance(file, Output) and file not in (sys.stdout, sys.stderr):
            print(*values, **options)  # noqa: T201 - to a file that user code opened itself
            return
        text = (" " if sep is None else sep).join([str(value) for value in values])
        if end is None and not self._partial and "\n" not in text:
            self.lines.append(text)
        else:
            self.write(text + ("\n" if end is None else end))

    def write(self, text: str) -> int:
        """Write text for the log; a line is logged once it is ended."""
        *lines, self._partial = (self._partial + text).split("\n")
        self.lines.extend(lines)
        return len(text)

    def end_lines(self) -> list[str]:
        """Every line of the request, including a last line without a line end."""
        if self._partial:
            self.lines.append(self._partial)
            self._partial = ""
        return self.lines


class Output:
    """User code's ``sys.stdout`` and ``sys.stderr``: text files, for writing only."""

    encoding = "utf-8"

    def __init__(self, run: Run) -> None:
        self.write = run.write

    def writelines(self, lines: list[str]) -> None:
        """Write each line, as a text file does."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Do nothing: no output is buffered."""

    def isatty(self) -> bool:
        """Always false: the output is never a terminal."""
        return False
