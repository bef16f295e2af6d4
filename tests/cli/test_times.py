import time

import pytest

from canary.rules.reports.amounts import lasting
from canary_cli.exits import CommandError, ExitCode
from canary_cli.requesting import parse_duration
from canary_cli.stories.instants import local, local_clock, utc

NOON = 1_767_614_400.0


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("90d", 7_776_000)])
def test_a_duration_has_a_number_and_a_unit(text: str, seconds: int):
    assert parse_duration(text, "--timeout") == seconds


@pytest.mark.parametrize("text", ["", "90", "1.5h", "h", "1w", "-5m"])
def test_what_is_no_duration_is_refused_with_an_example(text: str):
    with pytest.raises(CommandError) as refused:
        parse_duration(text, "--timeout")

    assert refused.value.exit_code is ExitCode.USAGE
    assert "--timeout is a number with a unit" in refused.value.message
    assert "90s" in refused.value.fix


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (12_000, "3 h 20 min"), (187_200, "2 d 4 h")],
)
def test_a_duration_is_told_in_two_units_at_most(seconds: float, said: str):
    assert lasting(seconds) == said


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_people_read_their_own_zone_and_programs_utc():
    assert local(NOON) == "2026-01-05 13:00:00 CET"
    assert local_clock(NOON) == "13:00:00 CET"
    assert utc(NOON) == "2026-01-05T12:00:00Z"
