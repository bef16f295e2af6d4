"""Which guest function runs in this thread, if any (`embedded_aws.awslambda.guest`).

Faults use it to aim at the calls of one function. It decides nothing.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_here = threading.local()


def running_task() -> str | None:
    """The name of the guest function that runs in this thread, from the guest's ``name_variable``; None outside of them."""
    return getattr(_here, "task", None)


@contextmanager
def running(task: str | None) -> Iterator[None]:
    """Mark this thread as running the guest function ``task`` while in the block; None stands for other code."""
    outer, _here.task = running_task(), task
    try:
        yield
    finally:
        _here.task = outer
