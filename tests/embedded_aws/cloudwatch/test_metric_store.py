import bisect
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.cloudwatch.metric_store import MetricStore, StatisticSet, identify
from embedded_aws.cloudwatch.statistics import parse_statistic

START = 1_767_571_200  # a whole minute
METRIC = identify("N", "m")


class Moment:
    """A clock that is set by hand."""

    def __init__(self, now: float) -> None:
        self.value = now

    def __call__(self) -> float:
        return self.value


def a_store(*, now: float = START + 86_400, **options: float) -> MetricStore:
    return MetricStore(Moment(now), rng=random.Random(1), **options)


def one_minute(values: list[float], statistic: str) -> float | None:
    store = a_store()
    store.put("N", "m", {}, START, values)
    return store.series(METRIC, parse_statistic(statistic), start=START, end=START + 60, seconds=60).get(START)


def read(store: MetricStore, statistic: str = "Sum", *, seconds: int = 60, minutes: int = 10) -> dict[int, float]:
    end = START + 60 * minutes
    found = store.series(METRIC, parse_statistic(statistic), start=START, end=end, seconds=seconds)
    return {(at - START) // 60: value for at, value in found.items()}


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("SampleCount", 5),
        ("Sum", 115),
        ("Average", 23),
        ("Minimum", 5),
        ("Maximum", 50),
        ("p50", 20),
        ("p100", 50),
        ("TC(:20)", 3),
        ("TC(:19.9)", 2),
        ("TC(10:30)", 2),
        ("TC(20:)", 2),
        ("PR(:20)", 60),
        ("PR(5:20)", 40),
        ("TS(:10)", 15),
        ("TM(:30)", 16.25),
        ("tm80", 16.25),
        ("tc80", 4),
        ("ts80", 65),
        ("TM(20%:80%)", 20),
        ("WM(20%:80%)", (5 * 1 + 10 + 20 + 30 + 30) / 5),
    ],
)
def test_statistics_of_values_far_apart_are_exact(statistic: str, expected: float):
    assert one_minute([5, 10, 20, 30, 50], statistic) == pytest.approx(expected)


def test_the_middle_half_is_a_trimmed_mean():
    values = [float(value) for value in range(1, 101)]

    assert one_minute(values, "IQM") == one_minute(values, "TM(25%:75%)") == pytest.approx(50.5, abs=1)


def test_equal_values_count_wholly_at_their_own_limit():
    assert one_minute([100.0] * 50 + [200.0] * 50, "TC(:100)") == 50
    assert one_minute([100.0] * 50 + [200.0] * 50, "TC(:99.9)") == 0


def test_a_limit_inside_a_bucket_counts_a_fraction():
    count = one_minute([100.0, 101.0, 102.0, 103.0, 104.0], "TC(:102.5)")

    assert count is not None
    assert count == pytest.approx(3.5)


def test_zero_is_a_value_like_any_other():
    assert one_minute([0.0, 0.0, 0.0, 1.0], "p50") == 0
    assert one_minute([0.0, 0.0, 0.0, 1.0], "TC(:0)") == 3


def test_negative_values_have_no_histogram():
    assert one_minute([-1.0, 1.0], "p50") is None
    assert one_minute([-1.0, 1.0], "Sum") == 0


LATENCIES = st.lists(st.integers(1, 5_000).map(float), min_size=1, max_size=300)


@given(values=LATENCIES, percentile=st.sampled_from([1, 10, 50, 90, 99, 99.9, 100]))
def test_a_percentile_is_within_a_bucket_of_the_nearest_rank(values: list[float], percentile: float):
    found = one_minute(values, f"p{percentile}")
    rank = max(1, math.ceil(percentile * len(values) / 100 - 1e-9))
    exact = sorted(values)[rank - 1]

    assert found is not None
    assert exact / 1.1001 <= found <= exact * 1.1001
    assert min(values) <= found <= max(values)


