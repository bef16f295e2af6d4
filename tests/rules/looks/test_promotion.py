"""One look at a promoted release: what it judges, what ends the watch, and what it could not see."""

from dataclasses import replace
from math import log

import pytest

from canary.rules.judging.history import History, freeze_history
from canary.rules.looks.alarm_readings import AlarmReading, AlarmState
from canary.rules.looks.promotion import (
    LATE_SECONDS,
    MOST_UNSEEN,
    Seen,
    answer_promoted,
    begin_ceilings,
    next_look_seconds,
    promoted_sources,
    unread_minutes,
    watch_on,
)
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import MetricCount
from canary.rules.rollouts.steering import Promotion, Steering
from canary.rules.rollouts.watched import PromotionWatch, WatchEnd
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import NOON, a_policy, a_rollout, a_target, families

DAY = [(60, 0 if minute % 50 else 3) for minute in range(1440)]
POLICY = a_policy(watch_seconds=900)
WATCH = PromotionWatch(NOON, NOON + 900)
PAYMENTS = AlarmReading("payments", AlarmState.ALARM, is_ours=False, detail="payments fail")


def a_history(*metrics, day=DAY):
    names = metrics or ("errors",)
    return History(0.01, families(*names), dict.fromkeys(names, 1 / len(names)), dict.fromkeys(names, freeze_history(day)))


def begun(*metrics, history=None, rollout=None):
    """A watched rollout before its first look."""
    rollout = rollout or a_rollout(policy=POLICY, phase=Phase.WATCHING)
    return replace(rollout, watch=begin_ceilings(rollout, WATCH, history or a_history(*metrics)))


def looked(rollout, minutes, *, at, **seen):
    """A look `at` seconds after the promotion; `minutes` are counts by minute from the promotion on."""
    counted = {int(NOON) + 60 * number: counts for number, counts in minutes.items()}
    known = families(*rollout.watch.metrics)
    return watch_on(rollout, rollout.watch, known, Seen(counted, **seen), NOON + at)


def of_errors(requests, bad, *, minutes):
    return {number: {"errors": (requests, bad)} for number in minutes}


def test_the_first_minute_begins_after_the_last_setting_has_spread():
    rollout = begun()
    assert unread_minutes(rollout, rollout.watch, NOON + 300) == (NOON + 60, NOON + 180)
    late = replace(WATCH, since=NOON + 31)
    assert begin_ceilings(rollout, late, a_history()).judged_to == NOON + 60


def test_each_minute_is_judged_once():
    first = looked(begun(), of_errors(60, 0, minutes=range(1, 4)), at=360)
    assert (first.watch.metrics["errors"].minutes, first.watch.metrics["errors"].requests) == (3, 180)
    assert (first.watch.looks, first.looked_at, first.phase) == (1, NOON + 360, Phase.WATCHING)
    second = looked(first, of_errors(60, 0, minutes=range(1, 5)), at=420)
    assert second.watch.metrics["errors"].minutes == 4
    assert second.watch.judged_to == NOON + 240


def test_a_release_far_above_its_bar_is_condemned_with_the_numbers():
    found = looked(begun(), of_errors(60, 20, minutes=range(1, 4)), at=360)
    assert (found.phase, found.watch.end, found.ended_at) == (Phase.PROMOTED, WatchEnd.CONDEMNED, NOON + 360)
    assert found.watch.log_e > -log(POLICY.alpha)
    assert found.watch.reason.startswith("errors: 60 of 180 requests were bad in 3 minutes after the promotion; usual is 0.")


def test_the_metric_that_speaks_most_against_the_release_is_named():
    minutes = {number: {"errors": (60, 0), "slow_p99": (60, 50)} for number in range(1, 8)}
    found = looked(begun("errors", "slow_p99"), minutes, at=560)
    assert found.watch.end is WatchEnd.CONDEMNED
    assert found.watch.reason.startswith("slow_p99: ")


def test_a_slow_first_minute_of_new_instances_is_not_judged():
    minutes = {number: {"errors": (60, 0), "slow_p99": (60, 50)} for number in (1, 2)}
    found = looked(begun("errors", "slow_p99"), minutes, at=300)
    assert (found.watch.metrics["errors"].minutes, found.watch.metrics["slow_p99"].minutes) == (2, 0)


