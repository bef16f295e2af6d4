"""A function's settings, from its environment. The caller passes `os.environ` in; nothing else reads it.

Uses only the standard library: the AWS clients need these settings, and not pydantic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary.rules.reports.links import NO_REPORTS, ReportPlace
from canary.rules.rollouts.retention import DEFAULT_DAYS, RETENTION, find_retention

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED = ("CANARY_TASK", "CANARY_TABLE", "CANARY_TARGET_PREFIX", "AWS_REGION")
ENDPOINT = "AWS_ENDPOINT_URL"
TOPIC, PAGES_TOPIC = "CANARY_TOPIC", "CANARY_PAGES_TOPIC"
RETENTION_DAYS = "CANARY_RETENTION_DAYS"
REPORTS = "CANARY_REPORTS"
REPORT_BASE_URL = "CANARY_REPORT_BASE_URL"


class SettingsError(Exception):
    """The deployment's fault: the function was set up without a setting that it needs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one function.

    ``target_prefix``: the path of the targets' SSM parameters, with a slash at both ends. ``endpoint_url`` is None on AWS
    itself. ``topic`` is the ARN of the notification topic, ``pages_topic`` of the one for what someone must act on at once;
    both are empty in every function except the one that publishes to them. ``retention_days``: how long records are kept.
    ``reports``: where the rollouts' reports are kept.
    """

    task: str
    table: str
    target_prefix: str
    region: str
    endpoint_url: str | None = None
    topic: str = ""
    pages_topic: str = ""
    retention_days: int = DEFAULT_DAYS
    reports: ReportPlace = NO_REPORTS

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """The settings in these environment variables; an empty variable counts as missing.

        Raises:
            SettingsError: with every variable that is missing, or with the one that is wrong.

        """
        if missing := [name for name in REQUIRED if not environ.get(name)]:
            raise SettingsError(f"missing environment variables: {', '.join(missing)}; set them on the function")
        prefix = environ["CANARY_TARGET_PREFIX"]
        if not (prefix.startswith("/") and prefix.endswith("/")):
            raise SettingsError(f"CANARY_TARGET_PREFIX must begin and end with /, got {prefix}; write it like /canary/targets/")
        days = find_retention(found) if (found := environ.get(RETENTION_DAYS)) else DEFAULT_DAYS
        if days is None:
            raise SettingsError(f"{RETENTION_DAYS} must be {RETENTION}, got {found}; deploy the controller with such a number")
        return cls(
            task=environ["CANARY_TASK"],
            table=environ["CANARY_TABLE"],
            target_prefix=prefix,
            region=environ["AWS_REGION"],
            endpoint_url=environ.get(ENDPOINT) or None,
            topic=environ.get(TOPIC, ""),
            pages_topic=environ.get(PAGES_TOPIC, ""),
            retention_days=days,
            reports=reports_in(environ),
        )


def reports_in(environ: Mapping[str, str], region: str = "") -> ReportPlace:
    """Where reports are kept, from a function's environment. ``region``: its Region, where the environment does not say."""
    bucket = environ.get(REPORTS)
    return ReportPlace(bucket, environ.get("AWS_REGION", region), environ.get(REPORT_BASE_URL, "")) if bucket else NO_REPORTS
