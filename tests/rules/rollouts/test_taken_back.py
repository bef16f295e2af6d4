"""Which release is which, and what is kept of those that were rolled back."""

from dataclasses import replace

import pytest

from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.succession import Successor
from canary.rules.rollouts.taken_back import (
    LONGEST_REASON,
    MOST_KEPT,
    TakenBack,
    after_end,
    find_earlier,
    find_repetition,
    find_unread,
    identify,
    mark_retry,
    note_unread,
)
from canary.rules.targets.policy import AfterRollback
from tests.builders import NOON, OVERRIDES, a_policy, a_rollout, a_target, an_intent


def a_release(fingerprint="v2:one", deployment_id="dep-new", variables=None, **changes):
    """A rollout of this definition, these variables and these versions."""
    intent = an_intent(deployment_id=deployment_id, overrides={**OVERRIDES, **(variables or {})}, **changes)
    rollout = a_rollout(intent=intent)
    return replace(rollout, plan=replace(rollout.plan, fingerprint=fingerprint))


def ended(rollout, phase=Phase.ROLLED_BACK, **changes):
    return replace(rollout, phase=phase, **{"ended_at": NOON + 60, "reason": "5xx", **changes})


@pytest.mark.parametrize(
    "other",
    [
        a_release(deployment_id=None),
        a_release(deployment_id="dep-other"),
        a_release(fingerprint="v3:made-by-newer-rules"),
        a_release(versions={"orders-write": "6", "orders-read": "2"}),
    ],
)
def test_one_release_is_the_same_however_it_is_asked_for(other):
    assert identify(a_release()).is_same_as(identify(other))
    assert identify(other).is_same_as(identify(a_release()))


@pytest.mark.parametrize(
    "other",
    [
        a_release(fingerprint="v2:two", deployment_id=None),
        a_release(fingerprint="v2:two", deployment_id="dep-other"),
        a_release(fingerprint=None, deployment_id=None),
        a_release(versions={"orders-read": "3", "orders-write": "6"}),
        a_release(variables={"newCheckout": "on"}),
    ],
)
def test_another_version_definition_or_variable_makes_another_release(other):
    assert not identify(a_release()).is_same_as(identify(other))


def test_without_a_stage_the_versions_are_the_release():
    one = identify(a_rollout(target=a_target(stage=None)))
    assert one.is_same_as(identify(a_rollout(target=a_target(stage=None), rollout_id="run-2")))


def test_a_release_that_was_rolled_back_is_kept_with_when_and_why():
    (kept,) = after_end((), ended(a_release()))
    assert kept == TakenBack(identify(a_release()), "run-1", NOON + 60, "5xx")
    assert str(kept) == "rollout run-1 of the same release was rolled back at 2026-01-31T12:01:00Z: 5xx"
    assert find_earlier((kept,), a_release(deployment_id=None)) == kept
    assert find_earlier((kept,), a_release(variables={"newCheckout": "on"})) is None


def test_without_a_reason_or_an_end_the_text_says_what_there_is():
    (kept,) = after_end((), ended(a_release(), ended_at=None, reason=""))
    assert str(kept) == "rollout run-1 of the same release was rolled back at 2026-01-31T12:00:00Z"


def test_a_long_reason_is_cut():
    (kept,) = after_end((), ended(a_release(), reason="x" * 5000))
    assert kept.reason == "x" * LONGEST_REASON


def test_a_release_that_is_rolled_back_twice_is_kept_once_with_its_last_rollout():
    first = after_end((), ended(a_release()))
    (again,) = after_end(first, ended(a_release(), rollout_id="run-2"))
    assert again.rollout_id == "run-2"


def test_a_release_that_is_promoted_after_all_is_forgotten_and_no_other_one():
    other = ended(a_release(variables={"newCheckout": "on"}), rollout_id="run-0")
    kept = after_end(after_end((), other), ended(a_release()))
    assert [one.rollout_id for one in kept] == ["run-1", "run-0"]
    assert [one.rollout_id for one in after_end(kept, ended(a_release(), Phase.PROMOTED, rollout_id="run-2"))] == ["run-0"]


