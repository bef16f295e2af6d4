from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.checks.forecast import (
    StepForecast,
    Traffic,
    find_quiet,
    forecast_rollout,
    forecast_start,
    forecast_steps,
    quiet_problem,
    summarize,
)
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.families import stakes
from canary.rules.looks.effects import requests_needed_by_step
from canary.rules.targets.policy import QUIET, STANDARD, WhenQuiet, WhenUnproven
from canary.rules.targets.target import BusinessMetric, Metrics
from tests.builders import a_policy, a_rollout, a_target, families

METRICS = ("errors", "slow_p99")


def evidence_of(*history):
    return begin_evidence(
        {"errors": history, "slow_p99": ()}, families=families(*METRICS), stakes=stakes(families(*METRICS)), alpha=0.01
    )


CALM = evidence_of(*(((3, 0), (3, 0), (3, 1)) * 300))
YOUNG = evidence_of()


def test_each_step_needs_what_the_judge_asks_for_at_its_weight():
    policy = a_policy(10, 50, bake_seconds=900, max_extension_seconds=600)
    first, second = forecast_steps(policy, CALM, 60)
    needed = requests_needed_by_step(policy, CALM)
    assert first == StepForecast(Decimal(10), needed[0], needed[0] / 6, 25)
    assert (second.needed, second.minutes) == (needed[1], needed[1] / 30)


def test_a_step_fits_when_its_requests_arrive_within_bake_and_extension():
    step = StepForecast(Decimal(10), 150, 25.0, 25.0)
    assert step.fits
    assert not replace(step, minutes=25.1).fits
    assert not replace(step, minutes=None).fits


def test_enough_traffic_is_not_told():
    assert find_quiet(STANDARD, CALM, 60_000) is None


def test_too_little_traffic_is_reported_with_minutes_and_the_policy_that_would_do():
    told = find_quiet(STANDARD, CALM, 3)
    worst = max(forecast_steps(STANDARD, CALM, 3), key=lambda step: step.minutes)
    assert told.startswith(
        f"base had 3.0 requests per minute in the last day: the step at {worst.weight_percent} % needs {worst.needed} "
        f"canary requests, about {worst.minutes:.0f} minutes, and may last 75; "
    )
    assert told.endswith("policy quiet would be enough, which looks for larger effects")


def test_a_larger_weight_is_offered_where_it_would_do():
    policy = a_policy(10, bake_seconds=3600, max_extension_seconds=0, detect={"errors": 0.5})
    needed_at_10 = forecast_steps(policy, CALM, 1)[0]
    per_minute = needed_at_10.minutes / 60 * 0.6
    percent = int(find_quiet(policy, CALM, per_minute).split("steps of ")[1].split(" %")[0])
    assert forecast_steps(a_policy_of(policy, percent), CALM, per_minute)[0].fits
    assert not forecast_steps(a_policy_of(policy, percent - 1), CALM, per_minute)[0].fits


def a_policy_of(policy, percent):
    return replace(policy, steps=(replace(policy.steps[0], weight_percent=Decimal(percent)),))


def test_no_traffic_at_all_is_reported_and_nothing_would_do():
    told = find_quiet(STANDARD, CALM, 0)
    assert told.startswith("base had no request in the last day, and the step at 10 % needs ")
    assert told.endswith("no weight and no shipped policy is enough at this traffic")


def test_policy_quiet_is_not_offered_to_itself():
    assert "policy quiet" not in find_quiet(QUIET, CALM, 0.01)


def test_policy_quiet_does_with_three_requests_a_minute():
    assert find_quiet(QUIET, CALM, 3) is None


def test_a_new_api_gets_the_reason_for_its_many_requests():
    assert "base has too little history, and the stated priors" in find_quiet(STANDARD, YOUNG, 100)
    assert "stated priors" not in find_quiet(STANDARD, CALM, 3)


def test_a_target_that_compares_no_errors_gets_no_note_on_their_history():
    slow = begin_evidence({"slow_p99": ()}, families=families("slow_p99"), stakes={"slow_p99": 1.0}, alpha=0.01)
    assert "stated priors" not in find_quiet(STANDARD, slow, 0.01)


class TestRefusal:
    refusing = replace(STANDARD, when_quiet=WhenQuiet.REFUSE)

    def test_refuses_where_the_policy_says_so(self):
        problem = quiet_problem(self.refusing, "too little", is_decided=False)
        assert (problem.field, problem.value) == ("policy.when_quiet", "too little")

    @pytest.mark.parametrize(
        ("policy", "quiet", "is_decided"),
        [
            (STANDARD, "too little", False),
            (refusing, None, False),
            (refusing, "too little", True),
            (replace(refusing, when_unproven=WhenUnproven.PROMOTE), "too little", False),
        ],
        ids=["go", "enough traffic", "said in this input", "said in the policy"],
    )
    def test_does_not_refuse_otherwise(self, policy, quiet, is_decided):
        assert quiet_problem(policy, quiet, is_decided=is_decided) is None


class TestStart:
    calm = ((3, 0), (3, 0), (3, 1)) * 300

    def test_is_told_by_the_errors_history_and_the_metrics_of_the_target(self):
        told = forecast_start(a_rollout(policy=STANDARD), Traffic(self.calm, 3.0))
        assert told.startswith("base had 3.0 requests per minute in the last day: the step at ")
        assert "stated priors" not in told
        assert forecast_start(a_rollout(policy=STANDARD), Traffic(((60_000, 60),) * 600, 60_000.0)) is None

    def test_a_new_api_is_noted(self):
        assert "stated priors" in forecast_start(a_rollout(policy=STANDARD), Traffic((), 3.0))

    def test_more_metrics_take_more_requests(self):
        business = Metrics(business=(BusinessMetric("CheckoutFailed", "Orders"),), latency_limits_ms=(500,))
        alone = Metrics(client_errors=False, slow=())
        told = [
            forecast_start(a_rollout(target=a_target(metrics=one), policy=STANDARD), Traffic(self.calm, 3.0))
            for one in (alone, business)
        ]
        fewer, more = (int(one.split(" canary requests")[0].rsplit(" ", 1)[1]) for one in told)
        assert fewer < more

    def test_function_errors_have_the_errors_history_until_their_own_is_read(self):
        rollout = a_rollout(policy=STANDARD)
        counted = replace(rollout, plan=replace(rollout.plan, function_errors=("orders-read",)))
        busy = Traffic(((60_000, 60),) * 600, 60_000.0)
        assert [one.needed for one in forecast_rollout(counted, busy)] > [one.needed for one in forecast_rollout(rollout, busy)]
        assert forecast_start(counted, busy) is None

    def test_a_target_that_compares_no_errors_asks_for_the_policys_least(self):
        target = a_target(metrics=Metrics(errors=False))
        told = forecast_start(a_rollout(target=target, policy=replace(STANDARD, min_requests=7)), Traffic(self.calm, 0.01))
        assert "needs 7 canary requests" in told


def test_a_forecast_is_told_in_one_line():
    steps = (StepForecast(Decimal(10), 1500, 25.0, 75.0), StepForecast(Decimal(50), 90, 0.25, 75.0))
    assert summarize(steps, 600.0) == (
        "base had 600.0 requests per minute in the last day. 10 % needs 1,500 canary requests, in about 25 min; it may last "
        "75 min. 50 % needs 90 canary requests, in about 0.2 min; it may last 75 min"
    )
    assert summarize((replace(steps[0], minutes=None),), 0.0).endswith("never at this traffic; it may last 75 min")
