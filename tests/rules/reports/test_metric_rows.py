from dataclasses import replace
from math import exp

import pytest

from canary.rules.judging.families import Family
from canary.rules.looks.findings import Finding
from canary.rules.looks.look_numbers import MinuteRecord
from canary.rules.looks.replay import ReplayedMinute
from canary.rules.looks.sources import sources_of
from canary.rules.releases.release import Expectation
from canary.rules.reports.evidence_report import ArmCounts
from canary.rules.reports.metric_rows import deciding_metric, evidence_sum, harm_done, metric_rows
from canary.rules.reports.naming import label_of
from tests.builders import a_rollout, a_target
from tests.rules.reports.past import BAD, CHECKOUT, GOOD, LATE, SILENT, replayed


def rows_of(past):
    return {row.metric: row for row in metric_rows(replayed(past)[1])}


def test_what_is_worse_is_first_and_decides():
    rows = metric_rows(replayed(LATE)[1])
    assert (rows[0].metric, rows[0].finding) == ("errors", Finding.WORSE)
    assert deciding_metric(rows) == "errors"
    assert deciding_metric(rows[1:]) == "client_errors"
    assert deciding_metric(()) is None


def test_metrics_have_names_for_people():
    assert [row.label for row in rows_of(GOOD).values()] == [
        "5xx",
        "4xx",
        "> 250 ms",
        "p50 > 120 ms",
        "p99 > 840 ms",
        "CheckoutFailed",
    ]
    plan = replace(a_rollout().plan, function_errors=("orders-read",))
    assert label_of(a_rollout(), sources_of(a_rollout(plan=plan))["function_errors"]) == "function errors"
    lambdas = a_rollout(target=a_target(stage=None))
    assert [label_of(lambdas, source) for source in sources_of(lambdas).values()] == ["errors"]


def test_the_parts_of_the_evidence_add_up_to_all_of_it():
    looks = replayed(BAD)[1]
    total = evidence_sum(looks[-1])
    parts = sum(exp(row.log_evidence) for row in metric_rows(looks))
    assert parts == pytest.approx(exp(total.log_e))
    assert total.log_e >= total.log_bar


def test_what_is_worse_is_compared_since_its_weight_was_set():
    late = rows_of(LATE)["errors"]
    assert late.latest.canary_requests < late.total.canary_requests
    assert late.counts == late.latest
    assert late.rates == pytest.approx((0.2, 0.0044), abs=0.01)
    alone = replace(late, latest=ArmCounts(), difference=None)
    assert alone.counts == alone.total
    good = rows_of(GOOD)["errors"]
    assert good.counts == good.total
    assert not good.is_just_seen
    assert good.rates == (good.canary.value, good.base.value)


def test_a_metric_that_is_worse_before_a_minute_can_be_compared_has_no_interval():
    bad = rows_of(BAD)["errors"]
    assert bad.is_just_seen
    assert bad.rates == (bad.latest.canary_rate, bad.latest.base_rate)


def test_a_silent_metric_says_since_when():
    silent = rows_of(SILENT)[CHECKOUT]
    assert silent.finding is Finding.NO_DATA
    assert silent.silent_since is None
    looks = replayed(SILENT)[1]
    first = next(look for look in looks if look.minutes)
    record = first.minutes[0].record
    spoken = MinuteRecord(record.minute, record.use, {**record.counts, CHECKOUT: (9, 0, 90, 0)}, record.integrated)
    heard = replace(first, minutes=(ReplayedMinute(spoken, 0, first.evidence),))
    again = {row.metric: row for row in metric_rows((heard, *looks))}
    assert again[CHECKOUT].silent_since == record.minute + 60


def test_latency_without_limits_is_not_judged():
    rollout, looks = replayed(GOOD)
    named = replace(looks[-1], rollout=replace(looks[-1].rollout, limits_ms={}, plan=rollout.plan))
    evidence = replace(named.evidence, metrics={"errors": named.evidence.metrics["errors"]})
    rows = metric_rows((replace(named, evidence=evidence),))
    assert [(row.metric, row.finding, row.family) for row in rows] == [
        ("errors", Finding.NOT_WORSE, Family.ERRORS),
        (CHECKOUT, Finding.NOT_JUDGED, Family.BUSINESS),
        ("latency", Finding.NOT_JUDGED, None),
    ]
    assert rows[2].rates is None


def test_a_rollout_without_a_look_has_no_rows():
    assert metric_rows(()) == ()


def test_harm_is_counted_in_the_metric_that_decides():
    looks = replayed(LATE)[1]
    errors, checkout = (rows_of(LATE)[metric] for metric in ("errors", CHECKOUT))
    harm = harm_done(looks, errors)
    assert harm.is_beyond_chance
    assert harm.requests < harm.all_at_once
    assert harm_done(looks, checkout).requests == 0
    assert harm_done(looks, replace(errors, metric="unknown")) is None
    first = next(look for look in looks if look.minutes)
    uncounted = MinuteRecord(first.minutes[0].record.minute, "full", {"errors": (9, None, 90, 0)}, None)
    assert harm_done((replace(first, minutes=(ReplayedMinute(uncounted, 0, first.evidence),)),), errors) is None


def test_4xx_that_the_release_expects_are_reported_without_evidence():
    last = replayed(GOOD)[1][-1]
    plan = replace(last.rollout.plan, expects=(Expectation.CLIENT_ERRORS,))
    metrics = {metric: known for metric, known in last.evidence.metrics.items() if metric != "client_errors"}
    reported = replace(last, rollout=replace(last.rollout, plan=plan), evidence=replace(last.evidence, metrics=metrics))
    row = next(row for row in metric_rows((reported,)) if row.metric == "client_errors")
    assert (row.finding, row.log_evidence) == (Finding.NOT_JUDGED, None)
    assert row.rates is not None
