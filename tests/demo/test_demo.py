import io
import json
from dataclasses import replace
from math import log

import pytest

from canary.rules.reports.document import read_document
from canary.rules.reports.recomputing import verdicts_again
from demo.__main__ import STARTING, main
from demo.readback import Look, Standing
from demo.report import tell_harm
from demo.rollouts import find_problems, run_demo
from demo.sample_code import archive
from demo.scenarios import SCENARIOS, Ending, choose
from demo.timeline import Timeline, can_be_live, make_console
from demo.witness import Witness
from embedded_aws.dataplane.served import Request, Served
from tests.consoles import a_console, text_of

ALIASES = {"orders-read:live": "1", "orders-read:canary": "1"}
AT_REST = Standing("d", {"lambdaAlias": "live"}, None, ALIASES, None, 2)
SCENARIO = {scenario.name: scenario for scenario in SCENARIOS}


def a_look(minute, **changes):
    look = Look(
        key=f"look#{minute}",
        at=60.0 * minute,
        verdict="CONTINUE",
        reason="all quiet",
        step=0,
        weight_percent=10.0,
        log_e=0.0,
        log_e_with_history=0.0,
        requests={"base": 500, "canary": 50},
        bad={"base": 1, "canary": 0},
    )
    return replace(look, **changes)


# One scenario, end to end.


def test_a_bad_release_is_shown_from_its_first_look_to_its_price(tmp_path):
    console = a_console()
    assert run_demo(choose("errors"), console, is_live=False, reports=tmp_path / "reports") == 0
    lines = text_of(console).splitlines()
    shown = "\n".join(line.rstrip() for line in lines)
    assert "errors: a release whose handlers return some 5xx" in shown
    assert any("ROLL_BACK" in line and "worse than base in errors" in line for line in lines)
    assert "base gets every request" in shown
    assert "rolled back after" in shown
    assert "no canary" in shown
    assert "orders-read:live at 1, orders-read:canary at 1" in shown
    assert "lock     free" in shown
    assert "canary requests failed beyond base's rate" in shown
    assert "Lambda calls" in shown
    assert "1 rollout in" in shown
    assert "all as expected" in shown

    page = tmp_path / "reports" / "errors.html"
    assert f"report   {page}" in shown
    assert "<title>Rolled back: orders, rollout errors</title>" in page.read_text(encoding="utf-8")
    assert page.with_suffix(".md").read_text(encoding="utf-8").startswith("# Rolled back: orders at 10 %")
    rollout, looks = read_document(json.loads(page.with_suffix(".json").read_text(encoding="utf-8")))
    assert rollout.rollout_id == "errors"
    assert [one.look.verdict for one in looks][-1] == "ROLL_BACK"
    assert all(one.is_same for one in verdicts_again(looks))


def test_a_creation_is_recorded_before_the_resource_exists(capsys, monkeypatch):
    monkeypatch.setattr("demo.rollouts.run_demo", lambda scenarios, *_, **__: len(scenarios))
    assert main(["rollouts", "--only", "errors"]) == 1
    assert capsys.readouterr().out == f"{STARTING}\n"


def test_an_unknown_scenario_is_answered_with_those_that_there_are(capsys):
    assert main(["rollouts", "--only", "sloow"]) == 2
    assert capsys.readouterr().err == (
        "there is no scenario sloow; take one of healthy, errors, crashes, slow, overload, outage\n"
    )


# What makes a scenario fail.


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({"ending": "Promoted"}, "it must end as RolledBack and ended as Promoted"),
        ({"last_weight_percent": 10.0}, "it must be rolled back at 50 % and was at 10 %"),
        ({"canary": "deployment d at 5.0 %"}, "the stage still has a canary: deployment d at 5.0 %"),
        ({"aliases": {**ALIASES, "orders-read:canary": "2"}}, "the aliases must be at"),
        ({"holder": "overload"}, "the lock is still held by overload"),
    ],
)
def test_a_rollout_with_the_wrong_ending_is_reported(found, problem):
    standing = {key: value for key, value in found.items() if key not in {"ending", "last_weight_percent"}}
    after = replace(AT_REST, **standing)
    given = {"ending": Ending.ROLLED_BACK, "last_weight_percent": 50.0, **found}
    problems = list(find_problems(SCENARIO["overload"], given["ending"], given["last_weight_percent"], ALIASES, after))
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_a_rollout_that_ends_as_it_must_has_no_problems():
    assert not list(find_problems(SCENARIO["overload"], "RolledBack", 50.0, ALIASES, AT_REST))


