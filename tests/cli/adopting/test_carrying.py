"""One step: a role that is too new, one that is there already, and a call that is denied."""

from __future__ import annotations

import pytest

import canary_cli.adopting.carrying
from canary.aws.errors import AwsRefusedError
from canary_cli.adopting.carrying import TRIES, carry_out, take_back
from canary_cli.adopting.trouble import AdoptionError
from canary_cli.doctor.remedy import Remedy
from tests.aws.stubs import Scripted, refusal

ACCOUNT = Remedy("let API Gateway write logs", "apigateway", "update_account", {"patchOperations": []})
ROLE = Remedy("create role logs", "iam", "create_role", {"RoleName": "logs"})
ALIAS = Remedy("delete alias live", "lambda", "delete_alias", {"FunctionName": "f", "Name": "live"})
TOO_NEW = refusal("BadRequestException", "The role ARN does not have required permissions set to API Gateway")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(canary_cli.adopting.carrying, "sleep", found.append)
    return found


def test_a_role_that_cannot_be_assumed_yet_gets_time(waits: list[float]):
    client = Scripted(update_account=[TOO_NEW, TOO_NEW, {}])
    carry_out(lambda _: client, ACCOUNT)
    assert waits == [5, 5]


def test_the_time_is_limited(waits: list[float]):
    client = Scripted(update_account=[TOO_NEW] * TRIES)
    with pytest.raises(AwsRefusedError, match="required permissions"):
        carry_out(lambda _: client, ACCOUNT)
    assert len(waits) == TRIES - 1


def test_a_role_of_an_earlier_run_is_used():
    carry_out(lambda _: Scripted(create_role=[refusal("EntityAlreadyExists")]), ROLE)


def test_what_is_gone_is_taken_back_already():
    take_back(lambda _: Scripted(delete_alias=[refusal("ResourceNotFoundException")]), ALIAS)
    with pytest.raises(AwsRefusedError):
        take_back(lambda _: Scripted(delete_alias=[refusal("ResourceConflictException")]), ALIAS)


def test_a_denied_call_says_where_the_permissions_are():
    with pytest.raises(AdoptionError) as told:
        carry_out(lambda _: Scripted(create_role=[refusal("AccessDenied")]), ROLE)
    assert "docs/first-rollout.md lists the permissions" in told.value.fix
