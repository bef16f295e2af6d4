"""When CloudWatch's data is wrong, nothing is promoted on it, and no good release is lost without the fault's name."""

from __future__ import annotations

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from tests.faults.measurement import Case, cases, check, run

QUICK = {
    ("the filter of BaseErrors counts double", "bad"),
    ("the whole log is lost", "good"),
    ("CheckoutFailed has values above 1", "bad"),
}
"""These run in `make test`."""

ALWAYS = {
    *QUICK,
    ("the canary log is lost", "good"),
    ("CheckoutFailed falls silent and comes back", "good"),
    ("CheckoutFailed has values above 1", "good"),
    ("CheckoutFailed of the canary has values below 0", "good"),
}
"""These run in `make check` whatever the share of the family is."""

ONE_IN = 6
"""How many of the family run in `make check`; `python -m tests.faults.measurement` runs all, in about ten minutes."""


def kind_of(case: Case) -> tuple[str, str]:
    return case.fault.name, "bad" if case.release else "good"


PARAMETERS = [
    pytest.param(case, id=str(case).replace(" ", "-"), marks=() if kind_of(case) in QUICK else pytest.mark.slow)
    for number, case in enumerate(cases(1))
    if number % ONE_IN == 0 or kind_of(case) in ALWAYS
]


@pytest.mark.parametrize("case", PARAMETERS)
def test_what_is_measured_wrongly_promotes_nothing_and_is_named(case: Case):
    with EmbeddedAws(guest=CONTROLLER, seed=case.seed) as aws:
        check(run(case, aws))


def test_the_ones_that_always_run_are_of_the_family():
    assert {name for name, _ in ALWAYS} <= {case.fault.name for case in cases(1)}
