"""An exercise waits for what it expects, and says what came instead."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from canary.aws.calls import refusals
from canary.aws.errors import AwsRefusedError
from canary.aws.record_reads import Owned
from canary.rules.checks.hours import HOUR_SECONDS
from canary.rules.rollouts.phases import Phase
from canary_cli.drilling.ground import MOST_FAILURES, Attempt, FailedExerciseError, Ground, is_as_before
from tests.builders import NOON, a_canary, a_live, a_rollout, a_stage, a_target

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = a_live(stage=a_stage())
CODES = {"busy": "InternalFailure", "denied": "AccessDeniedException"}


def a_ground(*, rollout: Any = None, read: Callable[[], Any] = lambda: BASE, described: dict[str, Any] | None = None) -> Ground:
    """A ground on which each wait takes ten minutes. ``rollout``: what the records have."""
    ticks, told = count(), []
    states = SimpleNamespace(describe_execution=lambda **_: described or {"status": "RUNNING"})
    found = Owned(rollout, SimpleNamespace(owner="x")) if rollout else None
    return Ground(
        target=a_target(),
        before=BASE,
        run="run",
        records=SimpleNamespace(find=lambda *_, **__: found),
        client=lambda _service: states,
        start=lambda *_: "arn",
        abort=lambda _reason: {},
        revert=lambda _reason: {},
        read_live=read,
        now=lambda: NOON + 600.0 * next(ticks),
        sleep=lambda _seconds: None,
        tell=told.append,
    )


def fails(times: int, code: str) -> Callable[[], Any]:
    """Reads that fail so often, and then succeed."""
    left = [times]

    def read() -> Any:
        if left[0]:
            left[0] -= 1
            with refusals("aws apigateway get-stage"):
                raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetStage")
        return BASE

    return read


def test_what_is_expected_is_seen_with_its_time():
    attempt = Attempt(a_ground(rollout=a_rollout()), "run-1", "arn")
    assert attempt.wait("a rollout", lambda seen: seen.rollout is not None).at == NOON


def test_what_does_not_come_in_time_fails_the_exercise():
    attempt = Attempt(a_ground(rollout=a_rollout(phase=Phase.SHIFTING)), "run-1", "arn")
    with pytest.raises(FailedExerciseError, match=f"a moon did not come within {HOUR_SECONDS:.0f} s; the rollout is shifting"):
        attempt.wait("a moon", lambda _: False)


def test_another_ending_fails_the_exercise_with_its_reason():
    attempt = Attempt(a_ground(rollout=a_rollout(phase=Phase.ROLLED_BACK, reason="errors rose")), "run-1", "arn")
    with pytest.raises(FailedExerciseError, match="a promotion was expected, and the rollout ended rolled back: errors rose"):
        attempt.wait("a promotion", lambda seen: seen.is_in(Phase.PROMOTED))


def test_an_execution_that_ends_without_a_rollout_fails_the_exercise_with_its_cause():
    attempt = Attempt(a_ground(described={"status": "FAILED", "cause": "drill: not here"}), "run-1", "arn")
    with pytest.raises(FailedExerciseError, match="the execution ended without a rollout: drill: not here"):
        attempt.wait("a canary", lambda seen: seen.has_weight)


def test_a_minute_without_an_answer_does_not_end_an_exercise():
    attempt = Attempt(a_ground(rollout=a_rollout(), read=fails(MOST_FAILURES, CODES["busy"])), "run-1", "arn")
    assert attempt.wait("base", lambda seen: not seen.has_canary).live is BASE


@pytest.mark.parametrize(("times", "code"), [(MOST_FAILURES + 1, CODES["busy"]), (1, CODES["denied"])])
def test_a_longer_one_or_a_denial_does(times: int, code: str):
    attempt = Attempt(a_ground(rollout=a_rollout(), read=fails(times, code)), "run-1", "arn")
    with pytest.raises(AwsRefusedError, match=code):
        attempt.wait("base", lambda seen: not seen.has_canary)


def test_base_is_as_before_only_without_a_canary_and_with_everything_it_had():
    ground = a_ground()
    other = replace(BASE, live={name: replace(alias, version="99") for name, alias in BASE.live.items()})
    assert is_as_before(ground, BASE)
    assert not is_as_before(ground, other)
    for stage in (a_stage(a_canary()), a_stage(deployment_id="dep-x"), a_stage(variables={"lambdaAlias": "live", "x": "1"})):
        assert not is_as_before(ground, a_live(stage=stage))
    assert not is_as_before(ground, a_live(stage=None))
