from __future__ import annotations

import json
import random
from dataclasses import replace
from math import exp, log

import pytest

from canary.rules.judging.habit import OF_REQUESTS, ONE_A_REQUEST, UNHEARD, Habit
from canary.rules.judging.silence import (
    FALSE_HOLDS,
    FEWEST_MINUTES,
    MOST_A_MINUTE,
    NOTHING_HEARD,
    WAYS,
    Arms,
    Heard,
    Hearing,
    Run,
    begin_step,
    hearing,
    hearing_sentence,
    listen,
)
from canary.rules.rollouts.codec import decode, encode

PLAIN = Habit()
REGULAR = Habit(per_request=0.01)
NO_REQUESTS = Arms(0, 0)


def heard_of(*minutes, share=0.1, requests=NO_REQUESTS, habit=PLAIN, heard=NOTHING_HEARD, weighed=None):
    """What is heard after minutes with these numbers of (canary, base) data points."""
    for canary, base in minutes:
        heard = listen(heard, Arms(canary, base), share=share, requests=requests, habit=habit, weighed=weighed)
    return heard


def judged(heard, habit=PLAIN, *, metrics=1, is_step_over=False):
    return hearing(heard, habit, metrics=metrics, is_step_over=is_step_over)


def sentence(heard, habit=PLAIN, *, metrics=1, is_step_over=False):
    return hearing_sentence("CheckoutFailed", heard, habit, metrics=metrics, is_step_over=is_step_over)


# By the other arm


def test_a_metric_with_data_in_both_arms_speaks():
    heard = heard_of((1, 12), (0, 9))
    assert judged(heard, is_step_over=True) is Hearing.SPEAKS
    assert sentence(heard) == "CheckoutFailed has data: canary 1, base 21"


def test_an_arm_without_data_is_silent_once_a_working_one_would_hardly_be():
    assert judged(heard_of(*[(0, 10)] * 8)) is Hearing.NOT_SHOWN
    silent = heard_of(*[(0, 10)] * 11)
    assert judged(silent) is Hearing.SILENT
    assert sentence(silent) == "CheckoutFailed has no data: canary 0 where about 12 were expected (base 110)"


def test_base_is_silent_beside_the_canary():
    silent = heard_of(*[(3, 0)] * 5, share=0.5)
    assert judged(silent) is Hearing.SILENT
    assert sentence(silent) == "CheckoutFailed has no data: base 0 where about 15 were expected (canary 15)"


def test_no_arm_is_silent_within_two_minutes_while_the_bake_lasts():
    heard = heard_of(*[(0, 1000)] * (FEWEST_MINUTES - 1))
    assert judged(heard) is Hearing.NOT_SHOWN
    assert judged(heard, is_step_over=True) is Hearing.SILENT


def test_the_data_of_one_minute_make_no_arm_silent():
    assert judged(heard_of((0, 10_000), (0, 0), (0, 0), (0, 0))) is Hearing.NOT_SHOWN


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_at_least_eight_data_are_expected_of_a_silent_arm(share):
    for arm in (0, 1):
        heard, expected = NOTHING_HEARD, 0.0
        while judged(heard) is not Hearing.SILENT:
            heard = heard_of((0, 1) if arm == 0 else (1, 0), share=share, heard=heard)
            expected += share / (1 - share) if arm == 0 else (1 - share) / share
        assert expected >= 8.0


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_working_arm_is_called_silent_less_often_than_its_level(share):
    draw = random.Random(3)
    runs, silent = 4000, 0
    for _ in range(runs):
        heard = NOTHING_HEARD
        while heard.canary.spoken == 0 and heard.canary.minutes < 400 and judged(heard) is not Hearing.SILENT:
            heard = heard_of((1, 0) if draw.random() < share else (0, 1), share=share, heard=heard)
        silent += judged(heard) is Hearing.SILENT
    assert silent / runs < FALSE_HOLDS


def test_the_levels_of_all_silences_sum_to_less_than_one_in_a_thousand():
    bars = [bar_of(spoken, metrics=2) for spoken in range(3000)]
    assert sum(exp(-bar) for bar in bars) * WAYS * 2 == pytest.approx(FALSE_HOLDS, rel=1e-3)
    assert bars == sorted(bars)


def bar_of(spoken, *, metrics):
    """The surprise above which a silence counts, in halves."""
    low, high = 0.0, 100.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        run = Run(spoken=spoken, minutes=FEWEST_MINUTES, surprise=middle)
        is_silent = judged(Heard(canary=run), metrics=metrics) is Hearing.SILENT
        low, high = (low, middle) if is_silent else (middle, high)
    return high


def test_a_metric_that_falls_silent_later_is_silent_from_its_last_datum_on():
    spoke = heard_of(*[(1, 10)] * 10)
    silent = heard_of(*[(0, 10)] * 30, heard=spoke)
    assert judged(silent) is Hearing.SILENT
    assert sentence(silent).startswith("CheckoutFailed has no data: canary 0 in the last 30 minutes where about 33 were")


def test_a_metric_that_comes_back_speaks():
    silent = heard_of(*[(0, 10)] * 20)
    assert judged(heard_of((1, 10), heard=silent)) is Hearing.SPEAKS