@given(values=LATENCIES, limit=st.integers(1, 5_000))
def test_a_trimmed_count_errs_by_what_is_in_one_bucket_at_most(values: list[float], limit: int):
    found = one_minute(values, f"TC(:{limit})")
    ordered = sorted(values)
    least = bisect.bisect_right(ordered, limit / 1.1001)
    most = bisect.bisect_right(ordered, limit * 1.1001)

    assert found is not None
    assert least - 1e-6 <= found <= most + 1e-6


@given(values=LATENCIES, limit=st.integers(1, 5_000))
def test_counts_on_both_sides_of_a_limit_add_up(values: list[float], limit: int):
    below, above = one_minute(values, f"TC(:{limit})"), one_minute(values, f"TC({limit}:)")

    assert below is not None
    assert above is not None
    assert below + above == pytest.approx(len(values))


@given(values=st.lists(LATENCIES, min_size=1, max_size=5), percentile=st.sampled_from([50, 90, 99]))
def test_minutes_put_together_are_like_one_minute_with_all_values(values: list[list[float]], percentile: int):
    store = a_store()
    for minute, part in enumerate(values):
        store.put("N", "m", {}, START + 60 * minute, part)
    whole = [value for part in values for value in part]

    found = read(store, f"p{percentile}", seconds=600)[0]

    assert found == pytest.approx(one_minute(whole, f"p{percentile}"), rel=0.1001)
    assert read(store, "SampleCount", seconds=600) == {0: len(whole)}


@pytest.mark.parametrize("text", ["p101", "median", "TC(:)", "PR(:5%)", "tc", "TM(5:10", "sum", "p", "TC(1e3:)"])
def test_unknown_statistics_are_refused(text: str):
    with pytest.raises(ValueError, match="is not a CloudWatch statistic"):
        parse_statistic(text)


def test_values_with_counts_are_that_many_samples():
    store = a_store()
    store.put("N", "m", {}, START, [1.0, 10.0], [4.0, 2.0])

    assert read(store, "SampleCount") == {0: 6}
    assert read(store, "Sum") == {0: 24}
    assert read(store, "p50") == {0: 1}


def test_samples_of_a_minute_gather_whatever_way_they_come():
    store = a_store()
    store.put("N", "m", {}, START, [1.0])
    assert read(store, "p100") == {0: 1}
    store.put("N", "m", {}, START + 59.9, [50.0])
    store.put_set(METRIC, START + 30, StatisticSet(2, 10, 5, 5))

    assert read(store, "p100") == {0: 50}
    assert read(store, "SampleCount") == {0: 4}


def test_a_statistic_set_of_unequal_samples_has_no_percentiles():
    store = a_store()
    store.put_set(METRIC, START, StatisticSet(10, 55, 1, 10))

    assert read(store, "Average") == {0: 5.5}
    assert read(store, "p50") == {}


def test_dimensions_are_part_of_the_name_in_any_order():
    store = a_store()
    store.put("N", "m", {"a": "1", "b": "2"}, START, [1.0])
    store.put("N", "m", (("b", "2"), ("a", "1")), START, [1.0])

    both = identify("N", "m", (("b", "2"), ("a", "1")))
    assert store.series(both, parse_statistic("Sum"), start=START, end=START + 60, seconds=60) == {START: 2}
    assert read(store) == {}


def test_a_minute_arrives_some_time_after_it_ended():
    now = Moment(START + 60 + 44)
    store = MetricStore(now, rng=random.Random(1), arrival_seconds=45)
    store.put("N", "m", {}, START, [1.0])

    assert read(store) == {}
    now.value += 1
    assert read(store) == {0: 1}


def test_arrival_can_be_made_longer_later():
    store = a_store(now=START + 200)
    store.put("N", "m", {}, START, [1.0])
    assert read(store) == {0: 1}

    store.arrival_seconds = 300

    assert read(store) == {}


