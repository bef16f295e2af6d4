"""A function is read once; something that does not exist is None, a refusal is an error."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import AwsRefusedError
from canary.aws.function_surveys import MOST_LISTINGS, Listings, survey_function
from canary.rules.checks.function_checks import VersionState
from canary.rules.releases.release import Release
from canary.rules.targets.target import TargetFunction
from embedded_aws.faults.calls import Fault, Mode
from tests.aws.stubs import Changed, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.checks.function_checks import FunctionSurvey
    from canary.rules.targets.target import Target
    from canary.tasks.common.entry import Tools
    from tests.tasks.walk import Ground

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:q"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function"
LAMBDA_URI = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions"


class Reader:
    """Reads the first function of a target, with some of Lambda's operations replaced."""

    def __init__(self, ground: Ground, tools: Tools) -> None:
        self._ground = ground
        self.target: Target = ground.rig.target
        self.listings: Listings | None = None
        self._client = tools.clients.of(ground.rig.target).lambda_

    def __call__(self, release: Release | None = None, target: Target | None = None, **operations: Any) -> FunctionSurvey:
        target = target or self.target
        client, more = Changed(self._client, **operations), {"listings": self.listings} if self.listings else {}
        return survey_function(client, target, target.functions[0], release or Release(), (), **more)

    def configured(self, **changes: Any) -> FunctionSurvey:
        """The survey when Lambda changes the configuration of its version like this."""
        get = self._client.get_function_configuration
        return self(get_function_configuration=lambda **named: {**get(**named), **changes})

    def paged(self, operation: str, *pages: Any) -> FunctionSurvey:
        """The survey with these pages of one listing."""
        return self(get_paginator=Pages(self._client, operation, pages))


class Pages:
    """A client's paginators, one of which gives these pages or is refused."""

    def __init__(self, client: Any, operation: str, pages: tuple[Any, ...]) -> None:
        self._client = client
        self._operation = operation
        self._pages = pages

    def __call__(self, operation: str) -> Any:
        return self if operation == self._operation else self._client.get_paginator(operation)

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        for page in self._pages:
            if isinstance(page, Exception):
                raise page
            yield page


@pytest.fixture
def read(ground: Ground, tools: Tools) -> Reader:
    return Reader(ground, tools)


def test_a_sound_function_reads_whole(read: Reader):
    found = read()

    assert (found.live.version, found.canary.version, found.newest, found.brings) == ("1", "1", "2", VersionState("2"))
    assert found.live.arn == f"{ARN}:orders-read:live"
    assert set(found.policies) == {"live", "canary"}
    assert json.loads(found.policies["canary"])["Statement"][0]["Resource"] == f"{ARN}:orders-read:canary"
    assert (found.event_sources, found.disabled_sources, found.roles) == ({}, {}, {})


def test_nothing_is_read_twice(ground: Ground, read: Reader):
    ground.aws.faults.calls.clear()
    read()

    assert sorted(call.operation for call in ground.aws.faults.calls) == [
        "GetAlias",
        "GetAlias",
        "GetFunctionConfiguration",
        "GetPolicy",
        "GetPolicy",
        "ListEventSourceMappings",
        "ListEventSourceMappings",
        "ListVersionsByFunction",
    ]


def test_the_versions_are_listed_only_where_the_release_names_none(ground: Ground, read: Reader):
    ground.aws.faults.calls.clear()
    found = read(Release({"orders-read": "1"}))

    assert (found.newest, found.brings) == (None, VersionState("1"))
    assert "ListVersionsByFunction" not in {call.operation for call in ground.aws.faults.calls}


def test_the_code_of_what_is_served_and_of_what_comes_is_told(read: Reader):
    listed, named = read().code, read(Release({"orders-read": "2"})).code

    assert set(listed) == {"1", "2"}
    assert listed == named
    assert len(listed["1"].sha256) > 0
    assert listed["1"].modified_at is not None


def test_a_time_that_cannot_be_read_is_left_out(read: Reader):
    found = read.configured(LastModified="yesterday", Description="checks the currency")

    assert found.code["2"].description == "checks the currency"
    assert found.code["2"].modified_at is None


def versions(*numbers: int, more: bool = False) -> dict[str, Any]:
    """One page of a list of versions."""
    listed = [{"Version": str(number)} for number in numbers]
    return {"Versions": listed, **({"NextMarker": "next"} if more else {})}


@pytest.mark.parametrize(("left", "newest", "is_listed"), [(3, "1", True), (2, "1", True), (1, None, False), (0, None, False)])
def test_no_more_answers_of_a_list_are_asked_for_than_are_left(read: Reader, left: int, newest: str | None, *, is_listed: bool):
    read.listings = Listings(left)
    found = read.paged("list_versions_by_function", versions(1, more=True), versions())

    assert (found.newest, found.is_listed) == (newest, is_listed)
    assert (found.brings is not None) is is_listed
    assert read.listings.left == (left - 2 if is_listed else -1)


def test_a_function_read_alone_may_have_thousands_of_versions(read: Reader):
    pages = [versions(number, more=True) for number in range(1, MOST_LISTINGS)]
    found = read.paged("list_versions_by_function", *pages, versions(2))

    assert (found.newest, found.is_listed) == (str(MOST_LISTINGS - 1), True)


