"""All use of moto's internals, one module per service; nothing else in the project imports moto.

Each seam has ``install(aws)`` and ``HOOKS``, the dotted names in moto that it replaces. moto's version is pinned; after an
upgrade, a test names the hook that moved.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from embedded_aws.moto_seams.deferred import import_without_deferred

if TYPE_CHECKING:
    from types import ModuleType

import_without_deferred()


@cache
def seams() -> tuple[ModuleType, ...]:
    """Every module of this package that replaces something in moto."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module for module in modules if hasattr(module, "install"))
