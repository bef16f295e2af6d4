"""Which task of the controller this thread is running, if any.

Kept so that a fault can be aimed at one task's calls. It decides nothing.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_here = threading.local()


def running_task() -> str | None:
    """The ``CANARY_TASK`` of the function that runs in this thread; None outside of the controller's functions."""
    return getattr(_here, "task", None)


@contextmanager
def running(task: str | None) -> Iterator[None]:
    """While in the block, this thread runs ``task``; None: it is someone else."""
    outer, _here.task = running_task(), task
    try:
        yield
    finally:
        _here.task = outer
