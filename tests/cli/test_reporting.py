"""The link to a kept report: given once the report is there, else why not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from canary.aws.errors import AwsRefusedError
from canary.rules.reports.links import NO_REPORTS, ReportPlace
from canary.rules.rollouts.phases import Phase
from canary_cli.reporting import find_kept_report
from canary_cli.stories.story import Story
from canary_cli.stories.story_text import as_markdown, as_text
from tests.builders import a_rollout

if TYPE_CHECKING:
    from canary.rules.rollouts.rollout import Rollout

ENDED = a_rollout(phase=Phase.PROMOTED)
PLACE = ReportPlace("reports", "eu-west-1", "https://reports.example.org")
LINK = "https://reports.example.org/orders/run-1.html"


def found(rollout: Rollout = ENDED, *, place: Any = PLACE, keys: Any = ("orders/run-1.html",)) -> tuple[str | None, str]:
    """What is found where the bucket holds these keys, or where AWS refuses."""

    def listed(**_: Any) -> Any:
        if keys is None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectsV2")
        return {"Contents": [{"Key": key} for key in keys]}

    def read_reports() -> ReportPlace:
        if isinstance(place, Exception):
            raise place
        return place

    connection: Any = SimpleNamespace(read_reports=read_reports, client=lambda _: SimpleNamespace(list_objects_v2=listed))
    return find_kept_report(connection, rollout)


def test_a_kept_report_is_linked():
    assert found() == (LINK, "")


@pytest.mark.parametrize(("rollout", "place"), [(a_rollout(), PLACE), (ENDED, NO_REPORTS)])
def test_where_there_should_be_none_nothing_is_said(rollout: Rollout, place: ReportPlace):
    assert found(rollout, place=place) == (None, "")


def test_a_report_that_is_missing_is_no_link_but_a_way_to_one():
    link, why_none = found(keys=())
    assert link is None
    assert why_none.startswith("no report of this rollout is kept in s3://reports")
    assert why_none.endswith("write it with canary explain run-1 --html FILE")


@pytest.mark.parametrize("refused", [{"keys": None}, {"place": AwsRefusedError("AWS refused it")}])
def test_what_aws_does_not_show_is_not_called_missing(refused: dict[str, Any]):
    link, why_none = found(**refused)
    assert link is None
    assert why_none.startswith("whether the rollout's report is kept cannot be seen: AWS refused")


def test_the_link_is_in_every_form_of_the_story():
    story = Story("run-1", "orders", "a title", (), (), report=LINK)
    assert f"Report: {LINK}" in list(as_text(story))
    assert f"Report: <{LINK}>" in list(as_markdown(story))
