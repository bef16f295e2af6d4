import json
from dataclasses import replace

from canary.rules.judging.minutes import MINUTE_SECONDS
from canary.rules.judging.missing import WAIT_SECONDS
from canary.rules.looks.completeness import MOST_MINUTES, awaits_minute, find_backlog, has_unread, most_minutes, wanted_minutes
from canary.rules.looks.folding import fold_minutes, refold
from canary.rules.looks.look_numbers import numbers_of
from canary.rules.looks.sources import sources_of
from canary.rules.rollouts.steering import Promotion, Steering
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import NOON, a_target
from tests.rules.looks.test_folding import CALM, DELAY, ERRORS, START, a_baking, evidence_of, minutes

ITEM_BYTES = 400 * 1024
HOURS_30 = 30 * 60
COUNTED = a_baking(plan=replace(a_baking().plan, function_errors=("orders-read",)))
BOTH = {"errors": CALM, "function_errors": CALM}


class TestWantedMinutes:
    def test_asks_for_what_was_not_used_and_is_complete(self):
        assert wanted_minutes(a_baking(), NOON + 300) == (START, START + 180)
        assert wanted_minutes(a_baking(judged_to=START + 120), NOON + 300) == (START + 180, START + 180)

    def test_asks_for_nothing_before_the_first_minute_is_complete(self):
        start, end = wanted_minutes(a_baking(), NOON + 60 + DELAY - 1)
        assert start >= end


class TestInvocationsThatAreLate:
    """Lambda's own metrics may come after the log's, and a minute that was folded is not read again."""

    def folded(self, *seen, after=0, rollout=COUNTED):
        counts = {START + MINUTE_SECONDS * index: one for index, one in enumerate(seen)}
        now = NOON + MINUTE_SECONDS * len(seen) + DELAY + after
        return len(fold_minutes(rollout, evidence_of("errors", "function_errors"), counts, now).minutes)

    def test_the_newest_minutes_wait_for_them_as_long_as_for_any_missing_count(self):
        assert self.folded(BOTH, {"errors": CALM}, {"errors": CALM}) == 1
        assert self.folded(BOTH, {"errors": CALM}, after=WAIT_SECONDS) == 1
        assert self.folded(BOTH, {"errors": CALM}, after=WAIT_SECONDS + 1) == 2

    def test_a_minute_before_one_that_has_them_waits_no_more(self):
        assert self.folded({"errors": CALM}, BOTH) == 2

    def test_nothing_waits_where_the_log_shows_every_failure(self):
        assert self.folded({"errors": CALM}, rollout=a_baking()) == 1


class TestBacklog:
    """After an outage of more than a day, looks fold what is waiting in portions that fit into an item."""

    def test_one_look_asks_for_the_oldest_minutes_and_says_how_many_it_leaves(self):
        now = NOON + HOURS_30 * MINUTE_SECONDS + DELAY

        assert wanted_minutes(a_baking(), now) == (START, START + MOST_MINUTES * MINUTE_SECONDS)
        assert find_backlog(a_baking(), now) == HOURS_30 - MOST_MINUTES
        assert find_backlog(a_baking(), NOON + 300) == find_backlog(a_baking(), NOON) == 0

    def test_thirty_hours_are_folded_in_portions_to_the_same_end(self):
        now, counts = NOON + HOURS_30 * MINUTE_SECONDS + DELAY, minutes(*[CALM] * HOURS_30)
        rollout, evidence, looks, folded, behind = a_baking(), ERRORS, 0, [], 1
        while behind:
            behind = find_backlog(rollout, now)
            part = fold_minutes(rollout, evidence, counts, now)
            assert len(json.dumps(numbers_of(part.minutes, part.evidence, part.rollout))) < ITEM_BYTES / 2
            rollout, evidence, looks = part.rollout, part.evidence, looks + 1
            folded += part.minutes
        again, same = a_baking(), ERRORS
        for record in folded:
            again, same = refold(again, same, record)

        assert [one.minute for one in folded] == sorted(counts)
        assert looks == -(-HOURS_30 // MOST_MINUTES)
        assert (again, same) == (rollout, evidence)

    def test_with_many_metrics_a_look_folds_fewer_minutes(self):
        metrics = tuple(BusinessMetric(f"{'m' * 60}-{number}", "Shop") for number in range(100))
        rollout = replace(a_baking(), target=a_target(metrics=Metrics(business=metrics)))
        names, most = [*sources_of(rollout)], most_minutes(rollout)
        longest = [START, "not_evidence", {name: [10**6, 10**6, 10**7, 10**6] for name in names}, [10**6, 10**7]]

        assert 1 <= most < MOST_MINUTES
        assert len(json.dumps([[longest] * most, dict.fromkeys(names, -12.3456)])) < ITEM_BYTES / 2


def test_a_look_awaits_a_late_minute_and_a_promotion_that_was_asked_for():
    rollout = a_baking()
    complete = rollout.judged_to + 2 * MINUTE_SECONDS + DELAY
    asked = replace(rollout, steering=Steering(promotion=Promotion(NOON)))
    assert [awaits_minute(one, complete - 1) for one in (rollout, asked)] == [False, True]
    assert awaits_minute(rollout, complete)


def test_a_complete_minute_that_was_not_folded_is_unread():
    rollout = a_baking()
    complete = rollout.judged_to + 2 * MINUTE_SECONDS + DELAY
    assert not has_unread(rollout, complete - 1)
    assert has_unread(rollout, complete)
    assert not has_unread(replace(rollout, judged_to=rollout.judged_to + MINUTE_SECONDS), complete)
