"""Which guest function this thread is running, if any (`embedded_aws.awslambda.guest`).

Kept so that a fault can be aimed at the calls of one function. It decides nothing.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_here = threading.local()


def running_task() -> str | None:
    """The name of the guest function that this thread runs, from the guest's ``name_variable``; None outside of them."""
    return getattr(_here, "task", None)


@contextmanager
def running(task: str | None) -> Iterator[None]:
    """While in the block, this thread runs the guest function ``task``; None: it is someone else."""
    outer, _here.task = running_task(), task
    try:
        yield
    finally:
        _here.task = outer
