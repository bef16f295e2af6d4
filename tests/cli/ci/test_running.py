"""`canary ci`: what a job says, what its summary holds, and how it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import canary_cli.watching
from canary_cli.ci.sessions import WEB_IDENTITY
from canary_cli.connection import Connection
from canary_cli.exits import ExitCode
from embedded_aws.faults.calls import Fault, Mode
from tests.cli.ci.test_sessions import a_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

NEW = ("--function", "orders-read=2", "--function", "orders-write=2")
SMALL = '[{"weight_percent": 25, "bake_seconds": 60}]'
SHORT = ("--set", f"steps={SMALL}", "--set", "when_unproven=roll_back", "--set", "max_extension_seconds=3600")


@pytest.fixture(autouse=True)
def at_rest(ground: Ground) -> Iterator[None]:
    """No execution outlives its test."""
    yield
    for arn in running(ground):
        ground.aws.client("stepfunctions").stop_execution(executionArn=arn)


def running(ground: Ground) -> list[str]:
    machine = ground.rig.controller.machine_arn
    listed = ground.aws.client("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    return [one["executionArn"] for one in listed["executions"]]


def test_a_promotion_is_green_with_a_line_for_each_look_and_a_report(canary: Canary, tmp_path: Path):
    summary = tmp_path / "summary.md"
    summary.write_text("# Build\n", encoding="utf-8")
    told = canary("ci", "orders", *NEW, *SHORT, "--within", "3h", "--label", "commit=3f9a", "--summary", str(summary))

    assert told.code == ExitCode.DONE, told.err
    assert ": PROMOTE: " in told.out
    build, _, report = summary.read_text(encoding="utf-8").partition("# Promoted: orders")
    assert build == "# Build\n"
    assert "commit 3f9a" in report
    assert "## Verdicts" in report
    assert "Watch it" not in report


def test_a_rollback_is_red(ground: Ground, canary: Canary, tmp_path: Path):
    ground.rig.publish(FAILING_SHARE=0.9)
    told = canary("ci", "orders", *SHORT, "--json", "--within", "3h", "--summary", str(tmp_path / "summary.md"))

    assert told.code == ExitCode.ROLLED_BACK, told.err
    assert told.events[-1]["outcome"] == "rolled_back"
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").startswith("# Rolled back: orders")


def test_what_needs_an_operator_is_red(ground: Ground, canary: Canary, tmp_path: Path):
    ground.aws.faults.add(Fault(None, "apigateway", "UpdateStage", Mode.REFUSED, skips=1))
    ground.rig.publish(FAILING_SHARE=0.9)
    told = canary("ci", "orders", *SHORT, "--within", "3h", "--summary", str(tmp_path / "summary.md"))

    assert told.code == ExitCode.NEEDS_OPERATOR, told.out
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").startswith("# Needs operator: orders")


def test_a_refusal_is_red_and_its_reason_is_in_the_summary(canary: Canary, tmp_path: Path):
    told = canary("ci", "orders", "--function", "orders-read=99", *SHORT, "--within", "3h", "--summary", str(tmp_path / "s.md"))

    assert told.code == ExitCode.REFUSED
    summary = (tmp_path / "s.md").read_text(encoding="utf-8")
    assert summary.startswith("# Refused: orders")
    assert "orders-read" in summary


def test_a_job_that_does_not_wait_ends_after_the_start(ground: Ground, canary: Canary, tmp_path: Path):
    told = canary("ci", "orders", *NEW, "--no-wait", "--summary", str(tmp_path / "summary.md"))

    assert told.code == ExitCode.DONE
    assert len(running(ground)) == 1
    assert "Watch it: `canary watch orders --rollout orders-" in (tmp_path / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("variable", ["CANARY_WITHIN", "CANARY_SESSION_ENDS"])
def test_a_job_that_ends_too_early_starts_nothing(
    ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch, variable: str
):
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    monkeypatch.setenv(variable, "10m" if variable == "CANARY_WITHIN" else soon)
    told = canary("ci", "orders", *NEW, "--json")

    assert (told.code, told.error["code"]) == (ExitCode.USAGE, "CannotWait")
    assert running(ground) == []


@pytest.mark.parametrize("has_file", [True, False])
def test_the_session_of_a_web_identity_is_told_by_its_token(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, has_file: bool
):
    (tmp_path / "token").write_text(a_token({"exp": time.time() + 60}), encoding="utf-8")
    monkeypatch.setattr(Connection, "credentials_method", WEB_IDENTITY)
    if has_file:
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    told = canary("ci", "orders", *NEW, *SHORT, "--within", "5m")

    assert told.code == ExitCode.USAGE
    assert ("not known when the session" in told.err) != has_file


def test_a_session_whose_end_nobody_knows_is_told(canary: Canary, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert "not known when the session" in canary("ci", "orders", "--within", "5m").err
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2100-01-31T12:00:00Z")
    assert "not known when the session" not in canary("ci", "orders", "--within", "5m").err


def test_a_wrong_time_and_an_unwritable_summary_are_told(canary: Canary, tmp_path: Path):
    assert canary("ci", "orders", "--session-ends", "soon").code == ExitCode.USAGE
    told = canary("ci", "orders", *NEW, "--no-wait", "--summary", str(tmp_path / "nowhere" / "s.md"))
    assert told.code == ExitCode.DONE
    assert "the summary cannot be written to" in told.err


def test_a_cancelled_job_that_aborts_does_not_say_that_the_rollout_goes_on(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def cancel(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(canary_cli.watching, "sleep", cancel)
    told = canary("ci", "orders", *NEW, *SHORT, "--on-cancel", "abort", "--summary", str(tmp_path / "s.md"))

    assert told.code == ExitCode.ROLLED_BACK
    summary = (tmp_path / "s.md").read_text(encoding="utf-8")
    assert summary.startswith("# Stopped: orders")
    assert "goes on" not in summary
