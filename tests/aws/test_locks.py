"""A target's lock: who holds it, and what it keeps of a promotion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canary.aws.locks import PARKED_OWNER, Lock, describe_holder
from canary.rules.rollouts.phases import Phase
from tests.builders import EXECUTION, a_rollout

if TYPE_CHECKING:
    from canary.aws.records import Records


def test_the_holder_of_a_target_is_reported_with_what_to_do():
    assert describe_holder(Lock("orders", 1, "run-1", PARKED_OWNER)) == (
        "rollout run-1 is parked on orders; advance it, or abort it with the verb abort"
    )
    assert describe_holder(Lock("orders", 1, "run-1", EXECUTION)) == (
        f"rollout run-1 is running on orders (owner {EXECUTION}); wait for its end, or abort it with the verb abort"
    )
    assert describe_holder(Lock("orders", 1, "run-1", "sweeper")) == (
        "the controller is making orders safe after rollout run-1; wait a few minutes until it is free"
    )


def test_a_promoted_rollout_leaves_its_fingerprint_and_deployment(records: Records):
    rollout = a_rollout()
    rollout = replace(rollout, plan=replace(rollout.plan, fingerprint="f-2", is_new_deployment=True))
    owned = records.take(rollout, fencing_token=0)
    records.finish(owned, replace(rollout, phase=Phase.PROMOTED))

    lock = Lock("orders", 2, None, None, "run-1", "f-2", "dep-new", promoted_rollout_id="run-1")
    assert records.read_lock("orders") == lock


@pytest.mark.parametrize("fingerprint", ["f-2", None])
def test_of_a_deployment_that_someone_named_what_was_read_is_known(records: Records, fingerprint: str | None):
    rollout = a_rollout()
    owned = records.take(replace(rollout, plan=replace(rollout.plan, fingerprint=fingerprint)), fencing_token=0)
    records.finish(owned, replace(owned.rollout, phase=Phase.PROMOTED))

    lock = records.read_lock("orders")
    assert (lock.fingerprint, lock.deployment_id) == (fingerprint, "dep-new")
