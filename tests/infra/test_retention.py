"""How long records are kept is a setting of the controller, within bounds."""

import pytest

from canary_cdk.retention import RetentionError, read_retention

pytestmark = pytest.mark.slow  # the package of the constructs needs the CDK


@pytest.mark.parametrize(("value", "days"), [(None, 400), (90, 90), (3650, 3650), ("365", 365)])
def test_records_are_kept_as_long_as_the_setting_says(value, days):
    assert read_retention(value) == days


@pytest.mark.parametrize("value", [0, 89, 3651, "a year", "", 90.5])
def test_a_setting_out_of_bounds_is_refused_with_the_bounds(value):
    with pytest.raises(RetentionError) as refused:
        read_retention(value)
    assert str(refused.value) == (
        f"retention_days must be a whole number of days from 90 to 3650, got {value}; "
        "give such a number, or leave it out for 400"
    )
