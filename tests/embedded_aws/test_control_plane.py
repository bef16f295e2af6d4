"""Lambda's control plane over HTTP: pages of fifty, and the refusal of a call that comes too soon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from demo.sample import create_ship_sample
from embedded_aws.embedded import EmbeddedAws
from tests.fleet import publish_many

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        create_ship_sample(aws.client)
        publish_many(aws, "orders-ship", 119)
        yield aws


def impatient(aws: EmbeddedAws) -> Any:
    """A Lambda client that tries once."""
    import boto3

    config = Config(retries={"total_max_attempts": 1})
    return boto3.client("lambda", region_name=aws.region, endpoint_url=aws.endpoint_url, config=config)


def test_versions_are_listed_fifty_at_a_time_whatever_is_asked(aws: EmbeddedAws):
    client = aws.client("lambda")
    paginator = client.get_paginator("list_versions_by_function")
    pages = [[one["Version"] for one in page["Versions"]] for page in paginator.paginate(FunctionName="orders-ship")]

    assert [len(page) for page in pages] == [50, 50, 21]
    assert (pages[0][:2], pages[-1][-1]) == (["$LATEST", "1"], "120")
    assert len(client.list_versions_by_function(FunctionName="orders-ship", MaxItems=1000)["Versions"]) == 50
    assert len(client.list_versions_by_function(FunctionName="orders-ship", MaxItems=7)["Versions"]) == 7


def test_aliases_are_listed_fifty_at_a_time(aws: EmbeddedAws):
    client = aws.client("lambda")
    for number in range(60):
        client.create_alias(FunctionName="orders-ship", Name=f"a{number:02}", FunctionVersion="1")
    first = client.list_aliases(FunctionName="orders-ship")
    rest = client.list_aliases(FunctionName="orders-ship", Marker=first["NextMarker"])

    assert (len(first["Aliases"]), len(rest["Aliases"]), "NextMarker" in rest) == (50, 11, False)


def test_calls_that_come_too_soon_are_refused_in_lambdas_words(aws: EmbeddedAws):
    aws.throttles.turn_on("lambda")
    client = impatient(aws)
    for _ in range(15):
        client.get_alias(FunctionName="orders-ship", Name="live")
    with pytest.raises(ClientError) as failed:
        client.get_alias(FunctionName="orders-ship", Name="live")
    aws.throttles.turn_off("lambda")

    error = failed.value.response
    assert (error["Error"]["Code"], error["Error"]["Message"]) == ("TooManyRequestsException", "Rate exceeded")
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 429
