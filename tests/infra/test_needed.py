"""What counts as needed by an execution."""

import pytest

from tests.infra.needed import Needed

READ, WRITE = ("role", "policy", "0"), ("role", "policy", "1")
WHOLE_READ, WHOLE_WRITE = (*READ, "statement", ""), (*WRITE, "statement", "")
ACTION = (*READ, "action", "s3:GetObject")


def a_needed(*accounts):
    needed = Needed()
    for account in accounts:
        needed.add(*account)
    return needed


def in_two(*accounts):
    """The same, seen by two processes."""
    first, *others = (a_needed(account) for account in accounts)
    for other in others:
        first.merge(other.dump())
    return first


@pytest.mark.parametrize("see", [a_needed, in_two])
@pytest.mark.parametrize(
    ("accounts", "left"),
    [
        ([([READ], [])], []),
        ([([READ], [WHOLE_READ])], [WHOLE_READ]),
        ([([READ], [WHOLE_READ]), ([READ], [])], []),
        ([([READ], []), ([READ], [WHOLE_READ])], []),
        ([([READ], [WHOLE_READ]), ([], [])], [WHOLE_READ]),
        ([([READ, WRITE], [WHOLE_READ]), ([READ, WRITE], [WHOLE_WRITE])], []),
        ([([READ], [ACTION]), ([READ], [WHOLE_READ])], [ACTION]),
        ([([READ], [WHOLE_READ]), ([READ], [ACTION])], [ACTION]),
        ([([READ], [ACTION]), ([READ], [])], []),
        ([([READ], []), ([READ], [ACTION])], []),
    ],
)
def test_is_left_what_no_account_needed(see, accounts, left):
    assert see(*accounts).left() == left
