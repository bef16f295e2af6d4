"""The metrics of a look: what they say, and when one is left out."""

from dataclasses import replace
from math import log10
from types import SimpleNamespace

import pytest

from canary.rules.judging.split import NO_SPLIT_EVIDENCE
from canary.rules.looks.look_metrics import (
    EVIDENCE,
    LEAST_EVIDENCE,
    NAMES,
    NAMESPACE,
    SHARE,
    VERDICT,
    WEIGHT,
    embed,
    measure,
    number_of,
)
from canary.rules.looks.verdict import VerdictKind
from canary.tasks.common.entry import METRICS
from embedded_aws.logs.emf import embedded_metrics
from tests.builders import NOON, a_policy, a_rollout
from tests.rules.reports.past import BAD, replayed
from tests.rules.reports.past import EVIDENCE as FRESH

ROLLOUT = a_rollout(policy=a_policy(10, 25))
STEP = replace(ROLLOUT, step=replace(ROLLOUT.step, index=1))


def with_split(share, canary, base):
    return replace(STEP, split=replace(NO_SPLIT_EVIDENCE, share=share, canary=canary, base=base))


def test_a_look_has_weight_share_evidence_and_verdict():
    measured = measure(with_split(0.25, 246, 754), FRESH, VerdictKind.CONTINUE)
    assert (*measured,) == NAMES
    assert (measured[WEIGHT], measured[SHARE], measured[VERDICT]) == (25.0, 24.6, 1)
    assert measured[EVIDENCE] == 0.0  # 1 before the first minute


@pytest.mark.parametrize(("share", "canary", "base"), [(0.25, 0, 0), (0.1, 100, 900)])
def test_before_a_minute_of_the_weight_was_judged_there_is_no_share(share, canary, base):
    assert SHARE not in measure(with_split(share, canary, base), FRESH, VerdictKind.HOLD)


def test_evidence_that_condemns_is_above_the_bar():
    rollout, looks = replayed(BAD)
    assert measure(STEP, looks[-1].evidence, VerdictKind.ROLL_BACK)[EVIDENCE] >= -log10(rollout.plan.policy.alpha)


def test_evidence_that_falls_without_end_is_cut_off():
    assert measure(STEP, SimpleNamespace(log_strength=float("-inf")), VerdictKind.CONTINUE)[EVIDENCE] == LEAST_EVIDENCE


def test_the_verdicts_rise_from_bad_to_good():
    order = [VerdictKind.ROLL_BACK, VerdictKind.HOLD, VerdictKind.CONTINUE, VerdictKind.ADVANCE, VerdictKind.PROMOTE]
    assert [number_of(one) for one in order] == [-1, 0, 1, 2, 3]
    assert {*order} == {*VerdictKind}


def test_a_line_with_them_counts_as_metrics_of_the_target():
    assert NAMESPACE == METRICS
    line = {"message": "canary evaluated", **embed("orders", {WEIGHT: 25.0, VERDICT: 1}, NOON)}
    found = {one.metric.name: (one.metric.namespace, one.at, one.values) for one in embedded_metrics(line, NOON + 2)}
    assert found == {WEIGHT: (NAMESPACE, NOON, (25.0,)), VERDICT: (NAMESPACE, NOON, (1.0,))}
