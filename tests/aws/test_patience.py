"""After botocore has given up, the controller waits for a throttle of Lambda or API Gateway, and for no other refusal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from canary.aws.clients import Clients
from canary.aws.patience import MOST_ATTEMPTS, MOST_POLLS, PAUSE_SECONDS, wait_for_query, wait_for_rate
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import Target
from embedded_aws.faults.calls import Fault, Mode
from embedded_aws.shortcut import INSIDE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.tasks.walk import Ground


@pytest.mark.parametrize(
    ("response", "attempts", "seconds"),
    [
        ((SimpleNamespace(status_code=429), {}), 1, PAUSE_SECONDS),
        ((SimpleNamespace(status_code=429), {}), MOST_ATTEMPTS - 1, PAUSE_SECONDS),
        ((SimpleNamespace(status_code=429), {}), MOST_ATTEMPTS, None),
        ((SimpleNamespace(status_code=403), {}), 3, None),
        (None, 3, None),
    ],
)
def test_only_a_throttled_call_is_tried_again_and_not_for_ever(response: Any, attempts: int, seconds: float | None):
    assert wait_for_rate(response=response, attempts=attempts, operation=None, caught_exception=None) == seconds


@pytest.mark.parametrize(
    ("response", "attempts", "seconds"),
    [
        ((SimpleNamespace(status_code=200), {"status": "Running"}), 1, PAUSE_SECONDS),
        ((SimpleNamespace(status_code=200), {"status": "Scheduled"}), MOST_POLLS - 1, PAUSE_SECONDS),
        ((SimpleNamespace(status_code=200), {"status": "Running"}), MOST_POLLS, None),
        ((SimpleNamespace(status_code=200), {"status": "Complete"}), 1, None),
        ((SimpleNamespace(status_code=400), {"Error": {}}), 1, None),
        (None, 1, None),
    ],
)
def test_a_query_that_runs_is_asked_for_again_and_not_for_ever(response: Any, attempts: int, seconds: float | None):
    assert wait_for_query(response=response, attempts=attempts, operation=None, caught_exception=None) == seconds


def acted(ground: Ground, act: Callable[[], object]) -> tuple[list[object], float]:
    """The answer that an actor got, and the simulated time that it took."""
    got: list[object] = []

    def work() -> None:
        try:
            got.append(act())
        except ClientError as error:
            got.append(error)

    before = ground.aws.clock.now()
    ground.aws.clock.spawn(work, name="patience")
    ground.aws.clock.run_until(lambda: bool(got), limit=60)
    return got, ground.aws.clock.now() - before


@pytest.mark.parametrize(("times", "is_answered"), [(MOST_ATTEMPTS - 1, True), (MOST_ATTEMPTS, False)])
def test_a_client_of_api_gateway_waits_for_the_throttle(ground: Ground, times: int, *, is_answered: bool):
    client = Clients(task="Test", region=ground.aws.region, endpoint_url=INSIDE).of(Target("orders", (), STANDARD)).apigateway
    ground.aws.faults.add(Fault(None, "apigateway", "GetRestApi", Mode.THROTTLED, times=times))
    (got,), seconds = acted(ground, lambda: client.get_rest_api(restApiId=ground.rig.target.stage.rest_api_id))

    assert isinstance(got, dict) is is_answered
    assert 2 * PAUSE_SECONDS <= seconds <= 2 * PAUSE_SECONDS + 3


@pytest.mark.parametrize(("times", "is_answered"), [(MOST_ATTEMPTS - 1, True), (MOST_ATTEMPTS, False)])
def test_a_client_of_lambda_waits_for_the_throttle(ground: Ground, times: int, *, is_answered: bool):
    client = Clients(task="Test", region=ground.aws.region, endpoint_url=INSIDE).of(Target("orders", (), STANDARD)).lambda_
    ground.aws.faults.add(Fault(None, "lambda", "GetAlias", Mode.THROTTLED, times=times))
    (got,), seconds = acted(ground, lambda: client.get_alias(FunctionName="orders-read", Name="live"))

    assert isinstance(got, dict) is is_answered
    assert 2 * PAUSE_SECONDS <= seconds <= 2 * PAUSE_SECONDS + 3
