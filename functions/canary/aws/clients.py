"""The boto3 clients of one function, made when first used.

Retries and timeouts are bounded well inside a task's own timeout: three attempts of at most five seconds each. The user agent
names the task, so that CloudTrail tells which state made a call.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import boto3
from botocore.config import Config


@cache
def session_in(region: str) -> boto3.session.Session:
    """The process's one session for a Region: what boto3 reads to make a client, it reads once."""
    return boto3.session.Session(region_name=region)


class Clients:
    """boto3 clients by service, for the function of one task; `endpoint_url` is None on AWS itself."""

    def __init__(self, *, task: str, region: str, endpoint_url: str | None = None) -> None:
        self._task = task
        self._endpoint_url = endpoint_url
        self._session = session_in(region)

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3's clients are made at run time
        config = Config(
            connect_timeout=3,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 3},
            user_agent_extra=f"canary/{self._task}",
        )
        return self._session.client(service, endpoint_url=self._endpoint_url, config=config)

    @cached_property
    def apigateway(self) -> Any:  # noqa: ANN401
        """API Gateway (REST)."""
        return self._client("apigateway")

    @cached_property
    def lambda_(self) -> Any:  # noqa: ANN401
        """Lambda."""
        return self._client("lambda")

    @cached_property
    def cloudwatch(self) -> Any:  # noqa: ANN401
        """CloudWatch metrics and alarms."""
        return self._client("cloudwatch")

    @cached_property
    def dynamodb(self) -> Any:  # noqa: ANN401
        """DynamoDB, for the records."""
        return self._client("dynamodb")

    @cached_property
    def ssm(self) -> Any:  # noqa: ANN401
        """Systems Manager, for the compiled targets."""
        return self._client("ssm")

    @cached_property
    def stepfunctions(self) -> Any:  # noqa: ANN401
        """Step Functions, to ask after owners and to stop them."""
        return self._client("stepfunctions")
