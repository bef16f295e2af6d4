from dataclasses import replace

from canary.rules.looks.look_numbers import MinuteRecord
from canary.rules.looks.replay import ReplayedMinute
from canary.rules.reports.metric_rows import metric_rows
from canary.rules.reports.over_time import MOST_POINTS, decisions, evidence_line, rate_lines, shares, thinned, weights
from canary.rules.rollouts.rollout import StepState
from tests.builders import a_rollout
from tests.rules.reports.past import BAD, GOOD, METRICS, replayed


def test_a_long_line_is_thinned_and_keeps_its_last_point():
    assert thinned(range(10)) == range(10)
    assert thinned([]) == []
    many = thinned(range(1000))
    assert len(many) <= MOST_POINTS
    assert many[-1] == 999


def test_each_metric_has_its_rates_after_every_look_that_compares():
    looks = replayed(GOOD)[1]
    lines = rate_lines(looks, metric_rows(looks))
    assert {line.metric for line in lines} == set(METRICS)
    assert all(line.points[-1].at == looks[-1].look.at for line in lines)
    bad = replayed(BAD)[1]
    errors = rate_lines(bad, metric_rows(bad))[0]
    assert errors.points == ()
    assert [(round(one.rate, 3), one.requests) for one in errors.minutes] == [(0.033, 120), (0.033, 120)]
    assert rate_lines(bad[:1], metric_rows(bad[:1])) == ()


def test_evidence_weights_and_shares_are_those_of_the_minutes():
    rollout, looks = replayed(GOOD)
    minutes = [minute for look in looks for minute in look.minutes]
    assert [one.log_e for one in evidence_line(looks)] == [one.evidence.log_strength for one in minutes]
    assert [one.weight_percent for one in weights(rollout, looks)] == [10.0, 25.0, 100.0]
    assert {round(one.share, 2) for one in shares(looks)} == {0.1, 0.25}


def test_shares_come_from_the_errors_where_nothing_else_was_counted():
    look = replayed(GOOD)[1][3]
    record, evidence = look.minutes[0].record, look.minutes[0].evidence

    def shared(counts):
        one = ReplayedMinute(MinuteRecord(record.minute, record.use, counts), 0, evidence)
        return [point.share for point in shares((replace(look, minutes=(one,)),))]

    assert shared({"errors": (25, 0, 75, 0)}) == [0.25]
    assert shared({}) == []


def test_looks_that_say_the_same_are_one_decision():
    looks = replayed(GOOD)[1]
    told = decisions(looks)
    assert sum(one.looks for one in told) == len(looks)
    assert len(told) < len(looks)
    assert [one.verdict.value for one in told if one.looks == 1 and one.step == 1][-1] == "PROMOTE"


def test_a_step_that_was_recorded_before_its_weight_was_set_has_no_weight_yet():
    assert weights(a_rollout(step=StepState(index=0)), ()) == ()
