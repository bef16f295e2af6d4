"""When the canary aliases must settle before they get traffic."""

from dataclasses import replace

import pytest

from canary.rules.rollouts.drift_checks import find_drift_since_check
from canary.rules.targets.live import LiveAlias
from tests.builders import NEW, OLD, OVERRIDES, a_live, a_rollout, a_snapshot, aliases, an_intent

CODE = an_intent(versions={**OLD, "orders-read": "2"}, deployment_id="dep-old")


def a_revert(intent, **changes):
    return a_rollout(reverts="run-0", intent=intent, **changes)


@pytest.mark.parametrize(
    ("rollout", "must"),
    [
        (a_rollout(intent=CODE), True),
        (a_revert(an_intent()), True),
        (a_revert(an_intent(), snapshot=a_snapshot(canary=NEW)), False),
        (a_revert(an_intent(), snapshot=a_snapshot(canary={**NEW, "orders-read": "1"})), True),
        (a_revert(CODE), False),
        (a_revert(CODE, snapshot=a_snapshot(canary={**OLD, "orders-read": "7"})), True),
        (a_revert(CODE, snapshot=a_snapshot(canary={**OLD, "orders-write": "7"})), True),
        (a_revert(replace(CODE, versions=NEW)), True),
        (a_revert(replace(CODE, deployment_id="dep-new")), True),
        (a_revert(replace(CODE, overrides={"mode": "slow", **OVERRIDES})), True),
        (a_revert(replace(CODE, removed_variables=("flag",))), True),
    ],
    ids=[
        *(
            "no revert",
            "whole",
            "ready",
            "ready but for one",
            "one version",
            "one version from a third",
            "another one moves too",
        ),
        *("two versions", "definition", "variables", "removed"),
    ],
)
def test_aliases_settle_unless_every_request_is_served_by_one_release_anyway(rollout, must):
    assert rollout.must_aliases_settle is must


@pytest.mark.parametrize(
    ("alias", "checked", "is_strange"),
    [("1", "1", False), ("2", "1", False), ("7", "1", True), ("1", "2", True), ("2", "2", False)],
)
def test_what_does_not_settle_must_be_as_it_was_checked(alias, checked, is_strange):
    revert = a_revert(CODE, snapshot=a_snapshot(canary={**OLD, "orders-read": checked}))
    live = a_live(canary=aliases(OLD, orders_read=alias))
    assert bool(find_drift_since_check(revert, live)) is is_strange
    split = a_live(canary=aliases(OLD, orders_read=LiveAlias(alias, {"3": 1})))
    assert "the canary alias of orders-read was moved to" in find_drift_since_check(revert, split)[0]
