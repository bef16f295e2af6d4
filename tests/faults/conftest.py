from collections.abc import Iterator

import pytest

from local.embedded import EmbeddedAws
from tests.rig import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    with EmbeddedAws() as aws:
        yield Rig(aws, per_minute=60, history=False)
