"""What the caller of `canary try` asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PER_MINUTE = 600.0
REPORTS = Path("reports")
POLICY = "standard"


@dataclass(frozen=True, slots=True)
class Asked:
    """The definition's file and how to try it.

    ``codes`` are own code as ``FUNCTION=ZIP:HANDLER``; ``name`` is the target's name, by default made from the definition's
    title; ``per_minute`` is the rate of all requests; ``reports`` is the folder of the reports and of the target file.
    """

    file: Path
    name: str | None = None
    codes: tuple[str, ...] = ()
    policy: str = POLICY
    per_minute: float = PER_MINUTE
    reports: Path = REPORTS
