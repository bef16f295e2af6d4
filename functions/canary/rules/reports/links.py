"""Where a rollout's report is kept, and the link that opens it. Pure.

Without an internal site's address, the link opens the object in the S3 console (docs/aws.md#console-links).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from canary.rules.rollouts.standing import Phase

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout

PAGE, DOCUMENT = "html", "json"
"""The forms in which a report is kept."""

CONSOLES = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}
"""By how the Region's name begins, where it differs from the usual."""


@dataclass(frozen=True, slots=True)
class ReportPlace:
    """The bucket of the reports and its Region, and the address below which an internal site shows the objects.

    Without a bucket no report is kept; without an address the console shows it.
    """

    bucket: str = ""
    region: str = ""
    base_url: str = ""


NO_REPORTS = ReportPlace()
"""Of a controller that keeps no reports."""


def report_key(target: str, rollout_id: str, form: str = PAGE) -> str:
    """The key of a rollout's report in the bucket, and its path below an internal site's address."""
    return f"{target}/{rollout_id}.{form}"


def has_kept_report(rollout: Rollout) -> bool:
    """Whether the controller keeps a report of the rollout as it stands: it is over, is watched, or is parked."""
    return rollout.phase.is_terminal or rollout.phase in {Phase.WATCHING, Phase.PARKED}


def is_site(address: str) -> bool:
    """Whether this is the http(s) address of a site, without a query, below which objects can be shown."""
    parts = urlsplit(address)
    is_plain = not (parts.query or parts.fragment or set(address) & set(" <>\"'"))
    return parts.scheme in {"https", "http"} and bool(parts.netloc) and is_plain


def report_link(place: ReportPlace, target: str, rollout_id: str) -> str | None:
    """The link that opens a rollout's kept report as a page; None where no report is kept."""
    if not place.bucket:
        return None
    key = report_key(target, rollout_id)
    if place.base_url:
        return f"{place.base_url.rstrip('/')}/{quote(key)}"
    host = next((host for begin, host in CONSOLES.items() if place.region.startswith(begin)), None)
    where = urlencode({"region": place.region, "prefix": key}, quote_via=quote, safe="/")
    return f"https://{host or f'{place.region}.console.aws.amazon.com'}/s3/object/{place.bucket}?{where}"
