"""The page as it is sent: one file, with the headers that forbid it to load or to send anything elsewhere."""

from __future__ import annotations

import secrets
from pathlib import Path

FILE = Path(__file__).parent / "page.html"
NONCE = "{{nonce}}"
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
"""A report runs no script and belongs to no site, so nothing in it could press a button."""

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer."""


def make_page() -> tuple[bytes, str]:
    """The page, and the policy that lets it run its own script and style alone and call its own server alone."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; frame-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return FILE.read_text(encoding="utf-8").replace(NONCE, nonce).encode(), policy
