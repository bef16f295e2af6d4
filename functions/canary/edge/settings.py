"""A function's settings, from its environment. What reads `os.environ` hands it over; nothing else looks there.

Standard library only: the clients of AWS are built from these settings, and need no pydantic for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED = ("CANARY_TASK", "CANARY_TABLE", "CANARY_TARGET_PREFIX", "AWS_REGION")
ENDPOINT = "AWS_ENDPOINT_URL"
TOPIC = "CANARY_TOPIC"


class SettingsError(Exception):
    """The deployment's fault: a function was set up without something it needs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one function runs with.

    ``target_prefix``: the path of the targets' SSM parameters, with a slash at both ends. ``endpoint_url`` is None on
    AWS itself. ``topic`` is the ARN of the topic of notifications, empty in every function but the one that publishes to it.
    """

    task: str
    table: str
    target_prefix: str
    region: str
    endpoint_url: str | None = None
    topic: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """The settings in these environment variables; one that is empty counts as missing.

        Raises:
            SettingsError: naming every variable that is missing, or what is wrong with one.

        """
        if missing := [name for name in REQUIRED if not environ.get(name)]:
            raise SettingsError(f"environment variables missing: {', '.join(missing)}; set them on the function")
        prefix = environ["CANARY_TARGET_PREFIX"]
        if not (prefix.startswith("/") and prefix.endswith("/")):
            raise SettingsError(f"CANARY_TARGET_PREFIX must begin and end with /, got {prefix}; write /canary/targets/")
        return cls(
            task=environ["CANARY_TASK"],
            table=environ["CANARY_TABLE"],
            target_prefix=prefix,
            region=environ["AWS_REGION"],
            endpoint_url=environ.get(ENDPOINT) or None,
            topic=environ.get(TOPIC, ""),
        )
