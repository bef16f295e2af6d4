from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.verify.scratch_world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty account."""
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield World(aws, tmp_path)
