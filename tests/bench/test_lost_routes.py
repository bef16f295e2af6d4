from __future__ import annotations

import sys

from bench import lost_routes
from bench.cells import CLIENT_RATES, Cell, Release
from bench.measured import ARMS_ONLY, CONTROLLER

LOST = Cell(Release("lost", is_good=False, lost=1 / 3), 600, 0.001)


def test_a_lost_route_is_found_by_its_4xx():
    tallies = lost_routes.measure(LOST, 4).tallies
    assert tallies[CONTROLLER].back == tallies[ARMS_ONLY].back == 4
    assert tallies[CONTROLLER].minutes_back / 4 < 6.0


def test_every_traffic_is_reported_with_every_usual_share_of_4xx():
    cells = list(lost_routes.cells())
    assert {cell.client_rate for cell in cells} == set(CLIENT_RATES.values())
    assert len(cells) == len(lost_routes.LOST) * len(lost_routes.TRAFFICS) * len(CLIENT_RATES)


def test_reports_what_it_took_and_what_was_never_found(monkeypatch, capsys):
    hopeless = Cell(Release("lost", is_good=False, lost=0.001), 6, 0.001)
    monkeypatch.setattr(lost_routes, "cells", lambda: iter([LOST, hopeless]))
    monkeypatch.setattr(sys, "argv", ["lost_routes", "--runs", "2"])
    lost_routes.main()
    first, second = capsys.readouterr().out.splitlines()[2:]
    assert first.startswith("| 33% | 600 | 3.0% | 100% |")
    assert second.startswith("| 0% | 6 | 3.0% | 0% |  |")
