"""What is recorded of a rollout's looks, for its report: what cannot be read is an error that says which."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from canary.aws.errors import HistoryGoneError, LookUnreadableError, OwnershipLostError
from canary.aws.reports.recorded import Recorded, read_recorded
from canary.rules.judging.history import to_json
from canary.rules.looks.look_numbers import numbers_of
from tests.builders import NOON, a_rollout
from tests.rules.reports.past import EVIDENCE


def an_archive(*items: Any) -> Any:
    return SimpleNamespace(list_looks=lambda _: iter(items))


def a_look(**changes: Any) -> Any:
    numbers = numbers_of((), EVIDENCE, a_rollout())
    return SimpleNamespace(**{"at": f"{NOON:.3f}", "verdict": "CONTINUE", "reason": "", "numbers": numbers, **changes})


def no_history(_rollout_id: str) -> Any:
    raise OwnershipLostError("gone")


def test_a_rollout_that_was_never_looked_at_needs_no_history():
    recorded = read_recorded(SimpleNamespace(read_history=no_history), an_archive(), "run-1")
    assert recorded == Recorded((), None)
    assert recorded.replayed(a_rollout()) == ()


def test_looks_are_replayed_with_the_history_that_they_rest_on():
    records = SimpleNamespace(read_history=lambda _: to_json(EVIDENCE.history))
    recorded = read_recorded(records, an_archive(a_look()), "run-1")
    assert [one.look.at for one in recorded.replayed(a_rollout())] == [NOON]


def test_looks_without_their_history_are_no_report():
    with pytest.raises(HistoryGoneError, match="the frozen history of rollout run-1 was deleted"):
        read_recorded(SimpleNamespace(read_history=no_history), an_archive(a_look()), "run-1")


def test_a_look_that_someone_edited_is_named():
    with pytest.raises(LookUnreadableError, match=r"a look of rollout run-1 cannot be read \(KeyError: 'step'\)"):
        read_recorded(SimpleNamespace(), an_archive(a_look(numbers={})), "run-1")
