import subprocess
import sys
from pathlib import Path

import pytest

from canary.edge.settings import Settings, SettingsError, reports_in
from canary.rules.reports.links import NO_REPORTS, ReportPlace

FUNCTIONS = Path(__file__).parents[2] / "functions"
ENVIRON = {
    "CANARY_TASK": "ShiftTraffic",
    "CANARY_TABLE": "canary",
    "CANARY_TARGET_PREFIX": "/canary/targets/",
    "AWS_REGION": "eu-west-1",
}


def test_reads_what_every_function_needs():
    assert Settings.from_env({**ENVIRON, "PATH": "/bin"}) == Settings(
        task="ShiftTraffic", table="canary", target_prefix="/canary/targets/", region="eu-west-1"
    )


def test_reads_the_endpoint_of_a_local_aws():
    settings = Settings.from_env({**ENVIRON, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"})
    assert settings.endpoint_url == "http://127.0.0.1:4566"


@pytest.mark.parametrize("name", ENVIRON)
@pytest.mark.parametrize("is_empty", [True, False])
def test_names_the_variable_that_is_missing(name, is_empty):
    environ = {**ENVIRON, name: ""} if is_empty else {key: ENVIRON[key] for key in ENVIRON if key != name}
    with pytest.raises(SettingsError, match=f"missing environment variables: {name}; set them on the function"):
        Settings.from_env(environ)


def test_names_every_variable_that_is_missing():
    with pytest.raises(SettingsError, match="CANARY_TASK, CANARY_TABLE, CANARY_TARGET_PREFIX, AWS_REGION"):
        Settings.from_env({})


@pytest.mark.parametrize("prefix", ["canary/targets/", "/canary/targets", "x"])
def test_refuses_a_prefix_that_is_no_path(prefix):
    with pytest.raises(SettingsError, match=f"must begin and end with /, got {prefix}"):
        Settings.from_env({**ENVIRON, "CANARY_TARGET_PREFIX": prefix})


def test_reads_how_long_records_are_kept():
    assert Settings.from_env({**ENVIRON, "CANARY_RETENTION_DAYS": "90"}).retention_days == 90
    assert Settings.from_env(ENVIRON).retention_days == 400


@pytest.mark.parametrize("days", ["89", "3651", "forever"])
def test_refuses_to_keep_records_for_a_time_that_is_out_of_bounds(days):
    with pytest.raises(
        SettingsError, match=f"must be a whole number of days from 90 to 3650, got {days}; deploy the controller"
    ):
        Settings.from_env({**ENVIRON, "CANARY_RETENTION_DAYS": days})


def test_needs_the_standard_library_only():
    code = "import sys, canary.edge.settings; print([name for name in ('pydantic', 'boto3') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(FUNCTIONS)}
    )
    assert done.stdout.strip() == "[]"


def test_knows_the_topic_of_the_function_that_publishes():
    topic = "arn:aws:sns:eu-west-1:123456789012:notifications"
    assert Settings.from_env({**ENVIRON, "CANARY_TOPIC": topic}).topic == topic
    assert Settings.from_env(ENVIRON).topic == ""


def test_reads_where_reports_are_kept():
    told = {"CANARY_REPORTS": "reports", "CANARY_REPORT_BASE_URL": "https://reports.example.org"}
    assert Settings.from_env({**ENVIRON, **told}).reports == ReportPlace("reports", "eu-west-1", "https://reports.example.org")
    assert Settings.from_env(ENVIRON).reports == NO_REPORTS
    assert reports_in({"CANARY_REPORTS": "reports"}, "eu-west-2") == ReportPlace("reports", "eu-west-2")