def test_every_scenario_is_a_release_that_can_be_built():
    zips = {scenario.name: archive({"NAME": scenario.name, **scenario.numbers}) for scenario in SCENARIOS}
    assert len(set(zips.values())) == len(SCENARIOS) == 6


# The timeline.


def test_the_timeline_prints_every_fifth_look_and_every_verdict_that_is_not_to_continue():
    console = a_console()
    with Timeline(console, is_live=False, started=0.0, weight_percents=[10.0, 50.0]) as timeline:
        for minute in range(1, 7):
            timeline.show(a_look(minute))
        timeline.show(a_look(7, verdict="ADVANCE", reason="no worse than base", log_e=2.0))
        timeline.show(a_look(8, step=1, weight_percent=50.0))
    rows = [line.split() for line in text_of(console).splitlines()]
    assert len(rows) == 3
    assert rows[1][:4] == ["5:00", "■□", "10", "%"]
    assert rows[2][:4] == ["7:00", "■□", "10", "%"]
    assert "3500 (7)" in text_of(console)
    assert "350 (0)" in text_of(console)
    assert {"7.39", "ADVANCE"} <= set(rows[2])


def test_the_timeline_shows_the_evidence_that_counts_against_the_bar():
    console = a_console()
    with Timeline(console, is_live=False, started=0.0, weight_percents=[10.0]) as timeline:
        timeline.show(a_look(1, verdict="HOLD", log_e=log(9), log_e_with_history=log(300)))
        timeline.show(a_look(2, verdict="HOLD", log_e=log(12), log_e_with_history=log(300)))
    _, before, after = text_of(console).splitlines()
    assert "9" in before.split()
    assert "228" in after.split()


def test_the_timeline_on_a_terminal_shows_each_look_while_it_is_the_newest():
    console = a_console(is_terminal=True)
    with Timeline(console, is_live=True, started=0.0, weight_percents=[10.0]) as timeline:
        timeline.show(a_look(1, reason="the newest look"))
        assert text_of(console).count("the newest look") == 1
        timeline.show(a_look(2, reason="a newer look"))
    shown, _, after = text_of(console).rpartition("a newer look")
    assert "\x1b[" in shown
    assert "the newest look" not in after


def test_a_timeline_that_is_not_live_prints_no_line_twice():
    console = a_console(is_terminal=True)
    with Timeline(console, is_live=False, started=0.0, weight_percents=[10.0]) as timeline:
        timeline.show(a_look(1, reason="the newest look"))
        timeline.show(a_look(2, verdict="HOLD", reason="a word of its own"))
    assert "\x1b[" not in text_of(console)
    assert "the newest look" not in text_of(console)
    assert text_of(console).count("a word of its own") == 1


def test_the_timeline_has_a_line_of_its_own_for_reasons_where_there_is_little_room():
    console = a_console(width=80)
    with Timeline(console, is_live=False, started=0.0, weight_percents=[10.0]) as timeline:
        timeline.show(a_look(1, verdict="HOLD", reason="nothing is known of the canary yet"))
    assert text_of(console).splitlines()[-1].rstrip() == "      nothing is known of the canary yet"


def test_the_timeline_tells_what_the_machine_does_besides_looking_once():
    console = a_console()
    with Timeline(console, is_live=False, started=0.0, weight_percents=[10.0]) as timeline:
        timeline.note_states([(60.0, "MakeSafe"), (120.0, "WhichEnding"), (120.0, "MakeSafe")])
    assert text_of(console).count("base gets every request") == 1