def test_an_alarm_of_the_users_condemns():
    found = looked(begun(), {}, at=60, alarms=(PAYMENTS,))
    assert (found.watch.end, found.watch.reason) == (WatchEnd.CONDEMNED, "alarm payments is firing: payments fail")


def test_an_alarm_that_was_tolerated_at_the_promotion_still_is():
    steering = Steering(promotion=Promotion(NOON, tolerated_alarms=("payments",)))
    tolerant = replace(a_rollout(policy=POLICY, phase=Phase.WATCHING), steering=steering)
    assert looked(begun(rollout=tolerant), {}, at=60, alarms=(PAYMENTS,)).watch.end is None


def test_an_edit_ends_the_watch_and_nothing_is_condemned_over_it():
    found = looked(begun(), of_errors(60, 60, minutes=(1, 2)), at=300, alarms=(PAYMENTS,), edits=("an alias moved", "a canary"))
    assert (found.phase, found.watch.end) == (Phase.PROMOTED, WatchEnd.CUT_SHORT)
    assert found.watch.reason == "an alias moved; a canary"


def test_the_watch_ends_in_its_own_time():
    found = looked(begun(), of_errors(60, 0, minutes=range(1, 13)), at=900)
    assert (found.phase, found.watch.end, found.watch.reason, found.watch.unseen) == (Phase.PROMOTED, WatchEnd.OVER, "", ())
    assert looked(begun(), {}, at=899).watch.end is None


def test_what_was_never_counted_is_unseen_and_condemns_nobody():
    found = looked(begun(), {}, at=900)
    assert (found.watch.end, found.watch.unseen) == (WatchEnd.OVER, ("no minute showed a request that errors counts",))


@pytest.mark.parametrize(("warm_up", "is_cold"), [((0.5,) * 11, False), ((0.5,) * 12, True)])
def test_a_watch_that_is_over_before_the_release_is_warm_says_so(warm_up, is_cold):
    target = a_target(metrics=Metrics(warm_up=warm_up))
    rollout = a_rollout(policy=POLICY, phase=Phase.WATCHING, target=target)
    found = looked(begun("slow_p99", rollout=rollout), {}, at=900)
    (said,) = found.watch.unseen
    assert said == (
        "slow_p99 was not watched: the release may be slow for 12 min because it is new, and the watch lasted 15 min; "
        "lengthen policy.watch_seconds or set metrics.warm_up"
        if is_cold
        else "no minute showed a request that slow_p99 counts"
    )


def test_a_metric_without_a_picture_is_unseen():
    rollout = begun(history=a_history(day=[]))
    assert rollout.watch.metrics == {}
    assert rollout.watch.unseen == ("errors was not held against a ceiling: nothing says which rate is usual",)
    during = replace(rollout, totals={"errors": MetricCount(nb=1000, eb=10)})
    assert begin_ceilings(during, WATCH, a_history(day=[])).metrics["errors"].usual == 0.01


@pytest.mark.parametrize(
    ("alarm", "sentence"),
    [
        (AlarmReading("payments", AlarmState.GONE, is_ours=False), "alarm payments no longer exists"),
        (AlarmReading("payments", AlarmState.INSUFFICIENT_DATA, is_ours=False), "alarm payments has no data"),
    ],
)
def test_an_alarm_that_could_not_fire_is_unseen_and_does_not_condemn(alarm, sentence):
    doubted = looked(begun(), {}, at=60, alarms=(alarm,), unseen=("the target could not be read",))
    assert (doubted.watch.end, doubted.watch.unseen) == (None, ())
    found = looked(doubted, {}, at=120, alarms=(alarm,), unseen=("the target could not be read",))
    assert found.watch.end is None
    assert found.watch.unseen[0] == "the target could not be read"
    assert found.watch.unseen[1].startswith(sentence)
    assert looked(found, {}, at=180, alarms=(alarm,)).watch.unseen == found.watch.unseen


def test_what_one_look_could_not_see_is_made_up_for_by_the_next():
    doubted = looked(begun(), {}, at=60, alarms=None, unseen=("the alarms could not be read",))
    assert (doubted.watch.doubts, doubted.looked_at) == (("the alarms could not be read",), None)
    seen = looked(doubted, {}, at=120)
    assert (seen.watch.doubts, seen.watch.unseen, seen.looked_at) == ((), (), NOON + 120)
    last = looked(seen, {}, at=900, alarms=None, unseen=("the alarms could not be read",))
    assert "the alarms could not be read" in last.watch.unseen