def test_a_version_asked_for_that_does_not_exist_is_none(read: Reader):
    assert read(Release({"orders-read": "99"})).brings is None


def test_a_function_that_does_not_exist_is_missing_in_everything(read: Reader):
    gone = replace(read.target, functions=(TargetFunction("gone", "live", "canary"),))
    found = read(target=gone)

    assert (found.live, found.canary, found.newest, found.brings) == (None, None, None, None)
    assert (found.policies, found.event_sources) == ({}, {})


def test_an_alias_without_a_policy_has_none(ground: Ground, read: Reader):
    client = ground.aws.client("lambda")
    client.create_alias(FunctionName="orders-read", Name="bare", FunctionVersion="1")
    try:
        found = read(target=replace(read.target, functions=(TargetFunction("orders-read", "live", "bare"),)))
    finally:
        client.delete_alias(FunctionName="orders-read", Name="bare")

    assert found.policies["bare"] is None
    assert found.policies["live"]


def test_an_alias_target_reads_the_roles_that_would_share_it(ground: Ground, read: Reader):
    found = read(target=ground.ship)

    assert (found.canary, found.policies) == (None, {})
    assert set(found.roles) == {"1", "2"}
    assert len(set(found.roles.values())) == 1


def test_a_role_of_a_version_that_is_gone_is_left_out(ground: Ground, read: Reader):
    assert set(read(Release({"orders-ship": "99"}), ground.ship).roles) == {"1"}


# The state of the version.


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        (
            {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"},
            VersionState("2", "Pending", "The function is being created (Creating)"),
        ),
        ({"State": "Failed", "StateReasonCode": "ImageDeleted"}, VersionState("2", "Failed", "(ImageDeleted)")),
        (
            {"State": "Inactive", "StateReason": "The function is idle", "StateReasonCode": "Idle"},
            VersionState("2", "Inactive", "The function is idle (Idle)"),
        ),
        (
            {"LastUpdateStatus": "InProgress", "LastUpdateStatusReason": "Updating."},
            VersionState("2", "Pending", "Updating"),
        ),
        ({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "No room"}, VersionState("2")),
    ],
)
def test_a_version_is_reported_with_lambdas_reason(read: Reader, changes: dict[str, str], state: VersionState):
    assert read.configured(**changes).brings == state


def test_a_version_without_a_state_is_active(read: Reader):
    assert read(get_function_configuration=lambda **_: {"Role": "r"}).brings == VersionState("2")


# What is mapped to the aliases.


def mappings(*names: str, **more: str) -> dict[str, Any]:
    found = [
        {"UUID": "u-1", "EventSourceArn": f"{QUEUE}{n}", "FunctionArn": f"{ARN}:{name}", **more} for n, name in enumerate(names)
    ]
    return {"EventSourceMappings": found}


def test_only_event_sources_of_the_two_aliases_count(read: Reader):
    pages = (
        mappings("orders-read:other", "orders-read"),
        mappings("orders-read:$LATEST", "orders-read:1", "orders-read:live", "orders-read:canary"),
    )
    found = read.paged("list_event_source_mappings", *pages)

    assert (found.event_sources, found.disabled_sources) == ({"live": (f"{QUEUE}2",), "canary": (f"{QUEUE}3",)}, {})


@pytest.mark.parametrize("state", ["Creating", "Enabling", "Enabled", "Updating", "Disabling", "Deleting"])
def test_an_event_source_counts_unless_it_is_disabled(read: Reader, state: str):
    found = read.paged("list_event_source_mappings", mappings("orders-read:live", State=state))

    assert found.event_sources == {"live": (f"{QUEUE}0",)}


def test_a_disabled_event_source_is_told_apart(read: Reader):
    found = read.paged("list_event_source_mappings", mappings("orders-read:canary", State="Disabled"))

    assert (found.event_sources, found.disabled_sources) == ({}, {"canary": (f"{QUEUE}0",)})


def test_an_event_source_without_an_arn_is_named_by_its_id(read: Reader):
    kafka = {"UUID": "u-1", "FunctionArn": f"{ARN}:orders-read:live", "SelfManagedEventSource": {}}

    assert read.paged("list_event_source_mappings", {"EventSourceMappings": [kafka]}).event_sources == {
        "live": ("event source mapping u-1",),
    }


def test_a_function_that_does_not_exist_has_no_event_sources(read: Reader):
    assert read.paged("list_event_source_mappings", refusal("ResourceNotFoundException")).event_sources == {}


# Refusals.

REFUSED = {
    "GetAlias": "aws lambda get-alias",
    "ListVersionsByFunction": "aws lambda list-versions-by-function",
    "GetFunctionConfiguration": "aws lambda get-function-configuration",
    "GetPolicy": "aws lambda get-policy",
    "ListEventSourceMappings": "aws lambda list-event-source-mappings",
}


@pytest.mark.parametrize(("operation", "command"), REFUSED.items(), ids=REFUSED)
def test_a_call_that_is_refused_is_not_taken_for_missing(ground: Ground, read: Reader, operation: str, command: str):
    ground.aws.faults.add(Fault(None, "lambda", operation, Mode.REFUSED))
    with pytest.raises(AwsRefusedError, match=command):
        read()