def test_a_silence_continues_across_steps_and_the_data_are_counted_again():
    heard = begin_step(heard_of(*[(0, 10)] * 8))
    assert (heard.canary_data, heard.base_data, heard.requests) == (0, 0, 0)
    assert judged(heard_of(*[(0, 10)] * 3, share=0.25, heard=heard)) is Hearing.SILENT
    assert judged(begin_step(heard_of(*[(1, 10)] * 8))) is Hearing.NOT_SHOWN


def test_clustered_data_count_as_fewer():
    silent = heard_of(*[(0, 10)] * 11)
    assert judged(silent, replace(PLAIN, clustered=2.0)) is Hearing.NOT_SHOWN
    assert judged(heard_of(*[(0, 10)] * 22), replace(PLAIN, clustered=2.0)) is Hearing.SILENT


def test_more_metrics_ask_for_more():
    heard = heard_of(*[(0, 10)] * 9)
    assert judged(heard, metrics=1) is Hearing.SILENT
    assert judged(heard, metrics=10) is Hearing.NOT_SHOWN


def test_lines_of_refused_requests_are_expected_of_no_arm():
    lines = heard_of(*[(0, 60)] * 5, share=0.9, habit=OF_REQUESTS, weighed=Arms(0, 0))
    assert judged(lines, OF_REQUESTS) is Hearing.NOT_SHOWN
    assert judged(heard_of(*[(0, 60)] * 5, share=0.9, habit=OF_REQUESTS), OF_REQUESTS) is Hearing.SILENT


# By history


def test_history_tells_that_an_arm_is_silent_while_the_other_shows_that_the_metric_lives():
    requests = Arms(540, 60)
    alone = heard_of(*[(0, 0)] * 3, share=0.9, requests=requests, habit=REGULAR)
    assert judged(alone, REGULAR) is Hearing.NOT_SHOWN
    beside = heard_of((0, 1), heard=alone, share=0.9, requests=requests, habit=REGULAR)
    assert judged(beside, REGULAR) is Hearing.SILENT
    assert sentence(beside, REGULAR) == "CheckoutFailed has no data: canary 0 where about 22 were expected (base 1)"


def test_neither_arm_speaks_although_history_expects_it():
    silent = heard_of(*[(0, 0)] * 10, requests=Arms(60, 540), habit=REGULAR)
    assert judged(silent, REGULAR) is Hearing.NOT_SHOWN
    assert judged(silent, REGULAR, is_step_over=True) is Hearing.SILENT
    assert sentence(silent, REGULAR, is_step_over=True) == (
        "CheckoutFailed has no data: neither arm had any where about 60 were expected by the last day"
    )


def test_with_fewer_expected_a_metric_is_not_shown():
    few = heard_of(*[(0, 0)] * 10, requests=Arms(6, 54), habit=REGULAR)
    assert judged(few, REGULAR, is_step_over=True) is Hearing.NOT_SHOWN
    assert sentence(few, REGULAR, is_step_over=True) == "CheckoutFailed is not shown in this step: canary 0, base 0"


def test_latency_is_expected_of_each_request():
    silent = heard_of(*[(0, 540)] * 3, requests=Arms(60, 540), habit=ONE_A_REQUEST)
    assert judged(silent, ONE_A_REQUEST) is Hearing.SILENT


def test_a_metric_that_never_had_data_is_silent_at_the_steps_end():
    heard = heard_of((0, 0), requests=Arms(12, 108), habit=UNHEARD)
    assert judged(heard, UNHEARD) is Hearing.NOT_SHOWN
    assert judged(heard, UNHEARD, is_step_over=True) is Hearing.SILENT
    assert sentence(heard, UNHEARD, is_step_over=True) == (
        "CheckoutFailed has no data: neither arm had any with 120 requests, and base none in the last day; "
        "check the metric's name, namespace and dimension arm"
    )


def test_without_requests_a_metric_that_never_had_data_is_not_shown():
    assert judged(heard_of((0, 0), habit=UNHEARD), UNHEARD, is_step_over=True) is Hearing.NOT_SHOWN


def test_a_metric_that_speaks_first_in_the_rollout_is_heard():
    heard = heard_of((1, 9), requests=Arms(12, 108), habit=UNHEARD)
    assert judged(heard, UNHEARD, is_step_over=True) is Hearing.SPEAKS
    assert judged(begin_step(heard), UNHEARD, is_step_over=True) is Hearing.NOT_SHOWN


def test_a_metric_that_only_the_new_release_writes_is_silent_in_base_and_says_what_to_do():
    heard = heard_of(*[(20, 0)] * 20, share=0.5, habit=UNHEARD)
    assert judged(heard, UNHEARD) is Hearing.SILENT
    assert sentence(heard, UNHEARD).endswith(
        "base 0 where about 400 were expected (canary 400); base had none in the last day either: "
        "name the metric in the target once base writes it"
    )


# What is kept


def test_it_is_small_and_comes_back_from_json_exactly():
    heard = heard_of(*[(0, 10)] * 40, *[(1, 0)] * 3, *[(0, 7)] * 300, requests=Arms(60, 540), habit=REGULAR)
    written = json.dumps(encode(heard))
    assert len(written) < 500
    assert decode(Heard, json.loads(written)) == heard


@pytest.mark.parametrize("share", [0.0, 1.0, 50.0])
def test_a_share_is_a_fraction(share):
    with pytest.raises(ValueError, match="share must be above 0 and below 1, got"):
        heard_of((1, 1), share=share)


def test_a_single_minute_is_worth_less_than_the_least_bar():
    assert log(WAYS / FALSE_HOLDS * 2) > MOST_A_MINUTE
