from collections.abc import Iterator

import pytest

from local.embedded import EmbeddedAws
from tests.rig import Rig


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as opened:
        yield opened


@pytest.fixture
def rig(aws: EmbeddedAws) -> Rig:
    return Rig(aws)
