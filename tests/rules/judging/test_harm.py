from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.rules.judging.harm import CHANCE, MOST_SUMMED, Harm

COUNTS = st.tuples(*[st.integers(0, 60)] * 4)


def after(*minutes):
    harm = Harm()
    for nc, ec, nb, eb in minutes:
        harm = harm.plus(nc=nc, ec=ec, nb=nb, eb=eb)
    return harm


@pytest.mark.parametrize(
    ("minute", "harmed"),
    [
        ((100, 10, 900, 9), 9),  # base would have failed 1 of the 100
        ((100, 10, 0, 0), 10),
        ((100, 1, 900, 90), 0),
        ((0, 0, 900, 90), 0),
        ((10, 1, 100, 5), 0),  # 0.5 beyond, rounded to even
        ((10, 2, 100, 5), 2),
    ],
)
def test_counts_as_harmed_what_base_would_have_served(minute, harmed):
    assert after(minute).requests == harmed


def test_an_outage_of_both_arms_at_a_high_weight_is_no_harm():
    quiet, outage = (10, 0, 90, 0), (50, 25, 50, 25)
    harm = after(*[quiet] * 10, *[outage] * 5)
    assert (harm.requests, harm.is_beyond_chance) == (0, False)
    assert harm.ec / harm.nc > harm.eb / harm.nb  # sums alone would call this harm


def test_bases_rate_until_then_stands_in_where_base_had_no_request():
    harm = after((100, 10, 100, 10), (10, 1, 0, 0))
    assert harm.requests == 0
    assert after((10, 5, 0, 0)).requests == 5


def test_more_bad_requests_than_requests_are_no_more_than_all():
    assert after((0, 5, 10, 20)) == after((0, 0, 10, 10))


@pytest.mark.parametrize(
    ("minute", "is_beyond"),
    [
        ((0, 0, 0, 0), False),
        ((1000, 0, 1000, 0), False),
        ((20, 1, 180, 0), False),  # one in ten failures falls to the canary
        ((1, 1, 99, 0), False),
        ((69, 3, 1185, 0), True),
        ((1000, 20, 1000, 0), True),
        ((1000, 26, 1000, 20), False),
        ((1000, 5, 0, 0), False),  # nothing to compare with
        ((50_000, 1100, 50_000, 1000), False),
        ((50_000, 1300, 50_000, 1000), True),
    ],
)
def test_knows_harm_that_chance_does_not_explain(minute, is_beyond):
    assert after(minute).is_beyond_chance is is_beyond


@given(st.integers(1, 200), st.integers(0, 200), st.integers(1, 200), st.integers(0, 200))
def test_chance_is_the_binomials_tail(nc, ec, nb, eb):
    ec, eb = min(ec, nc), min(eb, nb)
    share, bad = nc / (nc + nb), ec + eb
    tail = sum(comb(bad, many) * share**many * (1 - share) ** (bad - many) for many in range(ec, bad + 1))
    is_beyond = bad > 0 and ec > bad * share and tail < CHANCE
    assert after((nc, ec, nb, eb)).is_beyond_chance is is_beyond or abs(tail - CHANCE) < 1e-9


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_large_numbers_are_judged_as_small_ones(share):
    """The number of bad requests above which it is more than chance, just below and above the switch from sums to the curve."""
    found = []
    for bad in (MOST_SUMMED, MOST_SUMMED + 1):
        counts = ((10_000 * share, ec, 10_000 * (1 - share), bad - ec) for ec in range(bad + 1))
        found.append(next(ec for nc, ec, nb, eb in counts if after((nc, ec, nb, eb)).is_beyond_chance))
    assert abs(found[0] - found[1]) <= 2


@given(st.lists(COUNTS, max_size=6))
def test_any_counts_give_an_answer(minutes):
    harm = after(*minutes)
    assert harm.requests >= 0
    assert harm.is_beyond_chance in {True, False}