def test_only_so_many_sentences_are_kept():
    found = looked(begun(), {}, at=900, unseen=tuple(f"call {number} failed" for number in range(50)))
    assert len(found.watch.unseen) == MOST_UNSEEN


@pytest.mark.parametrize("counts", [(60, None), (60, 61)], ids=["missing", "impossible"])
def test_a_count_that_makes_no_sense_is_waited_for_and_then_left_out(counts):
    minutes = {1: {"errors": counts}, 2: {"errors": (60, 0)}}
    waited = looked(begun(), minutes, at=360)
    assert waited.watch.judged_to == NOON
    late = looked(begun(), minutes, at=120 + POLICY.metric_delay_seconds + LATE_SECONDS + 1)
    assert (late.watch.metrics["errors"].minutes, late.watch.judged_to) == (1, NOON + 120)
    assert late.watch.unseen == ("bad requests of errors were not counted in every minute",)


def test_the_newest_minutes_are_waited_for_while_they_show_nothing():
    found = looked(begun(), {1: {"errors": (60, 0)}}, at=360)
    assert found.watch.judged_to == NOON + 60
    again = looked(found, of_errors(60, 0, minutes=(2, 3)), at=400)
    assert again.watch.metrics["errors"].minutes == 3


def test_a_minute_between_others_may_be_silent():
    found = looked(begun(), {1: {"errors": (60, 0)}, 2: {}, 3: {"errors": (0, 0)}, 4: {"errors": (60, 0)}}, at=420)
    assert (found.watch.judged_to, found.watch.metrics["errors"].minutes) == (NOON + 240, 2)


def test_a_look_comes_each_minute_and_at_the_end():
    rollout = begun()
    assert next_look_seconds(rollout, rollout.watch, NOON + 1) == 60
    assert next_look_seconds(rollout, rollout.watch, NOON + 870) == 30


def test_until_a_minute_was_judged_each_minute_is_looked_at():
    watched = looked(begun(), {}, at=61)
    assert next_look_seconds(watched, watched.watch, NOON + 61) == 60


def test_after_a_look_that_found_nothing_every_second_minute_is_enough():
    calm = looked(begun(), of_errors(600, 0, minutes=(1, 2)), at=301)
    assert next_look_seconds(calm, calm.watch, NOON + 301) == 120
    minutely = replace(calm.plan.policy, calm_look_seconds=60)
    rollout = replace(calm, plan=replace(calm.plan, policy=minutely))
    assert next_look_seconds(rollout, calm.watch, NOON + 301) == 60


@pytest.mark.parametrize("found", [{"log_e": 0.1}, {"doubts": ("the alarms could not be read",)}, {"judged_to": NOON + 60}])
def test_after_a_look_that_found_something_the_next_minute_is_looked_at(found):
    calm = looked(begun(), of_errors(600, 0, minutes=(1, 2)), at=301)
    assert next_look_seconds(calm, replace(calm.watch, **found), NOON + 301) == 60


def test_behind_a_stage_the_release_is_counted_as_base():
    target = a_target(metrics=Metrics(business=(BusinessMetric("PaymentFailed", "Shop"),)))
    sources = promoted_sources(a_rollout(target=target))
    assert [series.name for series in sources["errors"].arm.bad] == ["BaseErrors"]
    assert sources["errors"].counts_bad_always
    assert [series.dimensions for series in sources["business_PaymentFailed"].arm.bad] == [
        (("arm", "base"),),
        (("arm", "canary"),),
    ]


def test_behind_weights_the_release_is_counted_by_its_version():
    sources = promoted_sources(a_rollout(target=a_target(stage=None)))
    assert [dict(series.dimensions)["ExecutedVersion"] for series in sources["errors"].arm.bad] == ["2", "6"]


def test_the_answer_says_when_the_next_look_comes_while_the_watch_goes_on():
    watched = looked(begun(), {}, at=60)
    answer = answer_promoted(watched, NOON + 61)
    assert (answer["outcome"], answer["look_seconds"]) == ("watching", 60)
    over = looked(watched, {}, at=900)
    assert answer_promoted(over, NOON + 900)["outcome"] == "promoted"
    assert "look_seconds" not in answer_promoted(over, NOON + 900)
