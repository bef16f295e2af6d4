"""What was reported while records could not be used is kept outside the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from canary.aws.errors import AwsRefusedError
from canary.aws.troubles import PREFIX, Troubles
from canary.rules.rollouts.trouble import Cause, Trouble
from tests.aws.stubs import Scripted, refusal
from tests.builders import NOON

if TYPE_CHECKING:
    from tests.tasks.walk import Ground

TROUBLE = Trouble("orders", Cause.GONE, NOON, NOON + 60)


class Logger:
    def __init__(self) -> None:
        self.unread: list[dict[str, Any]] = []

    def warning(self, message: str, **more: Any) -> None:
        assert message == "trouble cannot be read"
        self.unread.append(more)


@pytest.mark.parametrize("text", ["{", "[]", '{"target": "orders", "cause": "unheard"}'])
def test_kept_reports_read_back_and_unreadable_ones_are_left_out(ground: Ground, text: str):
    ssm, logger = ground.aws.client("ssm"), Logger()
    troubles = Troubles(lambda: ssm, logger)
    troubles.note(TROUBLE)
    ssm.put_parameter(Name=f"{PREFIX}broken", Type="String", Value=text)
    try:
        assert troubles.read() == {"orders": TROUBLE}
    finally:
        ssm.delete_parameter(Name=f"{PREFIX}broken")

    assert [one["target"] for one in logger.unread] == ["broken"]
    troubles.forget("orders")
    troubles.forget("orders")
    assert troubles.read() == {}


def test_a_refusal_says_what_was_tried():
    troubles = Troubles(lambda: Scripted(delete_parameter=[refusal("AccessDeniedException")]), Logger())
    with pytest.raises(AwsRefusedError, match=f"aws ssm delete-parameter --name {PREFIX}orders"):
        troubles.forget("orders")
