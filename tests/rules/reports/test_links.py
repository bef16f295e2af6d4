"""The link to a kept report: an internal site's address, or the object in the S3 console."""

import pytest

from canary.rules.reports.links import NO_REPORTS, ReportPlace, has_kept_report, is_site, report_key, report_link
from canary.rules.rollouts.phases import Phase
from tests.builders import a_rollout


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
    ],
)
def test_without_a_site_it_opens_the_object_in_the_console_of_its_partition(region, host):
    link = report_link(ReportPlace("reports", region), "orders", "run 1")
    assert link == f"https://{host}/s3/object/reports?region={region}&prefix=orders/run%201.html"


@pytest.mark.parametrize("base_url", ["https://reports.example.org/canary", "https://reports.example.org/canary/"])
def test_an_internal_site_shows_the_objects_below_its_address(base_url):
    link = report_link(ReportPlace("reports", "eu-west-1", base_url), "orders", "rün-1")
    assert link == "https://reports.example.org/canary/orders/r%C3%BCn-1.html"


@pytest.mark.parametrize("address", ["https://reports.example.org/canary/", "http://reports.local:8080"])
def test_a_site_has_an_http_address(address):
    assert is_site(address)


@pytest.mark.parametrize(
    "address", ["reports.org", "https://", "ftp://a/b", "https://a/b?c=d", "https://a/b#c", "https://a/ b"]
)
def test_another_address_is_no_sites(address):
    assert not is_site(address)


def test_where_no_report_is_kept_there_is_no_link():
    assert report_link(NO_REPORTS, "orders", "run-1") is None


def test_the_forms_of_a_report_lie_beside_each_other():
    assert report_key("orders", "run-1") == "orders/run-1.html"
    assert report_key("orders", "run-1", "json") == "orders/run-1.json"


def test_a_report_is_kept_of_what_is_over_watched_or_parked():
    kept = {phase for phase in Phase if has_kept_report(a_rollout(phase=phase))}
    assert kept == {Phase.PROMOTED, Phase.ROLLED_BACK, Phase.REFUSED, Phase.WATCHING, Phase.PARKED}
