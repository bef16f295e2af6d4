"""`canary drill` on the embedded AWS, with guard and sweeper at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary_cli.exits import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.cli.drilling.conftest import Stand

    Canary = Callable[..., Told]

DRILL = ("drill", "orders", "--stage", "prod", "--confirm", "prod")


def test_all_five_exercises_pass(ground: Stand, canary: Canary):
    told = canary(*DRILL)
    print(told.out, told.err)
    assert told.code == ExitCode.DONE
