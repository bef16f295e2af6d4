"""Aliases are moved with the revision that was read."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

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

    assert (found.version, found.weights) == ("1", {"2": Decimal("0.25")})
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


def test_a_missing_alias_tells_the_command(aliases: Aliases):
    with pytest.raises(AwsRefusedError, match=f"aws lambda get-alias --function-name {READ} --name gone"):
        aliases.read(READ, "gone")


def test_a_lost_reply_is_known_by_what_it_left(ground: Ground):
    client = ground.aws.client("lambda")

    def lose(**arguments: object) -> None:
        client.update_alias(**arguments)
        raise refusal("PreconditionFailedException")

    Aliases(Changed(client, update_alias=lose), lambda: None).point(READ, "live", "2")

    assert ground.alias(READ, "live") == ("2", {})


def test_an_alias_that_somebody_moved_at_the_same_moment_is_left(ground: Ground):
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
