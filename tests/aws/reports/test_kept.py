"""The bucket of reports: what is written under which key, and whether a report is there."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from canary.aws.errors import AwsRefusedError
from canary.aws.reports.kept import KeptReports


class Bucket:
    """Keeps what it is given, or refuses."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self._refuses = refuses

    def put_object(self, **given: Any) -> None:
        self.objects[given["Key"]] = given

    def list_objects_v2(self, **given: Any) -> dict[str, Any]:
        if self._refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectsV2")
        found = sorted(key for key in self.objects if key.startswith(given["Prefix"]))[: given["MaxKeys"]]
        return {"Contents": [{"Key": key} for key in found]} if found else {}


def test_the_page_is_written_last():
    bucket = Bucket()
    keys = KeptReports(bucket, "reports").keep("orders", "run-1", {"html": "<p>", "json": "{}"})
    assert keys == ("orders/run-1.json", "orders/run-1.html")
    assert [(one["Bucket"], one["ContentType"], one["Body"]) for one in bucket.objects.values()] == [
        ("reports", "application/json", b"{}"),
        ("reports", "text/html; charset=utf-8", b"<p>"),
    ]


def test_a_report_is_there_once_its_page_is():
    bucket = Bucket()
    reports = KeptReports(bucket, "reports")
    assert not reports.has("orders", "run-1")
    reports.keep("orders", "run-1", {"html": "<p>", "json": "{}"})
    assert reports.has("orders", "run-1")
    assert not reports.has("orders", "run")


def test_a_refusal_is_no_answer():
    with pytest.raises(AwsRefusedError, match=r"aws s3api list-objects-v2 --bucket reports --prefix orders/run-1\.html"):
        KeptReports(Bucket(refuses=True), "reports").has("orders", "run-1")
