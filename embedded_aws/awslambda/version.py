"""One published version of a function: its code and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """Code and configuration of one version; ``$LATEST`` is replaced by a new value whenever it is updated.

    ``role`` is an ARN; ``own_log_group`` is empty where Lambda's own for the function is used.
    """

    name: str
    version: str
    handler: str
    archive: bytes
    environment: Mapping[str, str]
    runtime: str = "python3.13"
    timeout_seconds: float = 3.0
    memory_mb: int = 128
    role: str = ""
    own_log_group: str = ""
    is_traced: bool = False

    @property
    def log_group(self) -> str:
        """Where its lines go."""
        return self.own_log_group or f"/aws/lambda/{self.name}"
