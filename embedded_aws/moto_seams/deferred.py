"""The modules of moto that take longest to import and that nothing needs at the start: they are imported on first use.

EC2's models read hundreds of kilobytes of instance types and ask for every Region's zones. Two modules import them:
Parameter Store, whose run-command looks for instances, and the Step Functions integration of Batch.
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
    """``importer`` has ``from module import name``, but needs the name only later."""

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
    """Stands for a name that is called or indexed; imports its module when that happens."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *args: object, **options: object) -> Any:  # noqa: ANN401 - moto's
        """Call the real object."""
        return self._find()(*args, **options)

    def __getitem__(self, key: object) -> Any:  # noqa: ANN401 - moto's
        return self._find()[key]

    def _find(self) -> Any:  # noqa: ANN401 - moto's
        return getattr(importlib.import_module(self._module), self._name)


def import_without_deferred() -> None:
    """Import the modules that would import the deferred ones, without these; call it before importing any of moto."""
    for importer, module, name in DEFERRED:
        with _standing_in(module, name):
            importlib.import_module(importer)


@contextmanager
def _standing_in(module: str, name: str) -> Iterator[None]:
    """While in the block, the module holds only this name; a module that is already imported is left alone."""
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
