from __future__ import annotations

from decimal import Decimal

import pytest

from bench import lambda_deploy
from bench.lambda_deploy import NotFinishedError, definition, run_loop
from bench.price import Bill, gains, measure, run_as_loop, table
from canary.rules.rollouts.price import Usage, price
from canary_machine.definition import states_of

FOR_EACH_WEIGHT = ["MoveWeight", "Interval", "CheckHealth", "IsHealthy", "IsAll"]


def entered(loop):
    return [event["stateEnteredEventDetails"]["name"] for event in loop.events if "stateEnteredEventDetails" in event]


def rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_the_loop_waits_and_checks_after_each_weight_up_to_everything():
    loop = run_loop([0.1, 0.1, 0.5], interval_seconds=60, per_minute=30)

    assert entered(loop) == ["PlanWeights", *FOR_EACH_WEIGHT * 4, "Finish"]
    assert (loop.checks, loop.seconds) == (4, 240.0)


def test_the_loop_goes_back_when_it_sees_an_error(monkeypatch):
    monkeypatch.setattr(lambda_deploy, "NO_FAULTS", {"FAILING_SHARE": 1.0})

    with pytest.raises(NotFinishedError, match="the new version had errors"):
        run_loop([0.5], interval_seconds=290, per_minute=60)


def test_the_loop_takes_a_minute_that_has_not_arrived_for_health(monkeypatch):
    monkeypatch.setattr(lambda_deploy, "NO_FAULTS", {"FAILING_SHARE": 1.0})

    assert run_loop([0.5], interval_seconds=300, per_minute=60).checks == 2


def test_the_loop_is_counted_from_its_history():
    bill = run_as_loop("loop", [0.5], interval_seconds=60, per_minute=30)

    assert (bill.looks, bill.usage.transitions, bill.usage.lambda_calls, bill.usage.metrics_requested) == (2, 12, 6, 2)


def test_every_task_of_the_loop_has_its_function():
    states = dict(states_of(definition({task: task for task in lambda_deploy.TASKS})))

    tasks = {name: state for name, state in states.items() if state["Type"] == "Task"}
    assert {name: state["Arguments"]["FunctionName"] for name, state in tasks.items()} == {name: name for name in tasks}
    assert set(tasks) == set(lambda_deploy.TASKS)


def test_each_bill_stands_beside_the_first():
    bills = [
        Bill("ours", 10, 600.0, Usage(transitions=80, lambda_calls=20, metrics_requested=160)),
        Bill("theirs", 10, 660.0, Usage(transitions=160, lambda_calls=40, metrics_requested=320)),
        Bill("seldom", 1, 60.0, Usage(transitions=0, lambda_calls=0, metrics_requested=0)),
    ]
    _, _, *found = rows(table(bills))

    assert found[0] == ["ours", "10", "10", "80", "20", "160", f"{price(bills[0].usage).dollars:.4f}", "1.00"]
    assert [row[-1] for row in found] == ["1.00", "2.00", "0.00"]
    assert "with 16 metrics per look" in gains(bills)


@pytest.mark.slow
def test_the_demos_rollout_is_less_than_a_cent_and_the_loop_takes_its_course():
    ours, each_minute, often, seldom = measure(600.0)

    assert Decimal("0.005") < price(ours.usage).dollars < Decimal("0.009")
    assert often.looks == ours.looks + 1
    assert (ours.watch_looks, each_minute.watch_looks) == (11, 16)
    assert ours.looks <= 0.75 * each_minute.looks
    assert ours.seconds == each_minute.seconds
    assert often.seconds == pytest.approx(ours.seconds - 900, rel=0.25)
    assert seldom.looks == 4
