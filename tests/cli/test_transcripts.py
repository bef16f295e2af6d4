"""docs/command.md, `What CI prints`: `canary start --watch` of a good and of a bad release, as the embedded AWS runs them.

The failing assertion shows the transcript as it should be.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import canary_cli.steering
from canary.rules.targets.policy import Step
from canary_cli.exits import ExitCode
from demo.guest import CONTROLLER
from demo.orders_traffic import OrdersTraffic
from embedded_aws.embedded import EmbeddedAws
from tests.rig import QUICK
from tests.tasks.walk import Ground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Told

    Canary = Callable[..., Told]

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "command.md"
SHORT = replace(
    QUICK, name="short", steps=(Step(Decimal(25), 180), Step(Decimal(50), 180)), detect={"errors": 0.1}, watch_seconds=120
)
START = ("start", "orders", "--label", "commit=4fa2c1", "--watch")


@pytest.fixture(scope="module")
def shared() -> Iterator[Ground]:
    """The sample with 600 requests a minute."""
    with EmbeddedAws(guest=CONTROLLER) as aws:
        ground = Ground(aws, policy=SHORT)
        more = OrdersTraffic(ground.rig.target.stage, rng=random.Random(9), per_minute=540)
        aws.dataplane.add_source(more)
        yield ground


@pytest.fixture(autouse=True)
def in_utc(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A CI job's zone; names carry the simulated time."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(canary_cli.steering, "time", SimpleNamespace(time=ground.aws.clock.now))
    monkeypatch.setattr(canary_cli.steering, "secrets", SimpleNamespace(token_hex=lambda _size: "3f9a"))
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_page_shows_what_ci_prints_of_a_good_and_of_a_bad_release(ground: Ground, canary: Canary):
    good = canary(*START)
    ground.rig.publish(FAILING_SHARE=0.2)
    bad = canary(*START)
    chapter = PAGE.read_text(encoding="utf-8").partition("\n## What CI prints\n")[2].partition("\n## ")[0]
    shown = re.findall(r"^```text\n(.*?)^```$", chapter, re.DOTALL | re.MULTILINE)

    assert (good.code, bad.code, good.err, bad.err) == (ExitCode.DONE, ExitCode.ROLLED_BACK, "", "")
    assert shown == [good.out, bad.out], f"{good.out}\n{bad.out}"
