"""Fetches the report of each rollout of the demo into a folder, as the controller kept it in its bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from canary.rules.reports.document import read_report
from canary.rules.reports.links import DOCUMENT, PAGE, report_key
from canary.rules.reports.markdown import to_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.wire.connection import Connect

NO_KEY = "NoSuchKey"


def fetch_report(connect: Connect, bucket: str, target: str, rollout_id: str, folder: Path) -> Path | None:
    """Write the rollout's kept report as HTML, Markdown and JSON; the path of the page, None if none is kept."""
    try:
        forms = {form: _read(connect, bucket, report_key(target, rollout_id, form)) for form in (PAGE, DOCUMENT)}
    except ClientError as error:
        if error.response["Error"]["Code"] == NO_KEY:
            return None
        raise
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{rollout_id}.{PAGE}"
    for form, text in forms.items():
        page.with_suffix(f".{form}").write_text(text, encoding="utf-8")
    page.with_suffix(".md").write_text(to_markdown(read_report(json.loads(forms[DOCUMENT]))), encoding="utf-8")
    return page


def _read(connect: Connect, bucket: str, key: str) -> str:
    content: bytes = connect("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return content.decode()
