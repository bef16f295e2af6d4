from canary.rules.judging.outlook import requests_needed
from canary.rules.looks.effects import requests_needed_by_step, smallest_effect
from tests.builders import a_policy
from tests.rules.looks.test_folding import ERRORS, evidence_of


class TestRequestsNeeded:
    def test_asks_for_what_the_effect_takes_to_show_at_each_weight(self):
        policy = a_policy(1, 50, detect={"errors": 0.05}, min_requests=5)
        first, second = requests_needed_by_step(policy, ERRORS)
        assert first == requests_needed(ERRORS, metric="errors", detect=0.05, share=0.01)
        assert second == requests_needed(ERRORS, metric="errors", detect=0.05, share=0.5)
        assert 5 < first < second

    def test_asks_for_the_policys_least_at_least(self):
        assert requests_needed_by_step(a_policy(10, 50, min_requests=10**6), ERRORS) == (10**6, 10**6)

    def test_asks_for_nothing_more_where_no_traffic_shows_the_effect(self):
        policy = a_policy(10, detect={"errors": 1e-9}, min_requests=7)
        assert requests_needed(ERRORS, metric="errors", detect=1e-9, share=0.1) is None
        assert requests_needed_by_step(policy, ERRORS) == (7,)

    def test_metrics_without_a_wanted_effect_ask_for_nothing(self):
        policy = a_policy(10, detect={"errors": 0.5}, min_requests=3)
        assert requests_needed_by_step(policy, evidence_of("slow_p99")) == (3,)


class TestSmallestEffect:
    def test_is_the_least_that_so_many_requests_show(self):
        found = smallest_effect(ERRORS, metric="errors", requests=5_000, weight_percent=10)
        shown = requests_needed(ERRORS, metric="errors", detect=found, share=0.1)
        assert shown <= 5_000 < requests_needed(ERRORS, metric="errors", detect=found * 0.95, share=0.1)

    def test_more_requests_show_less(self):
        few, many = (smallest_effect(ERRORS, metric="errors", requests=one, weight_percent=10) for one in (1_000, 10_000))
        assert many < few

    def test_there_is_none_for_too_few_requests(self):
        assert smallest_effect(ERRORS, metric="errors", requests=0.5, weight_percent=10) is None
