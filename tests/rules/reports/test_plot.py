import pytest

from canary.rules.reports.amounts import in_utc
from canary.rules.reports.markup import joined
from canary.rules.reports.plot import WIDTH, Axis, band, frame, line, round_ticks, step_marks, steps, time_ticks, together
from tests.builders import NOON

HOUR = frame(NOON, NOON + 3600, 0.0, 1.0)


def test_a_scale_ends_where_its_figures_end():
    axis = Axis(0.0, 10.0, 100.0, 200.0)
    assert [axis.at(value) for value in (-5.0, 0.0, 5.0, 10.0, 99.0)] == [100.0, 100.0, 150.0, 200.0, 200.0]


def test_a_frame_without_extent_still_has_a_scale():
    flat = frame(NOON, NOON, 0.0, 0.0)
    assert flat.x.at(NOON) < flat.x.at(NOON + 60)
    assert flat.y.at(0.0) > flat.y.at(1.0)


def test_a_line_and_a_band_go_through_their_points():
    assert line(HOUR, [(NOON, 0.0), (NOON + 3600, 1.0)], "x") == '<path d="M44.0 166.0L350.0 26.0" class="x"/>'
    assert band(HOUR, [(NOON, 0.0, 1.0)], "x") == '<path d="M44.0 26.0L44.0 166.0Z" class="x"/>'
    assert steps(HOUR, [(NOON, 0.0), (NOON + 1800, 1.0)], "x").count("L") == 3


def test_times_are_labelled_at_round_minutes_of_the_zone():
    drawn = joined(time_ticks(HOUR, in_utc))
    assert [minute for minute in ("12:00", "12:15", "12:30", "12:45", "13:00") if f">{minute}<" in drawn] == [
        "12:00",
        "12:15",
        "12:30",
        "12:45",
        "13:00",
    ]
    fortnight = joined(time_ticks(frame(NOON, NOON + 500 * 86_400.0, 0.0, 1.0), lambda at: in_utc(at).replace(tzinfo=None)))
    assert fortnight.count("<text") > 4


def test_weights_are_labelled_where_there_is_room():
    marks = [(NOON - 60, "5 %"), (NOON + 60, "10 %"), (NOON + 120, "25 %"), (NOON + 3590, "50 %")]
    drawn = joined(step_marks(HOUR, marks))
    assert drawn.count("<line") == 3
    assert [words for words in ("5 %", "10 %", "25 %", "50 %") if f">{words}<" in drawn] == ["10 %", "50 %"]
    assert 'text-anchor="end"' in drawn


@pytest.mark.parametrize("high", [0.0013, 0.02, 0.5, 0.94, 1.0, 37.0])
def test_ticks_are_few_and_within_the_scale(high):
    ticks = round_ticks(high)
    assert ticks[0] == 0.0
    assert 2 <= len(ticks) <= 5
    assert ticks[-1] <= high * (1 + 1e-9)


def test_parts_are_drawn_in_their_order():
    first, second = line(HOUR, [(NOON, 0.0)], "a"), line(HOUR, [(NOON, 0.0)], "b")
    assert together([first], [second]) == f"{first}{second}"
    assert WIDTH == 360.0
