"""Modules of moto's that take longest to import and that nothing here uses at the start: they are imported on first use.

EC2's models read hundreds of kilobytes of instance types and ask for every Region's zones. They came with Parameter Store,
whose run-command looks for instances, and with the Step Functions integration of Batch.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Import(NamedTuple):
    """``importer`` has ``from module import name``, and needs it later than it says."""

    importer: str
    module: str
    name: str


_SERVICES = "moto.stepfunctions.parser.asl.component.state.exec.state_task.service"
DEFERRED = (
    Import("moto.ssm.models", "moto.ec2", "ec2_backends"),
    Import(f"{_SERVICES}.state_task_service_factory", f"{_SERVICES}.state_task_service_batch", "StateTaskServiceBatch"),
)
HOOKS = [f"{importer}.{name}" for importer, _, name in DEFERRED]


class Deferred:
    """In place of a name that is called or asked for an item: its module is imported when that happens."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *args: object, **options: object) -> Any:  # noqa: ANN401 - moto's
        """What the name, called so, gives."""
        return self._find()(*args, **options)

    def __getitem__(self, key: object) -> Any:  # noqa: ANN401 - moto's
        return self._find()[key]

    def _find(self) -> Any:  # noqa: ANN401 - moto's
        return getattr(importlib.import_module(self._module), self._name)


def import_without_deferred() -> None:
    """Import what would import the deferred modules, without them; to be done before anything else of moto's is."""
    for importer, module, name in DEFERRED:
        with _standing_in(module, name):
            importlib.import_module(importer)


@contextmanager
def _standing_in(module: str, name: str) -> Iterator[None]:
    """While the block runs, the module has nothing but this name; one that is imported already is left alone."""
    if module in sys.modules:
        yield
        return
    stand_in = ModuleType(module)
    setattr(stand_in, name, Deferred(module, name))
    sys.modules[module] = stand_in
    try:
        yield
    finally:
        del sys.modules[module]