def test_a_revert_takes_back_what_another_rollout_brought():
    bad = a_release()
    good = a_release(fingerprint="v2:good", deployment_id="dep-good", versions={"orders-read": "1", "orders-write": "5"})
    before = after_end((), ended(good, rollout_id="run-0"))
    revert = {"rollout_id": "run-1-revert", "reverts": "run-1", "takes_back": identify(bad), "reason": "OPS-1"}
    (kept,) = after_end(before, ended(good, Phase.PROMOTED, **revert))

    assert str(kept) == "rollout run-1 of the same release was reverted at 2026-01-31T12:01:00Z: OPS-1"
    assert find_earlier((kept,), bad) == kept
    assert decode(TakenBack, encode(kept)) == kept


def test_a_revert_that_was_rolled_back_says_nothing_against_the_earlier_release():
    revert = {"rollout_id": "run-1-revert", "reverts": "run-1", "takes_back": identify(a_release())}
    assert after_end((), ended(a_release(fingerprint="v2:good"), **revert)) == ()


def test_an_end_that_changed_nothing_changes_nothing_here():
    kept = after_end((), ended(a_release()))
    assert after_end(kept, ended(a_release(), Phase.REFUSED)) == kept


def test_only_the_last_releases_are_kept():
    kept = ()
    for number in range(MOST_KEPT + 5):
        kept = after_end(kept, ended(a_release(fingerprint=f"v2:{number}", deployment_id=None), rollout_id=f"run-{number}"))
    assert [one.rollout_id for one in kept] == [f"run-{number}" for number in range(MOST_KEPT + 4, 4, -1)]


def test_a_start_of_such_a_release_is_refused_unless_input_or_policy_allow_it():
    (kept,) = after_end((), ended(a_release()))
    allowing = a_rollout(policy=a_policy(after_rollback=AfterRollback.ALLOW))
    (problem,) = find_repetition(kept, a_release(), is_retry=False)

    assert str(problem) == (
        "release: rollout run-1 of the same release was rolled back at 2026-01-31T12:01:00Z: 5xx; "
        'publish a new release; or, if this one was not at fault, start it again with "retry": true and a reason'
    )
    assert find_repetition(kept, a_release(), is_retry=True) == ()
    assert find_repetition(kept, allowing, is_retry=False) == ()
    assert find_repetition(None, a_release(), is_retry=False) == ()


def test_a_retry_says_which_rollout_it_retries():
    (kept,) = after_end((), ended(a_release()))
    retried = mark_retry(a_release(), kept)
    assert (retried.retry_of, retried.plan.notes) == ("run-1", (f"this is a retry: {kept}",))
    assert mark_retry(a_release(), None) == a_release()


def test_while_it_cannot_be_read_what_was_rolled_back_nothing_starts():
    (problem,) = find_unread('{"S": "{"}', "orders", a_policy(10), is_retry=False)

    assert problem.value.startswith("which releases of orders were rolled back cannot be read, because someone edited the item")
    assert problem.fix.startswith("restore or delete the item target#orders, taken_back, of the records' table; or start with")


@pytest.mark.parametrize(
    ("unread", "policy", "is_retry"),
    [
        ("", a_policy(10), False),
        ("{", a_policy(10), True),
        ("{", a_policy(10, after_rollback=AfterRollback.ALLOW), False),
    ],
)
def test_whoever_may_start_it_all_the_same_need_not_read_it(unread, policy, is_retry):
    assert find_unread(unread, "orders", policy, is_retry=is_retry) == ()


def test_a_rollout_that_was_compared_with_nothing_says_so():
    draft = a_rollout()

    assert note_unread(draft, "") == draft
    assert "could not be read" in note_unread(draft, "{").plan.notes[-1]


def test_a_release_whose_rollout_gave_way_to_a_newer_one_is_not_kept():
    replaced = ended(a_release(), replaced_by=Successor(NOON, "run-2"))
    assert after_end((), replaced) == ()
