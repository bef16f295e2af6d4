from dataclasses import replace

from canary.rules.judging.counts import RawCounts
from canary.rules.judging.habit import Habit
from canary.rules.judging.silence import Hearing
from canary.rules.looks.listening import (
    FEWEST_INVOCATIONS,
    QUIET_MINUTES,
    begin_listening,
    find_remarks,
    find_silences,
    find_unlogged,
    hear_all,
    listen_to_minute,
    quiet_minutes,
    spoken_of,
    traffic_of,
)
from canary.rules.releases.release import Expectation
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import a_target
from tests.rules.looks.test_folding import CALM, SILENT, a_baking

CHECKOUT = "business_CheckoutFailed"
ORDERS = a_target(metrics=Metrics(business=(BusinessMetric("CheckoutFailed", "Orders"),)))


def heard(*minutes, integrated=None, **changes):
    """A rollout that has listened to these minutes."""
    rollout = a_baking(**changes)
    for seen in minutes:
        rollout = listen_to_minute(rollout, seen, integrated)
    return rollout


def test_listens_to_requests_latency_with_a_limit_and_business_metrics():
    assert spoken_of(a_baking(target=a_target(metrics=Metrics(business=())))) == ("requests",)
    judged = a_baking(target=ORDERS, limits_ms={"p99": (840.0,)}, habits={CHECKOUT: Habit(0.1, 1.0)})
    assert spoken_of(judged) == ("requests", "latency", CHECKOUT)


def test_does_not_listen_to_a_business_metric_whose_past_can_show_nothing():
    rollout = heard(*[{"errors": CALM, CHECKOUT: RawCounts(60, None, 540, 2)}] * 5, integrated=(60, 540), target=ORDERS)
    assert spoken_of(rollout) == ("requests",)
    assert [*find_silences(rollout, is_step_over=True)] == []


def test_a_business_metric_with_values_other_than_0_and_1_is_named():
    habits = {CHECKOUT: Habit(0.1, 1.0)}
    rollout = heard(*[{"errors": CALM, CHECKOUT: RawCounts(60, None, 540, 2)}] * 2, target=ORDERS, habits=habits)
    (said,) = find_silences(rollout, is_step_over=False)
    assert said.startswith(f"{CHECKOUT} has values other than 0 and 1: in 2 of 2 minutes with samples ")


def test_traffic_is_told_by_errors_where_they_are_compared_and_by_nothing_else():
    assert traffic_of({"slow_p99": SILENT, "errors": CALM}, ORDERS) is CALM
    assert traffic_of({CHECKOUT: CALM}, ORDERS) is None
    assert traffic_of({}, ORDERS) is None


def test_without_errors_traffic_is_told_by_4xx_or_by_the_metric_with_the_most():
    no_errors, alone = (a_target(metrics=Metrics(errors=False, client_errors=on)) for on in (True, False))
    assert traffic_of({"client_errors": CALM, CHECKOUT: SILENT}, no_errors) is CALM
    assert traffic_of({CHECKOUT: CALM}, no_errors) is None
    assert traffic_of({"slow_p99": CALM, CHECKOUT: RawCounts(1, 0, 9, 0)}, alone) is CALM
    assert traffic_of({}, alone) is None


def test_a_business_metric_that_goes_on_does_not_hide_a_dead_log():
    rollout = heard(*[{CHECKOUT: CALM}] * QUIET_MINUTES, target=ORDERS, habits={CHECKOUT: Habit(0.1, 1.0)})
    assert quiet_minutes(rollout) == QUIET_MINUTES


def test_a_canary_that_is_never_seen_beside_a_busy_base_is_silent():
    rollout = heard(*[{"errors": SILENT}] * 5)
    assert hear_all(rollout, is_step_over=False) == {"requests": Hearing.SILENT}
    (said,) = find_silences(rollout, is_step_over=False)
    assert said.startswith("requests has no data: canary 0 where about ")


def test_arms_that_both_speak_are_heard():
    rollout = heard(*[{"errors": CALM}] * 5, integrated=(60, 540))
    assert hear_all(rollout, is_step_over=True) == {"requests": Hearing.SPEAKS}
    assert [*find_silences(rollout, is_step_over=True)] == []


