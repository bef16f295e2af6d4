from dataclasses import replace

import pytest

from canary.rules.targets.access_log import LOG_FORMAT, MetricFilter, metric_filters
from canary.rules.targets.instruments import Expected, SeenFilter, SeenInstruments, expected_instruments, find_faults
from canary.rules.targets.target import Metrics, Outside, OutsideRoute
from tests.builders import a_target

TARGET = a_target(metrics=Metrics(latency_limits_ms=(300,)), outside=Outside((OutsideRoute("/legacy/*"),)))
EXPECTED = expected_instruments(TARGET)
ERRORS = "canary-orders-CanaryErrors"


def as_made(one: MetricFilter) -> SeenFilter:
    return SeenFilter(one.name, one.pattern, one.namespace, one.metric, one.value, one.default)


MADE = {one.name: as_made(one) for one in metric_filters(TARGET)}
FINE = SeenInstruments("/apigw/orders-prod", LOG_FORMAT, MADE)


def faults_with(**changes: object) -> tuple[str, ...]:
    """The faults if the filter of the canary's errors is changed like this."""
    return find_faults(EXPECTED, replace(FINE, filters={**MADE, ERRORS: replace(MADE[ERRORS], **changes)}))


def test_expects_the_log_and_every_filter():
    assert EXPECTED.log_group == "/apigw/orders-prod"
    assert {*EXPECTED.filters} == {one.name for one in metric_filters(TARGET)}


@pytest.mark.parametrize("target", [a_target(stage=None), a_target(access_log_group=None)])
def test_expects_nothing_of_a_target_that_is_not_judged_on_a_log(target):
    assert expected_instruments(target) == Expected()
    assert find_faults(expected_instruments(target), SeenInstruments()) == ()


def test_finds_no_fault_in_what_is_as_it_was_made():
    assert find_faults(EXPECTED, FINE) == ()


def test_blanks_in_a_pattern_mean_nothing():
    pattern = MADE[ERRORS].pattern.replace(" && ", "&&").replace("{ ", "{\n\t")

    assert pattern != MADE[ERRORS].pattern
    assert faults_with(pattern=pattern) == ()


def test_blanks_in_a_text_of_a_pattern_mean_something():
    assert len(faults_with(pattern=MADE[ERRORS].pattern.replace('"prod"', '" prod"'))) == 1


def test_filters_of_other_targets_with_a_longer_name_are_left_alone():
    other = SeenFilter("canary-orders-eu-CanaryErrors", "{ $.a = 1 }", "Canary/orders-eu", "CanaryErrors", "1", 0.0)

    assert find_faults(EXPECTED, replace(FINE, filters={**MADE, other.name: other})) == ()


def test_what_was_not_checked_is_no_fault():
    seen = replace(FINE, filters=None)

    assert (seen.filters, seen.refusal) == (None, None)
    assert find_faults(EXPECTED, seen) == ()


def test_filters_that_cannot_be_read_are_a_fault():
    seen = replace(FINE, filters=None, refusal="AccessDeniedException: no")

    assert find_faults(EXPECTED, seen) == (
        "the metric filters of /apigw/orders-prod cannot be read: AccessDeniedException: no",
    )


@pytest.mark.parametrize(("log_group", "told"), [(None, "nowhere"), ("/apigw/other", "/apigw/other")])
def test_reports_a_log_that_goes_elsewhere(log_group: str | None, told: str):
    (fault,) = find_faults(EXPECTED, replace(FINE, log_group=log_group, log_format=None))

    assert fault == (
        f"the stage writes its access log to {told}, and the metric filters count in /apigw/orders-prod; "
        "set the stage's access log again"
    )


@pytest.mark.parametrize("missing", ['"apiId":"$context.apiId",', '"resourcePath":"$context.resourcePath",'])
def test_reports_a_format_that_no_longer_fits(missing: str):
    (fault,) = find_faults(EXPECTED, replace(FINE, log_format=LOG_FORMAT.replace(missing, "")))

    assert fault.startswith("the stage's access log no longer fits: the access-log format needs ")
    assert missing.rstrip(",") in fault


def test_reports_a_stage_whose_log_has_no_format():
    (fault,) = find_faults(EXPECTED, replace(FINE, log_format=None))

    assert "the access-log format has neither" in fault


def test_reports_a_filter_that_is_gone():
    filters = {name: one for name, one in MADE.items() if name != ERRORS}

    assert find_faults(EXPECTED, replace(FINE, filters=filters)) == (
        f"the metric filter {ERRORS} is gone; deploy the target again",
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pattern": "{ $.status >= 500 }"}, "its pattern is { $.status >= 500 }"),
        ({"metric": "Renamed"}, "it publishes Renamed of Canary/orders"),
        ({"namespace": "Mine"}, "it publishes CanaryErrors of Mine"),
        ({"value": "2"}, "it counts 2 per line"),
        ({"default": None}, "it counts nothing in a minute without a match"),
        ({"default": 1.0}, "it counts 1.0 in a minute without a match"),
        ({"dimensions": ("path", "stage")}, "it publishes with the dimensions path, stage"),
    ],
)
def test_reports_how_a_filter_was_changed(changes: dict[str, object], told: str):
    assert faults_with(**changes) == (f"the metric filter {ERRORS} was changed: {told}; deploy the target again",)


def test_reports_a_filter_that_counts_a_second_time():
    twin = replace(MADE[ERRORS], name="canary-orders-mine")

    assert find_faults(EXPECTED, replace(FINE, filters={**MADE, twin.name: twin})) == (
        "the metric filter canary-orders-mine also counts into CanaryErrors of Canary/orders; delete it",
    )


def test_a_filter_with_dimensions_counts_into_a_metric_of_its_own():
    twin = replace(MADE[ERRORS], name="by-path", dimensions=("path",))

    assert find_faults(EXPECTED, replace(FINE, filters={**MADE, twin.name: twin})) == ()
