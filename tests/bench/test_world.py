from __future__ import annotations

import numpy as np
import pytest

from bench.cells import BAD, CLIENT_RATES, GOOD, STUFFING, Cell, Release, fresh_grid, grid, without_history
from bench.world import World

DRAWS = 300


def a_world(release, traffic=6000, rate=0.01, seed=1, **changes):
    return World(Cell(release, traffic, rate, **changes), np.random.default_rng(seed))


def shifted(world, share=0.1, at=0.0, *, is_last=False):
    world.offset = 0.0
    world.shift(at, share, is_last=is_last)
    return world


def mean(minutes):
    return [sum(column) / len(minutes) for column in zip(*(minute.errors for minute in minutes), strict=True)]


def test_requests_are_split_by_weight_and_fail_at_their_rates():
    world = shifted(a_world(BAD[2]))
    nc, ec, nb, eb = mean([world.minute(1) for _ in range(DRAWS)])
    assert (nc, nb) == (pytest.approx(600, rel=0.02), pytest.approx(5400, rel=0.01))
    assert (ec / nc, eb / nb) == (pytest.approx(0.02, rel=0.05), pytest.approx(0.01, rel=0.05))


def test_a_weight_change_takes_effect_within_thirty_seconds():
    shares = [mean([shifted(a_world(GOOD[0], seed=seed), at=30.0).minute(0)])[0] / 600 for seed in range(200)]
    assert min(shares) >= 0.0
    assert max(shares) < 0.65
    assert sum(shares) / len(shares) == pytest.approx(0.25, abs=0.03)


def test_an_outage_that_begins_with_a_weight_change_meets_the_canary_more():
    worse = 0
    for seed in range(60):
        world = a_world(GOOD[6], seed=seed)
        world.shift(0.0, 0.1, is_last=False)
        world.shift(600.0, 0.5, is_last=True)
        nc, ec, nb, eb = world.minute(10).errors
        worse += ec / nc > eb / nb
    assert worse > 45


def test_bursts_cluster_and_keep_the_rate():
    world = shifted(a_world(GOOD[3]), share=0.5)
    bad = [world.minute(1).errors[3] for _ in range(2000)]
    assert np.mean(bad) == pytest.approx(30, rel=0.05)
    assert np.var(bad) / np.mean(bad) == pytest.approx(5.0, rel=0.2)


def test_history_is_a_day_of_base_and_empty_if_unknown():
    told = a_world(GOOD[4], 600, 0.001).history()
    assert {metric: len(minutes) for metric, minutes in told.items()} == dict.fromkeys(
        ("errors", "client_errors", "slow_p50", "slow_p90", "slow_p99"), 1440
    )
    for metric, share in (("slow_p50", 0.5), ("slow_p90", 0.1), ("slow_p99", 0.01)):
        n, slow = (sum(column) for column in zip(*told[metric], strict=True))
        assert slow / n == pytest.approx(share, rel=0.1)
    assert a_world(GOOD[0], has_history=False).history() == {"errors": [], "client_errors": []}


def test_slow_requests_are_counted_as_cloudwatch_interpolates_them():
    limits = a_world(GOOD[4]).limits
    assert limits is not None
    classes = [100, 40, 0, 0, 0, 0, 0]
    assert limits.slow(classes)[0] == 140 - round(100 + 40 * limits.inside[0])
    assert limits.slow(classes)[1:] == [0, 0]


def test_a_day_is_counted_as_its_minutes_are():
    world = a_world(GOOD[4], 600)
    assert world.limits is not None
    classes = np.random.default_rng(4).multinomial([600] * 50 + [0], world.limits.base)
    assert list(zip(*world.limits.slow_of_all(classes), strict=True)) == [tuple(world.limits.slow(c)) for c in classes.tolist()]


def test_a_cold_start_is_slow_for_two_minutes():
    world = shifted(a_world(GOOD[5], 60000))
    slow = [world.minute(index).slow[2] for index in (0, 1, 2)]
    canary, base = zip(*((ec / nc, eb / nb) for nc, ec, nb, eb in slow), strict=True)
    assert canary[0] > canary[1] > 1.3 * base[1]
    assert canary[2] == pytest.approx(base[2], rel=0.3)


def test_a_slower_release_passes_every_limit_more_often_and_a_longer_tail_the_highest():
    slower, tail = BAD[8], BAD[9]
    assert all(canary > base for base, canary in map(slower.slow_shares, (0.5, 0.1, 0.01)))
    assert tail.slow_shares(0.5)[1] == pytest.approx(0.5)
    assert tail.slow_shares(0.01)[1] > 0.02


