"""Measures what each function's memory and timeout must suffice for; docs/decisions/0011 says what follows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canary.rules.rollouts.phases import LATE_WRITER_SECONDS
from canary.rules.rollouts.price import Usage, price
from canary.rules.rollouts.report import FUNCTION_GB, SECONDS_PER_CALL
from canary_machine.definition import load, task_names
from demo.controller import MEMORY_MB, TARGET_PREFIX, TIMEOUT_SECONDS
from tests.tasks.walk import SETTLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Target
    from tests.tasks.walk import Ground, Walk

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = " ".join((ROOT / "docs" / "decisions" / "0011-one-size-for-all-functions.md").read_text(encoding="utf-8").split())
README = (ROOT / "README.md").read_text(encoding="utf-8")
BESIDE_THE_WALK = {"AdvanceRollout", "ParkRollout", "WatchPromotion"}
"""The first two work only with the records; the last reads each live alias, as EvaluateCanary does."""
MEMORY = Path("/proc/self/status")
FIRST_CALL = """
import json, re, sys, time
from importlib import import_module
from pathlib import Path

handler = import_module(f"canary.tasks.{sys.argv[1]}").handler
answer = handler(json.load(sys.stdin), None)
kilobytes = re.search(r"VmHWM:\\s+(\\d+)", Path(sys.argv[2]).read_text())[1]
print(json.dumps([answer, int(kilobytes) / 1024, time.process_time()]))
"""


def told(pattern: str) -> float:
    """A number on the page."""
    [number] = re.findall(pattern, PAGE)
    return float(number)


def promote_and_go_back(ground: Ground, target: Target) -> None:
    """Every task of the machine that touches a target, at least once."""
    promote(ground.walk(target))
    ground.restore()
    ground.walk(target).shift().end()
    ground.restore()
    ground.walk(target).shift()
    ground.walk(target).replace()


def promote(walk: Walk) -> None:
    walk.shift().pause(240)
    walk.look()
    walk.task("TakeAllTraffic")
    walk.pause(SETTLE)
    walk.drain()
    walk.pause(240)
    for task in ("MoveBase", "FlipStage", "CleanUp"):
        walk.task(task)
        walk.pause(SETTLE + 5)


def count_calls(ground: Ground, monkeypatch: pytest.MonkeyPatch, target: Target) -> dict[str, int]:
    """By task, the most AWS calls that one invocation makes."""
    most: dict[str, int] = {}
    invoke = ground.invoke

    def counting(task: str, event: object) -> dict[str, Any]:
        before = calls_of(ground, task)
        answer = invoke(task, event)
        most[task] = max(most.get(task, 0), calls_of(ground, task) - before)
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(ground, "invoke", counting)
        promote_and_go_back(ground, target)
    return most


def calls_of(ground: Ground, task: str) -> int:
    return Counter(call.task for call in ground.aws.faults.calls)[task]


@contextmanager
def calling_one_function(ground: Ground) -> Iterator[None]:
    """Let the API's method that calls the second function call the first."""
    client, api = ground.aws.client("apigateway"), ground.rig.target.stage.rest_api_id
    resources = client.get_resources(restApiId=api, embed=["methods"])["items"]
    orders = next(one for one in resources if one["path"] == "/orders")
    first, second = (orders["resourceMethods"][verb]["methodIntegration"]["uri"] for verb in ("GET", "POST"))
    where = {"restApiId": api, "resourceId": orders["id"], "httpMethod": "POST"}
    client.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=first)
    yield
    client.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=second)


def test_a_target_of_forty_functions_fits_into_the_timeout(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    target = ground.rig.target
    two = count_calls(ground, monkeypatch, target)
    ground.restore()
    with calling_one_function(ground):
        one = count_calls(ground, monkeypatch, replace(target, functions=target.functions[:1]))
    more = {task: two[task] - one[task] for task in two}

    assert {*two} == {*task_names(load())} - BESIDE_THE_WALK
    assert max(two.values()) <= told(r"a task makes at most (\d+) calls")
    assert max(more.values()) <= told(r"each function more adds at most (\d+)")
    forty = max(two[task] + 38 * more[task] for task in two)
    assert forty * told(r"while a call is answered within ([\d.]+) seconds") <= TIMEOUT_SECONDS


@pytest.mark.skipif(not MEMORY.exists(), reason="the system does not say how much memory a process had at most")
def test_a_first_call_needs_a_part_of_the_memory(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    found: dict[str, tuple[float, float]] = {}

    def in_a_process_of_its_own(task: str, event: object) -> dict[str, Any]:
        answer, *found[task] = first_call(ground, task, event)
        return answer

    monkeypatch.setattr(ground, "invoke", in_a_process_of_its_own)
    promote_and_go_back(ground, ground.rig.target)

    megabytes, seconds = (max(column) for column in zip(*found.values(), strict=True))
    assert megabytes <= told(r"needs at most (\d+) MB") < MEMORY_MB
    assert seconds <= told(r"less than (\d+) seconds of an ordinary")


def first_call(ground: Ground, task: str, event: object) -> list[Any]:
    """A task's answer when started in an empty process over the network, its peak memory in MB, and its processor seconds."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "functions"),
        "CANARY_TASK": task,
        "CANARY_TABLE": ground.rig.controller.table,
        "CANARY_TARGET_PREFIX": TARGET_PREFIX,
        "AWS_REGION": ground.aws.region,
        "AWS_ENDPOINT_URL": ground.aws.endpoint_url,
    }
    module = re.sub("(?<=[a-z])(?=[A-Z])", "_", task).lower()
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_CALL, module, str(MEMORY)],
        input=json.dumps(event),
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return list(json.loads(ran.stdout.splitlines()[-1]))


def test_the_page_names_the_sizes_that_the_functions_have():
    assert f"# Every function has {MEMORY_MB} MB and {TIMEOUT_SECONDS} seconds" in PAGE
    assert TIMEOUT_SECONDS <= LATE_WRITER_SECONDS
    assert told(r"takes ([\d.]+) seconds a call, an assumption") == SECONDS_PER_CALL


def test_the_price_depends_on_the_duration_of_a_call():
    [calls] = re.findall(r"transitions, (\d+) Lambda calls", README)
    gb_seconds = int(calls) * FUNCTION_GB * SECONDS_PER_CALL
    usual, longer = (price(Usage(0, 0, 0, lambda_gb_seconds=times * gb_seconds)).dollars for times in (1, 10))
    [rollout] = re.findall(r"requested\s+metrics, \$([\d.]+) at", README)

    assert round(longer - usual, 3) == Decimal("0.001")
    assert usual / 2 < Decimal(rollout) / 100
