"""`canary logs` on the embedded AWS: what a bad release broke, beside base."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.sample import publish_release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

BROKEN = {"NAME": "broken", "FAILING_SHARE": 0.5, "CATCHES_FAILURES": False}


@pytest.fixture(scope="module")
def broken(shared: Ground) -> dict[str, str]:
    return publish_release(shared.aws.client, shared.rig.target, BROKEN)


def test_what_a_bad_release_broke_is_told_beside_base(ground: Ground, canary: Canary, broken: dict[str, str]):
    walk = ground.walk().shift(release={"functions": broken})
    walk.pause(240)
    told = canary("logs", "orders")
    print(told.out, told.err)
    print(canary("logs", "orders", "--arm", "canary", "--errors", "-o", "json").out)
    assert 0