def test_a_fault_of_the_last_step_begins_with_it():
    world = a_world(BAD[10])
    world.shift(0.0, 0.1, is_last=False)
    assert world.minute(1).truth.excess == 0.0
    world.shift(120.0, 0.5, is_last=True)
    assert world.minute(3).truth.excess == pytest.approx(0.01 * 3000)


def test_good_releases_do_no_harm():
    for release in GOOD:
        assert shifted(a_world(release)).minute(1).truth.excess == 0.0


def client_rates(minutes):
    """The shares of 4xx answers, the canary's and the base's."""
    nc, ec, nb, eb = (sum(column) for column in zip(*(minute.client_errors for minute in minutes), strict=True))
    return ec / nc, eb / nb


def test_callers_make_the_same_share_of_4xx_in_both_arms_in_bursts():
    world = shifted(a_world(GOOD[0], client_rate=0.03))
    minutes = [world.minute(1) for _ in range(DRAWS)]
    canary, base = client_rates(minutes)
    assert canary == pytest.approx(base, rel=0.05)
    assert base == pytest.approx(0.03 * (1 + 0.1), rel=0.2)
    bursts = [minute.client_rates[2] > 0.031 for minute in minutes]
    assert 0.03 < sum(bursts) / DRAWS < 0.15
    told = a_world(GOOD[0], client_rate=0.03).history()["client_errors"]
    n, bad = (sum(column) for column in zip(*told, strict=True))
    assert bad / n == pytest.approx(0.033, rel=0.1)


def test_a_credential_stuffer_adds_requests_to_both_arms_that_get_a_4xx():
    release = next(one for one in GOOD if one.stuffing)
    world = shifted(a_world(release, client_rate=0.0))
    world.attack = (600.0, 900.0)
    attacked = [world.minute(11) for _ in range(30)]
    assert mean(attacked)[2] == pytest.approx(5400 / (1.0 - STUFFING), rel=0.01)
    assert client_rates(attacked) == (pytest.approx(STUFFING, abs=0.05), pytest.approx(STUFFING, abs=0.05))
    assert world.minute(20).truth.attacks == (0.0, 0.0)


def test_a_stuffer_that_begins_with_a_weight_change_meets_the_canary_more():
    release = next(one for one in GOOD if one.stuffing_at_shift)
    worse = 0
    for seed in range(60):
        world = a_world(release, seed=seed)
        world.shift(0.0, 0.1, is_last=False)
        world.shift(600.0, 0.5, is_last=True)
        canary, base = client_rates([world.minute(10)])
        worse += canary > base
    assert worse > 45


def test_a_lost_route_is_answered_with_403_by_the_canary_alone():
    release = next(one for one in BAD if one.lost)
    world = shifted(a_world(release, client_rate=0.03))
    minutes = [world.minute(1) for _ in range(DRAWS)]
    canary, base = client_rates(minutes)
    assert canary - base == pytest.approx((1.0 - 0.033) / 3, rel=0.05)
    assert minutes[0].truth.excess == pytest.approx(600 / 3)
    assert mean(minutes)[1] / mean(minutes)[0] == pytest.approx(0.01, rel=0.05)
    assert all(minute.client_errors[1] <= minute.errors[0] - minute.errors[1] for minute in minutes)


def test_the_same_seed_gives_the_same_requests():
    one, other = (shifted(a_world(GOOD[4], seed=5)) for _ in range(2))
    assert [one.minute(k) for k in range(3)] == [other.minute(k) for k in range(3)]


def test_the_grid_has_every_release_at_every_traffic():
    cells = list(grid())
    assert len(cells) == 18 * 15 + 4 * 5
    assert {cell.client_rate for cell in cells if not cell.release.has_latency} == set(CLIENT_RATES.values())
    assert {cell.release for cell in cells} == {*GOOD, *BAD}
    assert all(not cell.has_history and cell.release.is_good for cell in without_history())


def test_fresh_cells_are_drawn_for_each_seed():
    one, other = list(fresh_grid(1)), list(fresh_grid(2))
    assert one == list(fresh_grid(1))
    assert one != other
    assert {cell.release.is_good for cell in one} == {True, False}
    assert all(6 <= cell.traffic <= 60000 and 0.0 < cell.base_rate <= 0.02 for cell in one)


def test_a_rate_is_never_above_one():
    assert Release("x", is_good=False, points=1.0).canary_rate(0.5) == 1.0