@pytest.mark.parametrize(("encoding", "progress"), [("utf-8", "■□"), ("latin-1", "#."), ("ascii", "#.")])
def test_the_timeline_shows_its_steps_in_the_characters_that_there_are(encoding, progress):
    console = a_console(encoding=encoding)
    with Timeline(console, is_live=False, started=0.0, weight_percents=[10.0, 50.0]) as timeline:
        timeline.show(a_look(1, verdict="HOLD"))
    assert progress in text_of(console).split()


# Where it is written.


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("output", "term", "can"),
    [
        (Terminal(), "xterm-256color", True),
        (Terminal(), "dumb", False),
        (Terminal(), "", False),
        (io.StringIO(), "xterm-256color", False),
    ],
    ids=["a terminal", "a terminal that cannot go back", "a terminal of no name", "a pipe"],
)
def test_only_a_terminal_that_can_go_back_has_a_live_timeline(output, term, can):
    assert can_be_live(output, term) is can


@pytest.mark.parametrize("colour", [{}, {"FORCE_COLOR": "1"}, {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"COLUMNS": "40"}], ids=str)
def test_a_pipe_has_room_for_a_line_per_look(monkeypatch, colour):
    for name, value in colour.items():
        monkeypatch.setenv(name, value)
    assert make_console(io.StringIO()).width >= 140


def test_a_terminal_has_the_width_that_it_says(monkeypatch):
    monkeypatch.setenv("COLUMNS", "97")
    assert make_console(Terminal()).width == 97


def test_a_character_that_the_locale_does_not_have_ends_nothing(monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", output)
    monkeypatch.setattr("demo.rollouts.run_demo", lambda _, console, **__: console.print("ü") or 0)
    assert main(["rollouts"]) == 0
    output.flush()
    assert output.buffer.getvalue().decode("ascii").splitlines() == [STARTING, "?"]


# What clients got.


def served(arm, status, latency, at=0.0):
    return Served(Request("a", "prod", "GET", "/", at), "r", "x", arm=arm, status=status, latency=latency)


def test_harm_is_what_the_canary_did_beyond_what_base_would_have_done():
    witness = Witness()
    for number in range(100):
        witness(served("base", 503 if number < 10 else 200, 50))
        witness(served("canary", 503 if number < 30 else 200, 50 if number < 60 else 500))
    assert witness.requests == 200
    assert witness.harmed().requests == 20
    assert witness.slowed(100.0).requests == 40
    witness.restart()
    assert (witness.requests, witness.harmed().requests) == (0, 0)


def test_harm_is_reported_minute_by_minute():
    """An outage of both arms, in the minute in which the canary has more requests."""
    witness = Witness()
    for arm, requests, at in (("base", 90, 0.0), ("canary", 10, 0.0), ("base", 50, 60.0), ("canary", 50, 60.0)):
        for number in range(requests):
            witness(served(arm, 503 if at and number % 2 else 200, 500 if at else 50, at))
    assert (witness.harmed().requests, witness.slowed(100.0).requests) == (0, 0)


@pytest.mark.parametrize(
    ("bad", "slow", "said"),
    [
        (0, 0, "0 of 100 canary requests failed beyond base's rate; 0 more were slower than base's p99 of 100 ms"),
        (
            3,
            2,
            (
                "none beyond chance: 3 of 100 canary requests failed beyond base's rate; "
                "2 more were slower than base's p99 of 100 ms, within chance"
            ),
        ),
        (30, 40, "30 of 100 canary requests failed beyond base's rate; 40 more were slower than base's p99 of 100 ms"),
    ],
)
def test_harm_that_chance_explains_is_called_so(bad, slow, said):
    witness = Witness()
    for number in range(100):
        witness(served("base", 200, 50))
        witness(served("canary", 503 if number < bad else 200, 500 if number < slow else 50))
    assert tell_harm(witness, 100.0) == said
    assert tell_harm(witness, None) == said.partition(";")[0]
