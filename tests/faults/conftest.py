from collections.abc import Iterator
from dataclasses import replace

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.rig import QUICK, Rig

BLUNT = replace(QUICK, detect={"errors": 0.9})
"""Requests little traffic, because only a little is needed."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Rig(aws, policy=BLUNT, per_minute=60, history=False)
