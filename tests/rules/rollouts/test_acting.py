"""What a record keeps of who did what, and what events and outputs say of it."""

import json
from dataclasses import replace

import pytest

from canary.rules.rollouts.acting import LONGEST_REASON, MOST_ACTIONS, MOST_TOLD, describe_actions, with_action
from canary.rules.rollouts.actions import Action, CalledBy, StartedBy, told
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.report import summary
from canary.rules.rollouts.rollout import Rollout
from canary.rules.rollouts.upgrades import upgrade
from tests.builders import NOON, a_rollout

ALICE = "arn:aws:sts::123456789012:assumed-role/oncall/alice"


def an_action(number, verb="pause", **caller):
    return Action(NOON + number, verb, f"OPS-{number}", CalledBy(request_id=f"request-{number}", **caller))


def with_actions(count):
    rollout = a_rollout()
    for number in range(count):
        rollout = with_action(rollout, an_action(number))
    return rollout


def test_actions_are_kept_in_their_order():
    assert [action.reason for action in with_actions(3).actions] == ["OPS-0", "OPS-1", "OPS-2"]


def test_beyond_the_limit_the_oldest_but_the_first_are_dropped_and_counted():
    rollout = with_actions(MOST_ACTIONS + 5)
    reasons = [action.reason for action in rollout.actions]

    assert (len(reasons), rollout.actions_dropped) == (MOST_ACTIONS, 5)
    assert reasons[:2] == ["OPS-0", "OPS-6"]
    assert reasons[-1] == f"OPS-{MOST_ACTIONS + 4}"


def test_the_longest_actions_fit_into_a_record():
    long = Action(NOON, "promote", "r" * 500, CalledBy("a" * 1300, "c" * 200, "i" * 40, "p" * 64, "u" * 400))
    rollout = a_rollout()
    for number in range(MOST_ACTIONS):
        rollout = with_action(rollout, replace(long, caller=replace(long.caller, request_id=str(number))))

    assert len(rollout.actions[0].reason) == LONGEST_REASON
    assert len(json.dumps(encode(rollout))) < 300_000


def test_a_request_that_is_carried_out_again_is_kept_once():
    action = an_action(1)

    assert with_action(with_action(a_rollout(), action), replace(action, at=NOON + 9)).actions == (action,)
    assert len(with_action(with_action(a_rollout(), action), replace(action, verb="abort")).actions) == 2
    unknown = Action(NOON, "pause")
    assert len(with_action(with_action(a_rollout(), unknown), unknown).actions) == 2


@pytest.mark.parametrize(
    ("caller", "said"),
    [
        (CalledBy(), "aborted: OPS-1"),
        (CalledBy(ALICE), f"aborted by {ALICE}: OPS-1"),
        (CalledBy(claimed="bob"), "aborted by someone (claimed: bob): OPS-1"),
        (CalledBy(ALICE, claimed="bob"), f"aborted by {ALICE} (claimed: bob): OPS-1"),
    ],
)
def test_a_sentence_never_shows_a_claim_as_proven(caller, said):
    assert told("aborted", caller, "OPS-1") == said
    assert told("aborted", caller, "") == said.removesuffix(": OPS-1")


def test_what_is_not_known_is_left_out_of_events_and_outputs():
    assert describe_actions(a_rollout()) == {}
    assert describe_actions(a_rollout(started_by=StartedBy("arn:x"))) == {}


def test_events_and_outputs_have_the_newest_actions_and_the_claims_of_the_starter():
    rollout = replace(with_actions(MOST_TOLD + 2), started_by=StartedBy("arn:x", "arn:parent", "alice", is_scheduled=True))
    rollout = with_action(rollout, an_action(99, "abort", arn=ALICE))
    found = describe_actions(rollout)

    assert found["started_by"] == "claimed: alice; execution arn:parent; a schedule"
    assert len(found["actions"]) == MOST_TOLD
    assert found["actions"][-1] == {
        "at": "2026-01-31T12:01:39Z",
        "verb": "abort",
        "by": ALICE,
        "claimed": "",
        "request_id": "request-99",
        "reason": "OPS-99",
    }
    assert summary(rollout, "rolled_back", NOON)["actions"] == found["actions"]


def test_records_keep_them_and_older_records_do_without():
    rollout = replace(with_actions(2), started_by=StartedBy("arn:x", claimed="alice"))
    assert decode(Rollout, json.loads(json.dumps(encode(rollout)))) == rollout

    old = {key: value for key, value in encode(a_rollout()).items() if key not in {"started_by", "actions", "actions_dropped"}}
    rollout = a_rollout()
    minutely = replace(rollout.plan.policy, calm_look_seconds=60)
    target, plan = (replace(one, policy=minutely) for one in (rollout.target, rollout.plan))
    assert decode(Rollout, upgrade(old, 6)) == replace(rollout, target=target, plan=plan)
