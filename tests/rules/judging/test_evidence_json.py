from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.beginning import begin_step
from canary.rules.judging.counts import Counts
from canary.rules.judging.evidence_json import from_json, metric_from_json, metric_to_json, to_json
from canary.rules.judging.history import freeze_history
from canary.rules.judging.judge import fold
from tests.rules.judging import test_evidence as metric_tests
from tests.rules.judging.test_judge import DELTA, HISTORY, MINUTE, STAKES, evidence_of

if TYPE_CHECKING:
    from canary.rules.judging.history import BaseHistory


@given(minutes=st.lists(MINUTE, max_size=8), cut=st.integers(0, 8))
def test_may_be_written_and_read_again_at_any_minute(minutes: list[dict[str, Counts]], cut: int):
    whole = parted = begin_step(evidence_of(HISTORY, stakes=STAKES), DELTA)
    for index, minute in enumerate(minutes):
        whole, parted = fold(whole, minute), fold(parted, minute)
        if index == cut:
            parted = from_json(json.loads(json.dumps(to_json(parted), allow_nan=False)), parted.history)
    assert parted == whole


def test_refuses_evidence_of_another_history():
    evidence = evidence_of(HISTORY)
    with pytest.raises(ValueError, match=r"must name the same metrics, got \['errors'\] and \['slow_p99'\]"):
        from_json(to_json(evidence), evidence_of(stakes={"slow_p99": 1.0}).history)


@given(
    minutes=st.lists(st.one_of(metric_tests.MINUTE, metric_tests.HUGE_MINUTE), max_size=5),
    base=st.sampled_from(metric_tests.BASES),
    delta=st.sampled_from([None, 0.005]),
)
def test_returns_from_json_unchanged(minutes: list[Counts], base: BaseHistory, delta: float | None):
    metric = metric_tests.fold_all(base, minutes, delta=delta)
    assert metric_from_json(json.loads(json.dumps(metric_to_json(metric), allow_nan=False))) == metric


def test_takes_a_few_hundred_bytes():
    base = freeze_history([(600, 1)] * 1440)
    metric = metric_tests.fold_all(base, [Counts(61, 1, 539, minute % 3) for minute in range(200)], delta=0.005)
    assert len(json.dumps(metric_to_json(metric))) < 850
