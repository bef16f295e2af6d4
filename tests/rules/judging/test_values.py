from canary.rules.judging.families import Family
from canary.rules.judging.values import (
    FEWEST_SAMPLES,
    always_bad_sentence,
    find_always_bad,
    odd_values_sentence,
    possible_minutes,
)

FAMILIES = {"errors": Family.ERRORS, "business_Pay": Family.BUSINESS, "business_Ship": Family.BUSINESS}


def test_a_metric_of_which_only_failures_are_written_is_always_bad():
    histories = {"errors": [(600, 600)] * 60, "business_Pay": [(3, 3)] * 60, "business_Ship": [(3, 3)] * 59 + [(3, 2)]}
    assert find_always_bad(histories, FAMILIES) == ("business_Pay",)


def test_a_few_bad_samples_may_be_a_short_outage():
    assert find_always_bad({"business_Pay": [(1, 1)] * (FEWEST_SAMPLES - 1)}, FAMILIES) == ()
    assert find_always_bad({"business_Pay": [(1, 1)] * FEWEST_SAMPLES}, FAMILIES) == ("business_Pay",)
    assert find_always_bad({"business_Pay": []}, FAMILIES) == ()


def test_minutes_that_contradict_themselves_do_not_say_whether_it_is():
    assert possible_minutes([(3, 3), (3, 5), (3, -1), (3, 0)]) == [(3, 3), (3, 0)]
    assert find_always_bad({"business_Pay": [(10, 50)] * 60}, FAMILIES) == ()


def test_values_other_than_0_and_1_are_named_with_the_newest_example():
    assert odd_values_sentence("business_Pay", [(30, 3), (30, 30)]) is None
    assert odd_values_sentence("business_Pay", []) is None
    assert odd_values_sentence("business_Pay", [(30, 3), (30, -2), (30, 45), (30, 0)]) == (
        "business_Pay has values other than 0 and 1: in 2 of 4 minutes of the last day its Sum is below 0 or above its "
        "SampleCount, such as 45 with 30 samples; write 0 or 1 for each request"
    )


def test_what_to_write_beside_failures_is_said():
    assert always_bad_sentence("business_Pay") == (
        "every value of business_Pay in the last day was 1; write 0 for each request that did not fail, otherwise nothing can "
        "be compared"
    )