def test_latency_is_heard_by_any_percentile_that_has_a_limit():
    limits = {"p50": (80.0,), "p99": (840.0,)}
    rollout = heard(*[{"errors": CALM, "slow_p99": CALM}] * 3, integrated=(60, 540), limits_ms=limits)
    assert hear_all(rollout, is_step_over=True)["latency"] is Hearing.SPEAKS
    silent = heard(*[{"errors": CALM}] * 9, integrated=(60, 540), limits_ms=limits)
    assert any(one.startswith("latency has no data") for one in find_silences(silent, is_step_over=True))


def test_a_business_metric_with_history_and_no_data_now_is_silent_when_the_step_would_end():
    habits = {CHECKOUT: Habit(per_request=0.1, clustered=1.0)}
    rollout = heard(*[{"errors": CALM}] * 3, integrated=(60, 540), target=ORDERS, habits=habits)
    assert hear_all(rollout, is_step_over=False)[CHECKOUT] is Hearing.NOT_SHOWN
    assert hear_all(rollout, is_step_over=True)[CHECKOUT] is Hearing.SILENT


def test_a_new_step_starts_counting_its_data_again():
    rollout = begin_listening(heard(*[{"errors": CALM}] * 3, integrated=(60, 540)))
    assert hear_all(rollout, is_step_over=False) == {"requests": Hearing.NOT_SHOWN}


def test_requests_that_are_not_counted_beside_latencies_are_named():
    limits = {"p99": (840.0,)}
    target = a_target(access_log_group=None)
    rollout = heard(*[{"slow_p99": CALM}] * QUIET_MINUTES, target=target, limits_ms=limits)
    said = [*find_silences(rollout, is_step_over=False)]
    assert said == ["requests have no data: neither arm counted any in 5 minutes, and latency has data"]
    assert [*find_silences(heard(*[{}] * QUIET_MINUTES, target=target, limits_ms=limits), is_step_over=False)] == []


def test_a_share_that_is_off_is_a_remark_only_with_a_cache():
    rollout = heard(*[{"errors": CALM}] * 8, integrated=(600, 600))
    assert [*find_remarks(rollout)] == []
    (said,) = find_silences(rollout, is_step_over=False)
    assert said.endswith("; requests of one arm are not counted, or counted twice, or AWS serves another weight")
    cached = replace(rollout, plan=replace(rollout.plan, has_cache=True))
    assert [*find_silences(cached, is_step_over=False)] == []
    (remark,) = find_remarks(cached)
    assert remark.endswith("; the stage has a cache, so this is only reported")


def test_a_share_that_is_off_is_a_remark_where_the_release_expects_to_refuse_more_or_less():
    rollout = heard(*[{"errors": CALM}] * 8, integrated=(600, 600))
    expecting = replace(rollout, plan=replace(rollout.plan, expects=(Expectation.CLIENT_ERRORS,)))
    assert [*find_silences(expecting, is_step_over=False)] == []
    (remark,) = find_remarks(expecting)
    assert remark.endswith("; the release expects other client_errors, so this is only reported")
    unlogged = replace(expecting, target=a_target(access_log_group=None))
    assert [*find_remarks(unlogged)] == []
    assert len([*find_silences(unlogged, is_step_over=False)]) == 1


def test_without_an_access_log_the_invocations_themselves_are_compared():
    rollout = heard(*[{"errors": CALM}] * 3, target=a_target(access_log_group=None))
    assert hear_all(rollout, is_step_over=True) == {"requests": Hearing.SPEAKS}


class TestAnUnwrittenLog:
    def test_minutes_without_a_request_are_asked_about_once_they_are_enough(self):
        assert quiet_minutes(heard(*[{}] * (QUIET_MINUTES - 1))) == 0
        assert quiet_minutes(heard({"errors": CALM}, *[{}] * QUIET_MINUTES)) == QUIET_MINUTES
        assert quiet_minutes(heard(*[{}] * QUIET_MINUTES, {"errors": CALM})) == 0
        assert quiet_minutes(a_baking()) == 0

    def test_minutes_that_are_waited_for_count_too(self):
        assert quiet_minutes(heard(*[{}] * 2), 2) == 0
        assert quiet_minutes(heard(*[{}] * 2), 3) == QUIET_MINUTES

    def test_is_a_fault_where_lambda_ran_the_canarys_functions(self):
        assert find_unlogged(5, FEWEST_INVOCATIONS - 1) == ()
        (fault,) = find_unlogged(5, FEWEST_INVOCATIONS)
        assert fault == (
            "requests have no data: neither arm logged any in 5 minutes in which Lambda ran the canary's functions 8 times; "
            "the access log is late or not written: check the role with which API Gateway writes logs "
            "(aws apigateway get-account) and the log group"
        )
