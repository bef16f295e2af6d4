"""Which task of the controller runs in this thread, if any.

Faults use it to aim at the calls of one task. It decides nothing.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_here = threading.local()


def running_task() -> str | None:
    """The ``CANARY_TASK`` of the function that runs in this thread; None outside the controller's functions."""
    return getattr(_here, "task", None)


@contextmanager
def running(task: str | None) -> Iterator[None]:
    """Mark this thread as running ``task`` while in the block; None stands for code that is not the controller's."""
    outer, _here.task = running_task(), task
    try:
        yield
    finally:
        _here.task = outer
