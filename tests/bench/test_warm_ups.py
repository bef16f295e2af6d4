"""The table of what a known warm-up is worth."""

import pytest

from bench import warm_ups
from bench.cells import LATENCY_BASE_RATE, Cell
from canary.rules.judging.warm_up import UNKNOWN, USUAL


def cell(name: str, traffic: int) -> Cell:
    return next(one for one in warm_ups.cells() if one.release.name == name and one.traffic == traffic)


def told(of: Cell, run: int) -> dict[tuple[float, ...], float]:
    measured, figures = warm_ups.measure((of, run))
    assert measured == of
    return dict(zip(warm_ups.SHARES, figures, strict=True))


def test_compares_latency_alone():
    assert {one.release.name for one in warm_ups.cells()} == {"1.5 times slower", "p99 1.5 times", "latency same", "cold start"}
    assert {one.base_rate for one in warm_ups.cells()} == {LATENCY_BASE_RATE}


@pytest.mark.parametrize("run", range(3))
def test_a_slow_release_harms_more_the_longer_it_may_be_a_warm_up(run: int):
    harmed = told(cell("1.5 times slower", 6000), run)
    assert 0.0 < harmed[0.003, 0.003] <= harmed[USUAL] < harmed[UNKNOWN]


def test_a_good_release_that_is_colder_than_was_said_is_rolled_back():
    lost = told(cell("cold start", 6000), 0)
    assert lost[0.003, 0.003] == 1.0
    assert lost[USUAL] == lost[UNKNOWN] == 0.0


def test_prints_a_row_for_each_value_of_the_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(warm_ups, "TRAFFICS", (6000,))
    monkeypatch.setattr("sys.argv", ["bench.warm_ups", "--runs", "2", "--processes", "1"])
    warm_ups.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("| latency same, rolled back | cold start, rolled back |")
    assert len(lines) == 2 + len(warm_ups.SHARES)
    assert lines[2].startswith("| 0.1, 0.02 | 1.00 ± 0.00 |")
    assert lines[-1].endswith("| 100.00% |")
