"""From a plain API under traffic to its first rollout: every request is answered, and none by half of a release."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from canary.edge.target import require_target
from canary_cli.app import run
from canary_cli.connection import Connection
from demo.controller import create_controller, register_target
from demo.guest import CONTROLLER
from embedded_aws.dataplane.served import Served
from embedded_aws.dataplane.traffic import Shape, Traffic
from embedded_aws.embedded import EmbeddedAws
from tests.cli.doctor.plain import create_plain_api
from tests.cli.doctor.test_read_only import ROLE, become
from tests.infra.templates import listed

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[3] / "docs" / "first-rollout.md").read_text(encoding="utf-8")
POLICIES = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SHAPES = (Shape("GET", "/things", 0.5, {"Authorization": "x"}), Shape("POST", "/things", 0.5, {"Authorization": "x"}, "{}"))
STEPS = [{"weight_percent": 50, "bake_seconds": 60}]
POLICY = {
    "steps": STEPS,
    "min_requests": 5,
    "metric_delay_seconds": 60,
    "max_extension_seconds": 120,
    "detect": {"errors": 0.5},
    "when_unproven": "promote",
    "watch_seconds": 0,
}


def test_a_plain_api_is_adopted_and_rolled_out_under_traffic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    with EmbeddedAws(guest=CONTROLLER) as aws:
        api, served = create_plain_api(aws), list[Served]()
        aws.dataplane.on_served(served.append)
        aws.dataplane.add_source(Traffic(api.rest_api_id, "live", SHAPES, per_minute=60, rng=random.Random(5)))
        aws.clock.run_for(60)
        monkeypatch.setattr(Connection, "client", lambda _, service: aws.client(service))
        monkeypatch.setattr("typer.confirm", lambda *_, **__: aws.clock.run_for(2) is None)  # requests come between all steps
        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        assert run(["adopt", *api.subject]) == 0
        out = capsys.readouterr().out
        aws.clock.run_for(60)
        before = Counter((one.deployment_id, one.version) for one in served)

        target = require_target(yaml.safe_load(Path("ours", "plain-things.yaml").read_text(encoding="utf-8")))
        machine = create_controller(aws.client).machine_arn
        register_target(aws.client, target)
        given = json.dumps({"target": target.name, "policy": POLICY})
        execution = aws.client("stepfunctions").start_execution(stateMachineArn=machine, input=given)["executionArn"]
        assert aws.run_until_ended(execution, limit=7200)["status"] == "SUCCEEDED"
        aws.clock.run_for(60)

    arms = Counter((one.deployment_id, one.version) for one in served)
    assert {one.status for one in served} == {200}
    assert [version for _, version in before] == ["$LATEST"]
    assert sorted(str(version) for _, version in arms) == ["$LATEST", "1"]
    assert len({deployment for deployment, _ in arms}) == 2, arms
    assert f"```text\n{out.replace(api.rest_api_id, 'a1b2c3d4e5')}```\n" in PAGE


def test_the_documented_policies_are_what_an_adoption_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with EmbeddedAws(enforce_iam=True) as aws:
        api = create_plain_api(aws)
        for service in ("apigateway", "lambda", "logs", "iam"):
            aws.client(service)  # made with the account's own credentials
        texts = [text.replace("a1b2c3d4e5", api.rest_api_id) for text in POLICIES]
        statements = [one for text in texts for one in json.loads(text)["Statement"]]
        become(api, json.dumps({"Version": "2012-10-17", "Statement": statements}), monkeypatch)
        aws.permissions.forget()
        assert run(["adopt", *api.subject, "--yes"]) == 0
        assert run(["adopt", *api.subject, "--yes", "--undo"]) == 0
        assert [one for one in aws.permissions.denied if one.principal == ROLE] == []
        used = {grant.action for grant in aws.permissions.used if grant.role == ROLE}
    allowed = {action for one in json.loads(texts[1])["Statement"] for action in listed(one["Action"])}
    assert allowed - used == set()
