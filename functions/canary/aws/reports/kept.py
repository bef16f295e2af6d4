"""The bucket of reports: each rollout's report as a page and as JSON, which a later report of the same rollout replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary.aws.calls import refusals
from canary.rules.reports.links import DOCUMENT, PAGE, report_key

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPES = {PAGE: "text/html; charset=utf-8", DOCUMENT: "application/json"}


class KeptReports:
    """The reports in one bucket."""

    def __init__(self, s3: Any, bucket: str) -> None:  # noqa: ANN401 - botocore makes its clients at run time
        self._s3 = s3
        self._bucket = bucket

    def keep(self, target: str, rollout_id: str, forms: Mapping[str, str]) -> tuple[str, ...]:
        """Keep a report in each of its forms; the page comes last, so that a link never opens one without its JSON.

        Returns the keys.

        Raises:
            AwsRefusedError: S3 refused.

        """
        ordered = sorted(forms, key=lambda form: form == PAGE)
        keys = tuple(report_key(target, rollout_id, form) for form in ordered)
        for form, key in zip(ordered, keys, strict=True):
            with refusals(f"aws s3api put-object --bucket {self._bucket} --key {key}"):
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=forms[form].encode(), ContentType=TYPES[form])
        return keys

    def has(self, target: str, rollout_id: str) -> bool:
        """Whether a rollout's page is kept.

        Raises:
            AwsRefusedError: S3 refused to say.

        """
        key = report_key(target, rollout_id)
        with refusals(f"aws s3api list-objects-v2 --bucket {self._bucket} --prefix {key}"):
            found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        return any(one["Key"] == key for one in found.get("Contents", ()))
