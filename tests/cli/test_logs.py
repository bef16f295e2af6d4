"""`canary logs` on the embedded AWS: what a bad release broke beside base, for people and programs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import canary_cli.explaining
from canary.rules.failures.asking import Span, span_of, versions_of
from canary.rules.failures.query import WhichArm
from canary.rules.rollouts.phases import Phase
from demo.controller import register_target
from demo.sample import publish_release
from embedded_aws.faults.calls import Fault, Mode
from tests.builders import NEW, NOON, OLD, a_rollout
from tests.tasks.walk import SETTLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

BROKEN = {"NAME": "broken", "FAILING_SHARE": 0.5, "CATCHES_FAILURES": False}
SAID = "DatabaseError: the database does not answer"


@pytest.fixture(scope="module")
def broken(shared: Ground) -> dict[str, str]:
    """A release whose functions raise an error for half of their requests."""
    return publish_release(shared.aws.client, shared.rig.target, BROKEN)


@pytest.fixture(scope="module")
def broken_ship(shared: Ground) -> dict[str, str]:
    return publish_release(shared.aws.client, shared.ship, BROKEN)


def test_what_a_bad_release_broke_is_told_beside_base(ground: Ground, canary: Canary, broken: dict[str, str]):
    walk = ground.walk().shift(release={"functions": broken})
    walk.pause(240)
    told = canary("logs", "orders")
    version = broken["orders-read"]

    assert told.code == 0
    assert f", rollout {walk.rollout_id}\n" in told.out
    assert f"  canary  orders-read {version}, orders-write {version}\n  base    orders-read 1, orders-write 1\n" in told.out
    row = re.search(rf"^  GET /orders/{{id}}  502 +[1-9]\d* +0 +orders-read +{version} +1$", told.out, re.MULTILINE)
    assert row
    sample = rf"^  canary: GET /orders/{{id}} 502, orders-read {version}, request [0-9a-f-]{{36}}: {SAID}$"
    assert re.search(sample, told.out, re.MULTILINE)
    assert "/orders/1" not in told.out
    assert "[ERROR]" not in told.out
    assert re.search(
        r"^scanned   \d+\.\d MB, [\d,]+ lines in 3 log groups; less than \$0\.0001 at list price$", told.out, re.MULTILINE
    )
    assert "scans /apigw/orders-prod, /aws/lambda/orders-read, /aws/lambda/orders-write; list price" in told.out.splitlines()[0]
    assert "$0.005 per GB" in told.out.splitlines()[0]

    def failed() -> int:
        """The canary's failures on one route, as its clients saw them."""
        mine = (one for one in ground.rig.served if one.version == version and one.method and one.at >= walk.record.started_at)
        return sum(one.status == 502 for one in mine if one.method and one.method.path == "/orders/{id}")

    before = failed()
    answer = canary("logs", "orders", "--arm", "canary", "--errors", "--json")
    first = next(one for one in answer.json["failing"] if one["route"] == "GET /orders/{id}")
    assert answer.err == ""
    assert (first["status"], first["base"]) == (502, 0)
    assert 0 < before <= first["canary"] <= failed()
    assert {sample["arm"] for sample in answer.json["samples"]} == {"canary"}
    assert answer.json["ends_at"].endswith("Z")
    assert answer.json["scanned"]["bytes_scanned"] > 0

    alone = canary("logs", "orders", "--arm", "base", "--errors", "--since", "1m", "--json").json
    assert {one["canary"] for one in alone["failing"]} <= {0}


def test_a_target_without_a_stage_has_its_functions_errors_only(ground: Ground, canary: Canary, broken_ship: dict[str, str]):
    walk = ground.walk(ground.ship).shift(release={"functions": broken_ship})
    ground.point("orders-ship", "live", broken_ship["orders-ship"])
    walk.pause(SETTLE)
    for order in range(20):
        event = json.dumps({"order": str(order)})
        ground.aws.client("lambda").invoke(FunctionName="orders-ship", Qualifier="live", Payload=event)
    walk.pause(1)
    told = canary("logs", "orders-ship")

    assert told.code == 0
    version = broken_ship["orders-ship"]
    logged = rf"^  canary: orders-ship {version}, \d+ times, such as request [0-9a-f-]{{36}}: {SAID}$"
    assert re.search(logged, told.out, re.MULTILINE)
    assert "[ERROR]" not in told.out
    assert "note: the target has no stage, so there are no routes and no statuses" in told.out
    assert "failing requests" not in told.out


