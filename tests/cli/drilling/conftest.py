"""A stage that may be drilled: the sample with guard and sweeper at work, half a request a second, its target with a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import canary_cli.rehearsing
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROLE = "arn:aws:iam::123456789012:role/canary-target-orders"
DRILL = ("drill", "orders", "--stage", "prod", "--confirm", "prod")


@dataclass(frozen=True)
class Stand:
    """What the fixture `canary` needs of a ground."""

    rig: Rig

    @property
    def aws(self) -> EmbeddedAws:
        return self.rig.aws


def a_stand(aws: EmbeddedAws, **changes: Any) -> Stand:
    """The sample, whose target allows drills unless `changes` say otherwise."""
    return Stand(Rig(aws, **{"per_minute": 30, "history": False, "drill": True, "role_arn": ROLE, **changes}))


@pytest.fixture
def ground(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """A stand of the test's own; a parameter of the test has the changes."""
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield a_stand(aws, **getattr(request, "param", {}))


@pytest.fixture
def waiting(ground: Stand, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], None]], None]:
    """While the drill waits, simulated time passes. What is given is called before each wait, with its number from 1 on."""
    waits = 0
    before: list[Callable[[int], None]] = []

    def sleep(seconds: float) -> None:
        nonlocal waits
        waits += 1
        for one in before:
            one(waits)
        ground.rig.settle(seconds)

    monkeypatch.setattr(canary_cli.rehearsing, "sleep", sleep)
    return before.append
