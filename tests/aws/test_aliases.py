"""Aliases are moved with the revision that was read."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.aliases import Aliases, point_command
from canary.aws.errors import AwsRefusedError, OwnershipLostError
from tests.aws.stubs import Changed, refusal

if TYPE_CHECKING:
    from tests.tasks.walk import Ground

READ = "orders-read"


@pytest.fixture
def writes() -> list[str]:
    return []


@pytest.fixture
def aliases(ground: Ground, writes: list[str]) -> Aliases:
    return Aliases(ground.aws.client("lambda"), lambda: writes.append("write"))


def test_an_alias_reads_with_its_weights_and_revision(ground: Ground, aliases: Aliases):
    ground.point(READ, "live", "1", v2=0.25)
    found = aliases.read(READ, "live")

    assert (found.version, found.shares) == ("1", {"2": Decimal("0.25")})
    assert found.revision_id


def test_an_alias_is_pointed_and_its_weights_are_replaced(ground: Ground, aliases: Aliases, writes: list[str]):
    aliases.point(READ, "live", "1", {"2": Decimal("0.1")})
    assert ground.alias(READ, "live") == ("1", {"2": 0.1})
    aliases.point(READ, "live", "2")

    assert ground.alias(READ, "live") == ("2", {})
    assert writes == ["write", "write"]


def test_an_alias_that_is_there_already_is_not_written(aliases: Aliases, writes: list[str]):
    before = aliases.read(READ, "live")
    aliases.point(READ, "live", "1")

    assert writes == []
    assert aliases.read(READ, "live") == before


def test_a_write_that_is_forbidden_is_not_made(ground: Ground):
    def forbid() -> None:
        raise OwnershipLostError("not yours")

    with pytest.raises(OwnershipLostError):
        Aliases(ground.aws.client("lambda"), forbid).point(READ, "live", "2")

    assert ground.alias(READ, "live") == ("1", {})


@pytest.fixture
def called(ground: Ground) -> Any:
    """Lambda's operations called from now on, newest last."""
    ground.aws.faults.calls.clear()
    return ground.aws.faults.calls


def test_an_alias_that_was_read_is_moved_without_another_read(ground: Ground, aliases: Aliases, called: Any):
    aliases.read(READ, "live")
    aliases.point(READ, "live", "2")

    assert [call.operation for call in called] == ["GetAlias", "UpdateAlias"]
    assert ground.alias(READ, "live") == ("2", {})


def test_an_alias_that_was_moved_is_read_before_it_is_moved_again(aliases: Aliases, called: Any):
    aliases.read(READ, "live")
    aliases.point(READ, "live", "2")
    aliases.point(READ, "live", "1")

    assert [call.operation for call in called] == ["GetAlias", "UpdateAlias", "GetAlias", "UpdateAlias"]


def test_an_alias_that_needed_no_move_is_not_trusted_to_need_none(ground: Ground, aliases: Aliases):
    aliases.read(READ, "live")
    ground.point(READ, "live", "2")
    aliases.point(READ, "live", "1")

    assert ground.alias(READ, "live") == ("1", {})


def test_an_alias_that_was_changed_since_it_was_read_is_read_again(ground: Ground, aliases: Aliases, writes: list[str]):
    aliases.read(READ, "live")
    ground.point(READ, "live", "1", v2=0.5)
    aliases.point(READ, "live", "2")

    assert ground.alias(READ, "live") == ("2", {})
    assert writes == ["write", "write"]


def test_an_alias_that_is_changed_again_and_again_is_left(ground: Ground):
    client = ground.aws.client("lambda")
    shares = iter((0.5, 0.6))

    def race(**arguments: object) -> None:
        ground.point(READ, "live", "1", v2=next(shares))
        client.update_alias(**arguments)

    aliases = Aliases(Changed(client, update_alias=race), lambda: None)
    aliases.read(READ, "live")
    with pytest.raises(AwsRefusedError, match="PreconditionFailedException"):
        aliases.point(READ, "live", "2")
    assert ground.alias(READ, "live") == ("1", {"2": 0.6})


def test_another_refusal_is_reported_at_once(ground: Ground):
    def refuse(**_: object) -> None:
        raise refusal("ServiceException")

    aliases = Aliases(Changed(ground.aws.client("lambda"), update_alias=refuse), lambda: None)
    aliases.read(READ, "live")
    with pytest.raises(AwsRefusedError, match="ServiceException"):
        aliases.point(READ, "live", "2")


def test_a_missing_alias_reports_the_command(aliases: Aliases):
    with pytest.raises(AwsRefusedError, match=f"aws lambda get-alias --function-name {READ} --name gone"):
        aliases.read(READ, "gone")


def test_a_lost_reply_is_recognised_by_its_effect(ground: Ground):
    client = ground.aws.client("lambda")

    def lose(**arguments: object) -> None:
        client.update_alias(**arguments)
        raise refusal("PreconditionFailedException")

    Aliases(Changed(client, update_alias=lose), lambda: None).point(READ, "live", "2")

    assert ground.alias(READ, "live") == ("2", {})


def test_an_alias_that_someone_moved_at_the_same_moment_is_left(ground: Ground):
    client = ground.aws.client("lambda")

    def race(**arguments: object) -> None:
        ground.point(READ, "live", "1", v2=0.5)
        client.update_alias(**arguments)

    with pytest.raises(AwsRefusedError, match="PreconditionFailedException"):
        Aliases(Changed(client, update_alias=race), lambda: None).point(READ, "live", "2")

    assert ground.alias(READ, "live") == ("1", {"2": 0.5})


def test_the_command_names_version_and_weights():
    assert point_command("f", "live", "1", {"2": Decimal("0.1")}) == (
        "aws lambda update-alias --function-name f --name live --function-version 1 "
        "--routing-config 'AdditionalVersionWeights={2=0.1}'"
    )
