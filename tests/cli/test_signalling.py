"""`canary pause`, `resume` and `promote`: what they say and ask, what the controller answers, and each exit code."""

from __future__ import annotations

import re
import sys
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from canary_cli.app import run
from demo.controller import TARGET_PREFIX
from embedded_aws.faults.calls import Fault, Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]


class Terminal(StringIO):
    """A terminal's input."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Types this in a terminal."""
    return lambda text: monkeypatch.setattr(sys, "stdin", Terminal(text))


def test_a_pause_says_where_and_what_it_changes_and_a_look_applies_it(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    told = canary("pause", "orders", "--reason", "OPS-1")

    assert told.code == 0, told.err
    assert "account 123456789012, Region eu-west-1, target orders" in told.out
    assert f"live      orders-read 1, orders-write 1; deployment {ground.old_deployment}" in told.out
    assert f"change    rollout {walk.rollout_id}: the bake's clock stops; the weight, the looks and every veto stay" in told.out
    assert "aws lambda invoke --region eu-west-1 --function-name canary-OperateRollout --cli-binary-format" in told.out
    assert f"orders: pause is accepted for rollout {walk.rollout_id}: the bake's clock stops" in told.out
    assert "; a look applies it within " in told.out

    again = canary("pause", "orders")
    assert again.code == 0
    assert "change    nothing: the rollout is paused already" in again.out
    assert f"pause changes nothing for rollout {walk.rollout_id}: the rollout is paused already" in again.out

    asked = canary("status", "orders").out
    assert re.search(r"  asked     pause at [\d:]+ \S+ \(OPS-1\); the next look hears it\n", asked)

    walk.pause(60)
    walk.look()
    assert walk.record.steering.pause.reason == "OPS-1"
    told = canary("status", "orders").out
    assert re.search(r"  paused    since .* \(OPS-1\); the bake's clock stands; roll_back at .* unless it is resumed\n", told)
    assert "the rollout is rolled back, unless canary resume comes before; looks go on meanwhile" in told
    assert "  asked " not in told
    answer = canary("status", "orders", "--json").json["rollout"]
    assert (answer["asked"], answer["paused"]["reason"], answer["paused"]["after_pause"]) == (None, "OPS-1", "roll_back")
    assert answer["paused"]["paused_until"].endswith("Z")
    assert "because an operator has paused the rollout: OPS-1." in canary("explain", "orders").out


def test_a_resumption_ends_a_pause_and_says_so_in_json(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    canary("pause", "orders")
    told = canary("resume", "orders", "--json")

    assert told.code == 0
    assert told.json["verb"] == "resume"
    assert (told.json["account"], told.json["region"], told.json["target"]) == ("123456789012", "eu-west-1", "orders")
    assert told.json["changes"] == [f"rollout {walk.rollout_id}: the bake's clock runs on"]
    assert (told.json["answer"], told.json["rollout"], told.json["phase"]) == ("ACCEPTED", walk.rollout_id, "shifting")
    assert "is not paused" in canary("resume", "orders").out


def test_a_promotion_is_asked_of_the_other_function(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    told = canary("promote", "orders", "--reason", "OPS-2", "--yes")

    assert told.code == 0, told.err
    assert "--function-name canary-AuthorizeRollout" in told.out
    assert f"orders: promote is accepted for rollout {walk.rollout_id}: the remaining steps are skipped" in told.out
    assert ground.rig.records.find(walk.rollout_id, signal=True).signal.reason == "OPS-2"


def test_a_firing_alarm_refuses_a_promotion_unless_it_is_tolerated(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    ground.fire()
    refused = canary("promote", "orders", "--yes")
    (alarm,) = [name for name in walk.record.target.alarms if name in refused.out] or [""]

    assert refused.code == 3
    assert "orders: promote is refused: " in refused.out
    assert alarm
    tolerated = canary("promote", "orders", "--tolerate-alarm", alarm, "--yes")
    assert tolerated.code == 0
    assert ground.rig.records.find(walk.rollout_id, signal=True).signal.tolerated_alarms == (alarm,)


def test_without_a_terminal_a_promotion_needs_yes(ground: Ground, canary: Canary, monkeypatch: pytest.MonkeyPatch):
    walk = ground.walk().shift()
    monkeypatch.setattr(sys, "stdin", StringIO("y\n"))
    told = canary("promote", "orders", "--json")

    assert (told.code, told.out, told.error["code"]) == (2, "", "NotConfirmed")
    assert "--yes" in told.error["fix"]
    assert ground.rig.records.find(walk.rollout_id, signal=True).signal is None


def test_in_a_terminal_a_promotion_asks_first(ground: Ground, canary: Canary, type_in: Callable[[str], None]):
    walk = ground.walk().shift()
    type_in("y\n")
    told = canary("promote", "orders")

    assert told.code == 0
    assert "promote orders in account 123456789012, Region eu-west-1? [y/N]" in told.err
    assert "promote is accepted" in told.out
    assert ground.rig.records.find(walk.rollout_id, signal=True).signal is not None


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_a_promotion_that_is_not_confirmed_changes_nothing(
    ground: Ground, canary: Canary, type_in: Callable[[str], None], typed: str
):
    walk = ground.walk().shift()
    type_in(typed)
    told = canary("promote", "orders")

    assert told.code == 2
    assert "orders was not promoted" in told.err
    assert ground.rig.records.find(walk.rollout_id, signal=True).signal is None


@pytest.mark.parametrize(("verb", "code"), [("pause", 3), ("resume", 0), ("promote", 3)])
def test_without_a_rollout_there_is_nothing_to_do(canary: Canary, verb: str, code: int):
    told = canary(verb, "orders", *(["--yes"] if verb == "promote" else []))

    assert told.code == code
    assert "change    nothing: no rollout is in progress" in told.out
    assert f"orders: no rollout is in progress, so there is nothing to {verb}" in told.out


def test_a_verb_on_an_unknown_target_is_refused(canary: Canary):
    told = canary("resume", "odrers")

    assert told.code == 3
    assert "resume is refused: " in told.out
    assert "registered targets: orders" in told.out


def test_a_pause_past_the_commit_point_is_refused(ground: Ground, canary: Canary):
    ground.walk().move_base()
    told = canary("pause", "orders")

    assert told.code == 3
    assert "change    nothing: the rollout is being promoted and past its commit point; let it end" in told.out


def test_a_pause_does_not_depend_on_what_can_be_read(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    ground.aws.faults.add(Fault(None, "ssm", "GetParameter", Mode.REFUSED))
    ground.aws.client("ssm").put_parameter(Name=f"{TARGET_PREFIX}orders", Type="String", Value="{", Overwrite=True)
    told = canary("pause", "orders")

    assert told.code == 0
    assert "change    not known: AWS refused" in told.out
    assert ground.rig.records.find(walk.rollout_id, signal=True).signal is not None


@pytest.mark.parametrize(
    ("words", "service", "operation", "policy"),
    [
        (["pause", "orders"], "lambda", "Invoke", "canary-operator-eu-west-1"),
        (["promote", "orders", "--yes"], "lambda", "Invoke", "canary-authorizer-eu-west-1"),
        (["start", "orders"], "stepfunctions", "StartExecution", "canary-starter-eu-west-1"),
    ],
)
def test_a_denied_verb_names_the_policy_to_ask_for(
    ground: Ground, canary: Canary, words: list[str], service: str, operation: str, policy: str
):
    ground.aws.faults.add(Fault(None, service, operation, Mode.REFUSED))
    told = canary(*words, "--json")

    assert (told.code, told.error["code"]) == (7, "Denied"), told.err
    assert policy in told.error["fix"]


def test_the_question_is_not_asked_of_help(capsys: pytest.CaptureFixture[str]):
    assert run(["promote", "--help"]) == 0
    assert "--tolerate-alarm" in capsys.readouterr().out


def test_a_note_is_shown_by_explain_and_history_which_counts_without_a_false_alarm(ground: Ground, canary: Canary):
    walk = ground.walk().shift()
    walk.end()
    told = canary("note", walk.rollout_id, "the payment provider was down", "--false-alarm")
    assert told.code == 0, told.err
    assert f"change    rollout {walk.rollout_id} gets a note that calls its rollback a false alarm: the payment" in told.out
    assert "aws lambda invoke --region eu-west-1 --function-name canary-OperateRollout" in told.out
    assert told.out.endswith("orders: the note is kept with the rollout\n")
    assert (
        canary("note", walk.rollout_id, "the payment provider was down", "--false-alarm", "--json").json["answer"]
        == "UNCHANGED"
    )

    assert "Someone noted, as a false alarm: the payment provider was down" in canary("explain", walk.rollout_id).out
    told = canary("history", "orders", "--since", "1h")
    assert re.search(r"    noted .*, false alarm: the payment provider was down\n", told.out)
    assert "; without false alarms " in told.out
    answer = canary("history", "orders", "--json").json
    past = next(one for one in answer["past"] if one["rollout_id"] == walk.rollout_id)
    assert past["is_false_alarm"]
    assert past["notes"][0]["noted_at"].endswith("Z")
    assert answer["false_alarms"] == 1
    ended = answer["promotions"] + answer["rollbacks"]
    assert answer["rate_without_false_alarms"] == (answer["rollbacks"] - 1) / ended < answer["change_failure_rate"]


def test_a_note_that_cannot_be_kept_says_why(canary: Canary):
    told = canary("note", "nope", "x", "--json")
    assert (told.code, told.json["answer"]) == (3, "REFUSED")
    assert "no rollout nope is recorded" in told.json["reason"]
    assert canary("note", "nope", "two\nlines").code == 2
