"""CheckRelease of a large target under Lambda's throttle: on time if versions are named, otherwise refused asking for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from demo.controller import function_name
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.fleet import create_fleet
from tests.tasks.walk import iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Target

FUNCTIONS, VERSIONS = 40, 400
IN_TIME_SECONDS = 30.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedAws, Target]]:
    with EmbeddedAws(guest=CONTROLLER) as aws, pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("fleet")
        target = create_fleet(aws, folder, patch, functions=FUNCTIONS, versions=VERSIONS)
        aws.clock.run_for(120)
        aws.throttles.turn_on("lambda")
        yield aws, target


def check(aws: EmbeddedAws, target: Target, release: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """The task's answer, and the simulated seconds that its calls took."""
    machine = f"arn:aws:states:{aws.region}:{aws.account}:execution:canary-rollout"
    event = {"input": {"target": target.name, "release": release}, "rollout_id": "fleet", "execution": f"{machine}:fleet"}
    began, answers = aws.clock.now(), []

    def act() -> None:
        answer = aws.client("lambda").invoke(
            FunctionName=function_name("CheckRelease"), Payload=json.dumps({**event, "now": iso(began)})
        )
        answers.append(json.load(answer["Payload"]))

    aws.clock.spawn(act, name="check")
    aws.clock.run_until(lambda: bool(answers), limit=120)
    return answers[0], aws.clock.now() - began


def test_a_release_that_names_its_versions_is_checked_in_time(fleet: tuple[EmbeddedAws, Target]):
    aws, target = fleet
    named = {function.name: str(VERSIONS) for function in target.functions}
    answer, seconds = check(aws, target, {"functions": named})

    assert answer["start"] == "READY", answer
    assert answer["draft"]["intent"]["versions"] == named
    assert 5.0 < seconds < IN_TIME_SECONDS


def test_a_release_without_versions_is_refused_in_time_and_asks_for_them(fleet: tuple[EmbeddedAws, Target]):
    aws, target = fleet
    answer, seconds = check(aws, target, {})

    assert answer["start"] == "REFUSED"
    assert "release.functions: the functions have too many versions to look for the newest of orders-16, " in answer["reason"]
    assert "name the versions of the release" in answer["reason"]
    assert seconds < IN_TIME_SECONDS


def test_an_answer_on_request_is_enough(fleet: tuple[EmbeddedAws, Target]):
    aws, target = fleet
    asked = {function.name: str(VERSIONS) for function in target.functions[16:]}
    answer, seconds = check(aws, target, {"functions": asked})

    assert answer["start"] == "READY", answer
    assert seconds < 2 * IN_TIME_SECONDS
