"""A web ACL that refuses every request of one stage, for as long as a question needs it.

It is removed by the ledger, like everything of a run. Only the stage is released at once, so that other questions can use it.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from verify.account.aws import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verify.scratch.scratch import Scratch
    from verify.scratch.stage import Stage


@contextmanager
def refusing(scratch: Scratch, stage: Stage) -> Iterator[None]:
    """Put a web ACL on the stage. It may take a while until all requests are refused.

    Raises:
        RefusedError: AWS refuses to create it or to put it on the stage.
    """
    aws, name = scratch.aws, f"{scratch.prefix}-web-acl"

    def make() -> str:
        seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
        made = aws.call(
            "wafv2", "create_web_acl", Name=name, Scope="REGIONAL", DefaultAction={"Block": {}}, VisibilityConfig=seen
        )
        return str(made["Summary"]["ARN"])

    acl = scratch.create("web-acl", name, make)
    arn = f"arn:{aws.place.partition}:apigateway:{aws.place.region}::/restapis/{stage.rest_api_id}/stages/{stage.name}"
    aws.call_once_believed("wafv2", "associate_web_acl", code="WAFUnavailableEntityException", WebACLArn=acl, ResourceArn=arn)
    try:
        yield
    finally:
        with suppress(RefusedError):  # its removal also releases the stage
            aws.call("wafv2", "disassociate_web_acl", ResourceArn=arn)
