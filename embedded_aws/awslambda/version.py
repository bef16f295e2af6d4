"""One published version of a function: its code and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """Code and configuration of one version; every update replaces ``$LATEST`` by a new value.

    ``role`` is an ARN. ``own_log_group`` is empty if the function uses Lambda's default log group.
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
        """The log group that receives its lines."""
        return self.own_log_group or f"/aws/lambda/{self.name}"
