import io
import json
import re
from dataclasses import replace

import pytest

from canary.rules.reports.document import read_document
from canary.rules.reports.recomputing import verdicts_again
from canary_cli.following import Follower
from canary_cli.output import Output
from canary_cli.screens import Lines
from demo.__main__ import STARTING, main
from demo.readback import Standing
from demo.report import make_console, tell_harm
from demo.rollouts import find_problems, run_demo
from demo.sample_code import archive
from demo.scenarios import SCENARIOS, Ending, choose
from demo.watcher import Watcher
from demo.witness import Witness
from embedded_aws.dataplane.served import Request, Served
from tests.consoles import a_console, text_of

ALIASES = {"orders-read:live": "1", "orders-read:canary": "1"}
AT_REST = Standing("d", {"lambdaAlias": "live"}, None, ALIASES, None, 2)
SCENARIO = {scenario.name: scenario for scenario in SCENARIOS}


# One scenario, end to end.


def test_a_bad_release_is_shown_from_its_first_look_to_its_price(monkeypatch, tmp_path):
    console, again, follow = a_console(), a_console(), Watcher.follow

    def follow_and_watch_again(watcher, name, execution):
        weight_percent, connection = follow(watcher, name, execution), watcher._connection
        follower = Follower("orders", name)
        screen = Lines(Output(is_json=False, console=again), is_whole=True)
        screen.show(follower, follower.poll(connection), connection)
        return weight_percent

    monkeypatch.setattr(Watcher, "follow", follow_and_watch_again)
    assert run_demo(choose("errors"), console, reports=tmp_path / "reports") == 0
    lines = text_of(console).splitlines()
    looks = [line for line in lines if re.search(r"^[\d:]+ \S+ orders step \d of \d at", line)]
    assert len(looks) > 3
    assert [line for line in text_of(again).splitlines() if line in looks] == looks  # as the command prints them
    shown = "\n".join(line.rstrip() for line in lines)
    assert "errors: a release whose handlers return some 5xx" in shown
    assert any("ROLL_BACK" in line and "worse than base in errors" in line for line in lines)
    assert "base gets all traffic and the canary is removed" in shown
    assert "orders: rollout errors: rolled_back: " in shown
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


# Where it is written.


class Terminal(io.StringIO):
    def isatty(self):
        return True


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
