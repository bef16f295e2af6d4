"""What `cdk synth` prints when it cannot continue: one sentence, without a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.conftest import ROOT

pytestmark = pytest.mark.slow


def synth(folder: Path, context: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """The app as the CDK command line runs it."""
    paths = [str(ROOT), str(ROOT / "functions"), str(ROOT / "infra")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "CDK_OUTDIR": str(folder / "out"),
        "CDK_CONTEXT_JSON": json.dumps(context),
    }
    command = [sys.executable, str(ROOT / "app.py")]
    return subprocess.run(command, check=False, env=environment, cwd=folder, capture_output=True, text=True)


def a_target(folder: Path, alarm: str) -> Path:
    targets = folder / "targets"
    targets.mkdir()
    lines = [
        "name: shop",
        "stage: {rest_api_id: x9y8z7w6v5, stage_name: prod, alias_variable: lambdaAlias}",
        "functions: [{name: read, live: live, canary: canary}]",
        f"alarms: [{json.dumps(alarm, ensure_ascii=False)}]",
    ]
    (targets / "shop.yaml").write_text("\n".join(lines), encoding="utf-8")
    return targets


def test_an_alarm_that_no_rule_can_hear_is_refused_in_one_sentence(tmp_path: Path) -> None:
    done = synth(tmp_path, {"targets": str(a_target(tmp_path, "\U0001f600" * 250))})

    assert done.returncode == 1
    assert "is 1104 characters too long for an event pattern" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_retention_out_of_bounds_is_refused_in_one_sentence(tmp_path: Path) -> None:
    done = synth(tmp_path, {"targets": str(a_target(tmp_path, "shop-errors")), "retention_days": "30"})

    assert done.returncode == 1
    assert "retention_days must be a whole number of days from 90 to 3650, got 30; give such a number" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_target_is_made_with_an_address_to_tell_and_a_key(tmp_path: Path) -> None:
    targets = a_target(tmp_path, "shop-errors")
    key = "arn:aws:kms:eu-west-1:123456789012:key/0a"
    done = synth(tmp_path, {"targets": str(targets), "notification_email": "who@example.org", "notifications_key": key})

    assert done.returncode == 0, done.stderr
    template = json.loads((tmp_path / "out" / "canary.template.json").read_text(encoding="utf-8"))
    kinds = [one["Type"] for one in template["Resources"].values()]
    assert kinds.count("AWS::SNS::Subscription") == 3
    assert key in json.dumps(template)
