"""The documented commands and the documented policy, in an account without a controller and with permissions enforced."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canary_cli.app import run
from embedded_aws.embedded import EmbeddedAws
from tests.cli.doctor import pasted
from tests.cli.doctor.plain import create_plain_api
from tests.infra.templates import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.doctor.plain import PlainApi

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "first-rollout.md").read_text(encoding="utf-8")
README = (
    (ROOT / "README.md")
    .read_text(encoding="utf-8")
    .partition("\n## Your own API, with nothing deployed\n")[2]
    .partition("\n## ")[0]
)
ROLE = "arn:aws:iam::123456789012:role/evaluator"


def commands_of(text: str) -> list[str]:
    """Those that only read; `tests/cli/adopting/test_first_rollout.py` runs the adoption."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if not line.startswith("canary adopt")]


@pytest.fixture
def api() -> Iterator[PlainApi]:
    with EmbeddedAws(enforce_iam=True) as aws:
        yield create_plain_api(aws)


def test_the_documented_policy_is_what_the_commands_need(
    api: PlainApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    written, _ = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    policy = written.replace("a1b2c3d4e5", api.rest_api_id)
    for service in ("apigateway", "lambda", "logs", "iam"):
        api.aws.client(service)  # made with the account's own credentials
    become(api, policy, monkeypatch)
    permissions = api.aws.permissions
    permissions.forget()
    assert commands_of(PAGE) == commands_of(README)
    for is_ready in (False, True):
        for command in commands_of(PAGE):
            words = shlex.split(command.replace("a1b2c3d4e5", api.rest_api_id).replace("prod", "live"))[1:]
            code = run([*words, *(["--json"] if words[0] == "doctor" else [])])
            out, err = capsys.readouterr()
            assert (code, err) == (3 if words[0] == "doctor" and not is_ready else 0, ""), out
            assert "not seen" not in out
            for line in json.loads(out)["commands"] if words[0] == "doctor" else ():
                pasted.run(api.aws.client, line)

    assert [one for one in permissions.denied if one.principal == ROLE] == []
    allowed = {action for statement in json.loads(policy)["Statement"] for action in listed(statement["Action"])}
    used = {grant.action for grant in permissions.used if grant.role == ROLE}
    assert allowed == used


def become(api: PlainApi, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the command has this policy and nothing else."""
    iam = api.aws.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="evaluator", AssumeRolePolicyDocument=document)
    iam.put_role_policy(RoleName="evaluator", PolicyName="own", PolicyDocument=policy)
    given = api.aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="person")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])
