"""S3's actions follow from a request's method, path and query; what is not mapped is not let through."""

from __future__ import annotations

import pytest

from embedded_aws.iam.permission_needs import Need, needs_of
from embedded_aws.wire.refusal import NotBuiltError
from embedded_aws.wire.request import Signature

SIGNATURE = Signature("key", "eu-west-1", "s3")


def needs(method: str, path: str, query: str = "") -> list[Need]:
    return needs_of({"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}, SIGNATURE, "123456789012")


@pytest.mark.parametrize(
    ("method", "path", "query", "action", "resource"),
    [
        ("PUT", "/reports/orders/run-1.html", "", "s3:PutObject", "reports/orders/run-1.html"),
        ("GET", "/reports/orders/run%201.html", "x-id=GetObject", "s3:GetObject", "reports/orders/run 1.html"),
        ("HEAD", "/reports/a", "", "s3:GetObject", "reports/a"),
        ("GET", "/reports", "list-type=2&prefix=orders", "s3:ListBucket", "reports"),
    ],
)
def test_a_call_about_an_object_or_the_list_of_them_is_mapped(
    method: str, path: str, query: str, action: str, resource: str
) -> None:
    assert needs(method, path, query) == [Need(action, f"arn:aws:s3:::{resource}")]


@pytest.mark.parametrize(("method", "path", "query"), [("PUT", "/reports", ""), ("GET", "/reports/a", "acl"), ("GET", "/", "")])
def test_any_other_call_is_not_let_through(method: str, path: str, query: str) -> None:
    with pytest.raises(NotBuiltError, match="the permissions of s3 for"):
        needs(method, path, query)
