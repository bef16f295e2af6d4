from __future__ import annotations

from math import comb

import numpy as np
import pytest

from bench.cells import BAD, GOOD, Cell
from bench.oracles import arms_only, wald, wald_on_evidence
from bench.peers import PEERS, exact_p, z_score
from bench.policies import COMMON
from bench.rank_test import is_higher
from bench.rollout import Tape, roll_out
from bench.world import World
from canary_cli.backtest.alarm_math import AlarmState, score


def a_tape(release, traffic=600, rate=0.001, seed=3) -> Tape:
    return roll_out(World(Cell(release, traffic, rate), np.random.default_rng(seed)), COMMON)


def fisher(nc, ec, nb, eb):
    bad = ec + eb
    ways = [comb(nc, x) * comb(nb, bad - x) for x in range(min(nc, bad) + 1)]
    return sum(ways[ec:]) / sum(ways)


@pytest.mark.parametrize("counts", [(10, 3, 30, 2), (60, 4, 540, 5), (5, 5, 5, 1), (100, 9, 900, 20)])
def test_the_exact_test_equals_its_enumeration(counts):
    assert exact_p(*counts) == pytest.approx(fisher(*counts), rel=1e-6)


@pytest.mark.parametrize("counts", [(0, 0, 10, 1), (10, 0, 30, 3), (10, 1, 0, 0)])
def test_the_exact_test_accuses_no_release_without_an_excess(counts):
    assert exact_p(*counts) == 1.0


def test_the_z_score_is_that_of_two_proportions():
    assert z_score(100, 20, 100, 10) == pytest.approx(0.1 / (0.15 * 0.85 * 0.02) ** 0.5)
    assert z_score(100, 0, 100, 0) == z_score(0, 0, 10, 1) == 0.0


def test_the_rank_test_wants_a_shift_that_is_clear():
    base = [0.01 + k * 1e-4 for k in range(10)]
    assert is_higher([rate + 0.05 for rate in base], base)
    assert not is_higher(base, base)
    assert not is_higher([], base)
    assert not is_higher([0.2], [0.1])


def test_the_alarm_scores_a_minute_as_the_product_writes_it():
    assert score((60, 12, 540, 5)) == pytest.approx(z_score(60, 12, 540, 5))
    assert score((60, 40, 540, 5)) == pytest.approx(4 * z_score(60, 40, 540, 5))
    assert score((9, 9, 540, 5)) == score((60, 4, 540, 5)) == score((60, 12, 0, 0)) == 0
    assert score((60, 60, 540, 540)) is None


def test_the_alarm_fires_on_seven_of_nine_minutes():
    alarm = AlarmState()
    heard = []
    for number in range(12):
        alarm.hear((60, 0, 540, 5) if number in {2, 5, 9, 10, 11} else (60, 60, 540, 5))
        heard.append(alarm.is_firing)
    assert heard == [False] * 8 + [True] + [False] * 3


def test_every_peer_passes_a_release_that_never_fails():
    tape = a_tape(GOOD[0], rate=0.0)
    assert {name for name, peer in PEERS.items() if peer(tape) is not None} == set()


def test_every_peer_but_the_rarest_looker_stops_a_release_that_always_fails():
    tape = a_tape(BAD[4])
    stopped = {name: peer(tape) for name, peer in PEERS.items()}
    assert None not in stopped.values()
    assert stopped["z test, each minute"] < stopped["exact test, each step"]
    assert stopped["Argo Rollouts"] > tape.began + 19 * 60


def test_only_peers_that_read_latency_stop_a_slow_release():
    tape = a_tape(BAD[8], rate=0.0)
    assert {name for name, peer in PEERS.items() if peer(tape) is not None} == {
        "Flagger",
        "Kayenta",
        "exact test, each step",
        "z test, each minute",
    }


def test_the_oracle_that_knows_most_is_first():
    for seed in range(5):
        tape = a_tape(BAD[3], seed=seed)
        first, settled, arms = wald(tape), wald_on_evidence(tape), arms_only(tape)
        assert first is not None
        assert settled is not None
        assert arms is not None
        assert first <= settled <= arms


def test_the_oracles_accuse_no_release_of_what_base_does_too():
    for release in (GOOD[0], GOOD[2], GOOD[4]):
        tape = a_tape(release)
        assert wald(tape) is arms_only(tape) is None
