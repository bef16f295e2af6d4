"""The ground that a module's tests of tasks and AWS calls share: one embedded AWS, restored after each test."""

from collections.abc import Iterator

import pytest

from canary.tasks.common.entry import Tools
from demo.controller import TARGET_PREFIX
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.shortcut import INSIDE
from tests.tasks.walk import PATIENT, Ground


@pytest.fixture(scope="module")
def shared() -> Iterator[Ground]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Ground(aws, policy=PATIENT)


@pytest.fixture
def ground(shared: Ground) -> Iterator[Ground]:
    """The module's ground, in its state before any test."""
    yield shared
    shared.restore()


@pytest.fixture
def tools(ground: Ground) -> Tools:
    """A task's tools, for code that tasks share."""
    return Tools.from_env(
        {
            "CANARY_TASK": "Test",
            "CANARY_TABLE": ground.rig.controller.table,
            "CANARY_TARGET_PREFIX": TARGET_PREFIX,
            "AWS_REGION": ground.aws.region,
            "AWS_ENDPOINT_URL": INSIDE,
        }
    )