def test_minutes_of_different_metrics_may_arrive_apart():
    now = Moment(float(START))
    store = MetricStore(now, rng=random.Random(1), arrival_seconds=45)
    store.arrival_jitter_seconds = 60
    for name in "abcdefgh":
        store.put("N", name, {}, START, [1.0])

    def arrived() -> int:
        total = parse_statistic("Sum")
        metrics = [identify("N", name) for name in "abcdefgh"]
        return sum(bool(store.series(one, total, start=START, end=START + 60, seconds=60)) for one in metrics)

    now.value = START + 60 + 45 + 30
    assert 0 < arrived() < 8
    now.value = START + 60 + 45 + 60
    assert arrived() == 8


def test_periods_count_from_the_start_of_the_range():
    store = a_store()
    for minute in range(6):
        store.put("N", "m", {}, START + 60 * minute, [float(minute)])

    series = store.series(METRIC, parse_statistic("Sum"), start=START + 60, end=START + 300, seconds=180)

    assert series == {START + 60: 1 + 2 + 3, START + 240: 4}


def test_the_end_of_a_range_is_exclusive():
    store = a_store()
    store.put("N", "m", {}, START, [1.0])
    store.put("N", "m", {}, START + 60, [2.0])

    assert store.series(METRIC, parse_statistic("Sum"), start=START, end=START + 60, seconds=60) == {START: 1}
    assert len(store.series(METRIC, parse_statistic("Sum"), start=START, end=START + 61, seconds=60)) == 2


def test_a_range_longer_than_the_record_reads_the_same():
    store = a_store()
    store.put("N", "m", {}, START, [1.0])
    store.put("N", "m", {}, START + 120, [2.0])

    years = store.series(METRIC, parse_statistic("Sum"), start=0, end=START + 10**9, seconds=60)

    assert years == {START: 1, START + 120: 2}


def test_sources_hand_over_before_anything_is_read():
    store = a_store(now=START + 200, arrival_seconds=45)
    asked: list[float] = []

    def source(until: float) -> None:
        asked.append(until)
        if len(asked) == 1:
            store.put("N", "m", {}, START, [7.0])

    store.add_source(source)

    assert read(store) == {0: 7}
    assert asked[0] == START + 200
    assert [metric for metric, _ in store.metrics()] == [METRIC]


def test_units_are_kept_apart():
    store = a_store()
    store.put("N", "m", {}, START, [1.0], unit="Seconds")
    store.put("N", "m", {}, START, [5.0], unit="Count")

    assert store.units(METRIC) == ["Seconds", "Count"]
    seconds = store.series(METRIC, parse_statistic("Sum"), start=START, end=START + 60, seconds=60, unit="Seconds")
    assert seconds == {START: 1}


def test_reset_forgets_everything():
    store = a_store()
    store.put("N", "m", {}, START, [1.0])

    store.reset()

    assert read(store) == {}
    assert store.metrics() == []


def test_a_day_of_histograms_is_read_quickly():
    store = a_store(now=START + 90_000)
    rng = random.Random(2)
    for minute in range(1440):
        store.put("N", "m", {}, START + 60 * minute, [float(rng.randint(10, 400)) for _ in range(60)])

    slow = read(store, "TC(:200)", minutes=1440)
    (p99,) = read(store, "p99", seconds=86_400, minutes=1440).values()

    assert len(slow) == 1440
    assert p99 == pytest.approx(396, rel=0.02)


def test_the_past_repeats_given_minutes_and_keeps_what_it_has():
    store = a_store()
    for number in range(3):
        store.put("N", "m", (), START + 60 * number, [float(number)], [2.0])
    store.put("N", "m", (), START - 120, [9.0])
    store.repeat_before(START, START + 180, since=START - 240)
    found = store.series(METRIC, parse_statistic("Sum"), start=START - 300, end=START + 180, seconds=60)
    assert found == {
        START - 240: 4.0,
        START - 180: 0.0,
        START - 120: 9.0,
        START - 60: 4.0,
        START: 0.0,
        START + 60: 2.0,
        START + 120: 4.0,
    }
