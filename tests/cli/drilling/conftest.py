"""A stage that may be drilled: the sample with guard and sweeper at work, its target with a role, and half a request a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import canary_cli.rehearsing
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "arn:aws:iam::123456789012:role/canary-target-orders"


@dataclass(frozen=True)
class Stand:
    """What the fixture `canary` needs of a ground."""

    rig: Rig

    @property
    def aws(self) -> EmbeddedAws:
        return self.rig.aws


@pytest.fixture
def ground() -> Iterator[Stand]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Stand(Rig(aws, per_minute=30, history=False, drill=True, role_arn=ROLE))


@pytest.fixture(autouse=True)
def waiting(ground: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the drill waits, simulated time passes."""
    monkeypatch.setattr(canary_cli.rehearsing, "sleep", ground.rig.settle)
