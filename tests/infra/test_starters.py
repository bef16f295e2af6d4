"""Who may only start executions cannot revert a release: not by an input, not by a grant of their own, not by another's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from demo import guest
from demo.controller import OPERATOR
from embedded_aws.embedded import EmbeddedAws
from tests.executions.test_verbs import call
from tests.infra.deployed import by_templates
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

ACCOUNT = "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """The controller as its templates deploy it, with enforced roles, after a promotion."""
    with EmbeddedAws(guest=guest.CONTROLLER) as aws:
        monkeypatch.setattr(Rig, "deployer", staticmethod(by_templates))
        rig = Rig(aws)
        rig.publish()
        assert rig.run().ending == "Promoted"
        yield rig


@pytest.fixture
def starter(rig: Rig) -> Callable[[str], Any]:
    """The clients of a role that has the starter's managed policy alone."""
    iam, name = rig.aws.client("iam"), "only-starts"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/canary-starter-{rig.aws.region}")
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    given = rig.aws.client("sts").assume_role(RoleArn=role, RoleSessionName="person")["Credentials"]

    def client(service: str) -> Any:
        return botocore.session.Session().create_client(
            service,
            region_name=rig.aws.region,
            endpoint_url=rig.aws.endpoint_url,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    return client


def test_a_starter_cannot_begin_a_revert(rig: Rig, starter: Callable[[str], Any]):
    before = rig.stage, rig.aliases()
    rollout = rig.records.read_lock("orders").promoted_rollout_id
    given = {"operation": "revert", "target": "orders", "rollout": rollout}

    def started(name: str) -> str:
        answer = starter("stepfunctions").start_execution(
            stateMachineArn=rig.controller.machine_arn, name=name, input=json.dumps(given)
        )
        return str(answer["executionArn"])

    forged = rig.finish(started("forged"))
    assert (forged.ending, "only its function OperateRollout may begin a revert" in forged.cause) == ("Refused", True)
    with pytest.raises(ClientError, match="AccessDenied"):
        starter("dynamodb").put_item(TableName=rig.controller.table, Item={"pk": {"S": "grant#x"}, "sk": {"S": "grant"}})
    assert (rig.stage, rig.aliases()) == before
    rig.aws.permissions.denied.clear()

    answer = call(rig, OPERATOR, verb="rollback")
    copied = rig.finish(started("copied"))
    assert copied.ending == "Refused"
    assert rig.finish(answer["execution"]).ending == "Promoted"
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        started(answer["revert"])
    assert rig.is_at_rest()
    assert not rig.aws.permissions.denied
