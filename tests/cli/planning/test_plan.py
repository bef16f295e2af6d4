"""`canary plan`, from values and on the embedded AWS: the same prospect as a dry run, with two weeks of traffic behind it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.aws.histories import FrozenHistory
from canary.rules.checks.forecast import Traffic
from canary.rules.checks.hours import HOUR_SECONDS, CountedHour
from canary.rules.judging.families import Family
from canary.rules.judging.habit import UNHEARD
from canary.rules.releases.release import Request
from canary.rules.targets.target import BusinessMetric, Metrics
from canary_cli.planning.drafting import draft_of
from canary_cli.planning.past_traffic import PastTraffic
from canary_cli.planning.prospect import Foreseen, foresee
from canary_cli.planning.prospect_text import lines_of_prospect
from demo.base_history import write_day
from tests.builders import a_target
from tests.cli.planning.test_prospect import seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

DAY = [(600, 3)] * 1440
METRICS = Metrics(slow=("p99",), business=(BusinessMetric("CheckoutFailed", "Orders"),))
SILENT = FrozenHistory(
    minutes={"errors": DAY},
    families={"errors": Family.ERRORS},
    limits_ms={},
    notes=(),
    habits={"business_CheckoutFailed": UNHEARD},
)
WORK = [CountedHour((day * 24 + hour) * HOUR_SECONDS, 36_000, 180) for day in range(14) for hour in range(8, 20)]


def planned(past: PastTraffic | None, metrics: Metrics = METRICS, **request: object):
    target = a_target(metrics=metrics)
    asked, sight = Request("orders", **request), seen(target=target)
    draft = draft_of(asked, target, sight)
    return foresee(asked, sight, draft, past.traffic if past else None, past)


PAST = PastTraffic(Traffic(tuple(DAY), 600.0), SILENT, tuple(WORK))


def test_each_step_says_what_it_expects_and_what_it_would_see():
    found = planned(PAST)
    first, *_, last = found.steps

    assert first.expected_requests == pytest.approx(PAST.per_minute * 0.1 * 15)
    assert first.expected_errors == pytest.approx(first.expected_requests * 0.005)
    assert 0 < last.smallest_regressions["errors"] < first.smallest_regressions["errors"] < 0.2
    text = "\n".join(lines_of_prospect(found))
    assert "of them errors" in text
    assert "sees errors from +" in text


def test_good_and_bad_hours_come_from_two_weeks():
    found = planned(PAST)

    assert {*found.good_hours} >= {*range(8, 19)}
    assert {*found.bad_hours} >= {*range(20, 24)}
    text = "\n".join(lines_of_prospect(found))
    assert "good      start at " in text
    assert "bad       at " in text


def test_what_is_compared_and_what_is_not_is_said():
    found = planned(PAST)

    assert found.compared == ("errors",)
    assert found.not_compared == (
        "client_errors: only reported, because the release is expected to change them",
        "slow_p99: base has no latency history",
        "business_CheckoutFailed: silent, it had no data in the last day",
    )
    off = planned(PAST, replace(METRICS, errors=False, client_errors=False))
    assert off.not_compared[:2] == ("errors: the target turns them off", "client_errors: the target turns them off")
    assert planned(None).compared == ("errors", "client_errors", "slow_p99", "business_CheckoutFailed")


def test_a_rollout_that_judges_nothing_sees_nothing():
    blind = replace(PAST, frozen=replace(SILENT, minutes={}, families={}), hours=())
    found = planned(blind)

    assert (found.compared, found.good_hours, found.bad_hours) == ((), (), ())
    assert found.steps[0].smallest_regressions == {}
    assert (blind.per_minute, blind.error_rate) == (600.0, 0.0)
    assert "compared  nothing" in "\n".join(lines_of_prospect(found))


def test_a_target_without_access_log_compares_what_lambda_counts():
    target = a_target(access_log_group=None, metrics=Metrics(slow=()))
    sight = seen(target=target)
    draft = draft_of(Request("orders"), target, sight)
    found = foresee(Request("orders"), sight, draft, None)
    assert found.not_compared == ("client_errors, and errors that a function returns: they need the stage's access log",)


def test_it_tells_the_same_as_a_dry_run_and_changes_nothing(ground: Ground, canary: Canary):
    write_day(
        ground.aws.metrics, ground.rig.target, until=ground.aws.clock.now(), rng=random.Random(3), per_minute=600, seconds=7200
    )
    told = canary("plan", "orders", "--policy", "cautious")
    dry = canary("start", "orders", "--policy", "cautious", "--dry-run")

    assert told.code == dry.code == 0, told.err
    assert told.out.splitlines() == dry.out.splitlines()[-len(told.out.splitlines()) :]
    assert "sees errors from +" in told.out
    assert ground.rig.records.read_lock("orders").rollout_id is None
    answer = canary("plan", "orders", "--json").json
    assert (answer["verb"], answer["outcome"], answer["open_points"]) == ("plan", Foreseen.START, [])
    assert ground.walk().check()["forecast"].startswith(f"base had {answer['requests_per_minute']:,.1f} requests per minute")