def test_where_nothing_failed_it_says_so(ground: Ground, canary: Canary):
    walk = ground.walk().begin()
    told = canary("logs", "orders", "--errors")

    assert (told.code, walk.record.phase) == (0, Phase.PREPARING)
    assert "nothing failed, as far as these logs tell" in told.out


def test_a_target_without_a_rollout_is_asked_about_the_last_day(ground: Ground, canary: Canary):
    register_target(ground.aws.client, replace(ground.rig.target, name="fresh"))
    answer = canary("logs", "fresh", "--json").json
    ground.aws.client("ssm").delete_parameter(Name="/canary/targets/fresh")

    assert answer["rollout"] is None
    assert answer["versions"] == {"base": {"orders-read": "1", "orders-write": "1"}}


def test_an_earlier_rollout_is_named_by_its_id(ground: Ground, canary: Canary):
    walk = ground.walk().begin()
    assert canary("logs", "orders", "--rollout", walk.rollout_id, "--json").json["rollout"] == walk.rollout_id
    for target, rollout in (("orders", "nope"), ("orders-ship", walk.rollout_id)):
        told = canary("logs", target, "--rollout", rollout)
        assert told.code == 2
        assert f"no rollout '{rollout}' of {target} is recorded" in told.err
        assert f"canary history {target} lists its rollouts" in told.err


@pytest.mark.parametrize("since", ["25h", "soon"])
def test_a_time_that_is_too_long_or_none_is_a_wrong_use(canary: Canary, since: str):
    told = canary("logs", "orders", "--since", since)
    assert told.code == 2
    assert "--since" in told.err


def test_a_denied_query_names_its_groups_and_the_policy_to_ask_for(ground: Ground, canary: Canary):
    ground.walk().begin()
    ground.aws.faults.add(Fault(None, "logs", "StartQuery", Mode.REFUSED))
    told = canary("logs", "orders")

    assert told.code == 7
    assert "aws logs start-query --log-group-names /apigw/orders-prod /aws/lambda/orders-read" in told.err
    assert "ask for the managed policy canary-reader-" in told.err


def test_a_query_that_does_not_end_is_stopped(ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch):
    ground.walk().begin()
    monkeypatch.setattr(canary_cli.explaining, "sleep", lambda _: None)  # simulated time stands still
    told = canary("logs", "orders", "--json")

    assert (told.code, told.error["code"]) == (7, "NoAnswer")
    assert "took longer than 60 s and was stopped" in told.error["message"]
    assert "--since 10m" in told.error["fix"]


def test_a_long_rollout_is_read_for_its_last_day():
    long = a_rollout(started_at=NOON - 200_000)
    assert span_of(long, NOON, None) == Span(NOON - 86_400, NOON, is_cut=True)
    ended = replace(long, started_at=NOON - 900, ended_at=NOON - 300)
    assert span_of(ended, NOON, None) == Span(NOON - 900, NOON - 240)
    assert span_of(ended, NOON, 60) == Span(NOON - 60, NOON)


@pytest.mark.parametrize(("phase", "base"), [(Phase.PROMOTED, NEW), (Phase.ROLLED_BACK, OLD)])
def test_after_its_end_there_is_only_base(phase: Phase, base: dict[str, str]):
    ended = replace(a_rollout(), phase=phase, ended_at=NOON)
    assert versions_of(ended, Span(NOON + 1, NOON + 2)) == {WhichArm.CANARY: {}, WhichArm.BASE: base}
    assert versions_of(ended, Span(NOON - 1, NOON + 2)) == {WhichArm.CANARY: NEW, WhichArm.BASE: OLD}
