"""Base's last day comes from the target's own metrics, else from the stage's, else from priors; the notes say which."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.aws.histories import read_histories, read_hours
from canary.aws.metrics import MetricReader
from canary.rules.judging.habit import UNHEARD
from canary.rules.judging.history import FEWEST_MINUTES
from canary.rules.releases.release import Expectation
from canary.rules.targets.access_log import metric_namespace
from canary.rules.targets.target import BusinessMetric, Metrics
from demo.base_history import write_day
from tests.builders import a_rollout

if TYPE_CHECKING:
    from canary.aws.histories import FrozenHistory
    from canary.rules.targets.target import Target
    from tests.tasks.walk import Ground

YOUNG = "the target's own metrics are too new, so the history is the whole stage's"
NO_LATENCY = "there is no latency history, so latency is judged only where the target sets a limit"


@pytest.fixture(scope="module")
def until(shared: Ground) -> float:
    """The end of two hours of history for `orders`."""
    end = shared.aws.clock.now() - 7200
    write_day(shared.aws.metrics, shared.rig.target, until=end, rng=random.Random(3), per_minute=60, seconds=7200)
    return end


def freeze(ground: Ground, target: Target, now: float, *, api: str = "orders") -> FrozenHistory:
    rollout = a_rollout(target=target, policy=replace(target.policy, metric_delay_seconds=0))
    return read_histories(MetricReader(ground.aws.client("cloudwatch")), rollout, api, now)


def test_the_targets_own_metrics_come_first(ground: Ground, until: float):
    frozen = freeze(ground, ground.rig.target, until)

    assert frozen.notes == ()
    assert set(frozen.limits_ms) == {"p50", "p90", "p99"}
    assert frozen.limits_ms["p50"] < frozen.limits_ms["p99"]
    assert set(frozen.minutes) == {"errors", "client_errors", "slow_p50", "slow_p90", "slow_p99", "business_CheckoutFailed"}
    assert len(frozen.minutes["errors"]) >= FEWEST_MINUTES


def test_a_young_target_has_the_stages_history(ground: Ground, until: float):
    young = replace(ground.rig.target, name="orders-young")
    frozen = freeze(ground, young, until)
    own = freeze(ground, ground.rig.target, until)

    assert frozen.notes == (YOUNG,)
    assert frozen.minutes["errors"] == own.minutes["errors"]
    assert frozen.minutes["client_errors"] == own.minutes["client_errors"]
    assert sum(bad for _, bad in own.minutes["client_errors"]) > 0
    assert set(frozen.limits_ms) == {"p50", "p90", "p99"}


def test_client_errors_that_are_not_counted_yet_have_the_stages_history(ground: Ground, until: float):
    """A filter that came with a later version of the target: its missing counts are not zeros."""
    store, older = ground.aws.metrics, replace(ground.rig.target, name="orders-older")
    for minute in range(int(until) - 7200, int(until), 60):
        store.put(metric_namespace(older.name), "BaseRequests", {}, minute, (1.0,), (60.0,))
        store.put(metric_namespace(older.name), "BaseErrors", {}, minute, (0.0,), (1.0,))
    frozen = freeze(ground, older, until)
    own = freeze(ground, ground.rig.target, until)

    assert YOUNG not in frozen.notes
    assert sum(bad for _, bad in frozen.minutes["errors"]) == 0
    assert frozen.minutes["client_errors"] == own.minutes["client_errors"]


def test_without_any_history_priors_stand_in(ground: Ground, until: float):
    metrics = Metrics(slow=("p99",), latency_limits_ms=(800,), business=(BusinessMetric("Nothing", "Nowhere"),))
    bare = replace(ground.rig.target, name="orders-new", metrics=metrics)
    frozen = freeze(ground, bare, until, api="nobody")

    assert frozen.limits_ms == {}
    assert frozen.notes == (
        YOUNG,
        NO_LATENCY,
        "there is too little history, so stated priors are used for errors, client_errors, slow_800ms, business_Nothing",
        "business_Nothing had no data in the last day",
    )
    assert frozen.habits == {"business_Nothing": UNHEARD}


def test_what_a_business_metric_is_used_to_say_is_frozen(ground: Ground, until: float):
    habits = freeze(ground, ground.rig.target, until).habits

    assert habits["business_CheckoutFailed"].is_heard
    assert 0 < habits["business_CheckoutFailed"].per_request <= 1


def put_pay(ground: Ground, until: float, values: tuple[float, ...], counts: tuple[float, ...], name: str) -> BusinessMetric:
    """Two hours of a business metric of base, with the same values in every minute."""
    for minute in range(int(until) - 7200, int(until), 60):
        ground.aws.metrics.put("Orders", name, {"arm": "base"}, minute, values, counts)
    return BusinessMetric(name, "Orders")


def test_a_business_metric_of_which_only_failures_are_written_is_not_judged(ground: Ground, until: float):
    failures = put_pay(ground, until, (1.0,), (3.0,), "OnlyFailures")
    target = replace(ground.rig.target, metrics=Metrics(slow=(), business=(failures,)))
    frozen = freeze(ground, target, until)

    assert set(frozen.minutes) == set(frozen.families) == {"errors", "client_errors"}
    (note,) = frozen.notes
    assert note.startswith("every value of business_OnlyFailures in the last day was 1; write 0 ")
    alone = replace(target, metrics=Metrics(errors=False, client_errors=False, slow=(), business=(failures,)))
    kept = freeze(ground, alone, until)
    assert (set(kept.minutes), kept.notes) == ({"business_OnlyFailures"}, (note,))


def test_a_business_metric_with_values_other_than_0_and_1_is_named(ground: Ground, until: float):
    items = put_pay(ground, until, (0.0, 5.0), (20.0, 10.0), "Items")
    frozen = freeze(ground, replace(ground.rig.target, metrics=Metrics(slow=(), business=(items,))), until)

    assert set(frozen.minutes) == {"errors", "client_errors", "business_Items"}
    assert frozen.notes[0] == "there is too little history, so stated priors are used for business_Items"
    assert frozen.notes[1].startswith("business_Items has values other than 0 and 1: in 120 of 120 minutes of the last day ")


def test_client_errors_that_a_release_changes_on_purpose_are_not_judged(ground: Ground, until: float):
    rollout = a_rollout(target=ground.rig.target, policy=replace(ground.rig.target.policy, metric_delay_seconds=0))
    expecting = replace(rollout, plan=replace(rollout.plan, expects=(Expectation.CLIENT_ERRORS,)))
    frozen = read_histories(MetricReader(ground.aws.client("cloudwatch")), expecting, "orders", until)

    assert "client_errors" not in frozen.minutes
    assert "errors" in frozen.minutes


def test_a_target_without_access_log_has_lambdas_history_and_a_limit_a_function(ground: Ground, until: float):
    frozen = freeze(ground, replace(ground.rig.target, name="orders-bare", access_log_group=None), until)

    assert frozen.notes == ()
    assert len(frozen.limits_ms["p99"]) == 2
    assert len(frozen.minutes["errors"]) >= FEWEST_MINUTES


def test_a_target_that_judges_no_latency_needs_no_note(ground: Ground, until: float):
    quiet = replace(ground.rig.target, name="orders", metrics=Metrics(slow=(), business=()))
    frozen = freeze(ground, quiet, until)

    assert (frozen.limits_ms, frozen.notes, set(frozen.minutes)) == ({}, (), {"errors", "client_errors"})


def test_the_namespace_of_a_young_target_is_its_own():
    assert metric_namespace("orders-young") != metric_namespace("orders")


def hours(ground: Ground, target: Target, now: float, *, api: str = "") -> list[int]:
    rollout = a_rollout(target=target, policy=target.policy)
    rollout = replace(rollout, plan=replace(rollout.plan, api_name=api))
    return [one.requests for one in read_hours(MetricReader(ground.aws.client("cloudwatch")), rollout, now)]


def test_two_weeks_are_read_by_hour(ground: Ground, until: float):
    now = until + 3600
    own = hours(ground, ground.rig.target, now, api="orders")

    assert 2 <= len(own) <= 3
    assert 6_000 < sum(own) < 8_500
    young = replace(ground.rig.target, name="orders-young")
    assert hours(ground, young, now) == []
    assert sum(hours(ground, young, now, api="orders")) == pytest.approx(sum(own), rel=0.1)
    assert hours(ground, replace(young, stage=None, access_log_group=None), now) == []
