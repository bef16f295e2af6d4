"""Names in moto by dotted path: what they hold, how to replace it, and how to restore it."""

from __future__ import annotations

import importlib
import inspect
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_ABSENT = object()


@cache
def find(dotted: str) -> tuple[Any, str]:
    """The module or class that holds the name, and the name in it.

    Raises:
        LookupError: the name does not exist; the text says which part of the path is missing.

    """
    parts = dotted.split(".")
    owner, taken = _import(parts)
    for part in parts[taken:-1]:
        owner = getattr(owner, part, _ABSENT)
        if owner is _ABSENT:
            raise LookupError(f"moto has no {part} on the way to {dotted}; find what replaced it and fix the seam")
    if inspect.getattr_static(owner, parts[-1], _ABSENT) is _ABSENT:
        raise LookupError(f"moto has no {dotted} any more; find what replaced it and fix the seam")
    return owner, parts[-1]


def replace(dotted: str, value: object) -> None:
    """Make the name hold ``value``."""
    owner, name = find(dotted)
    setattr(owner, name, value)


def wrap(dotted: str, aws: object, replacement: Callable[..., Any]) -> None:
    """Make a method call ``replacement(original, aws, self, ...)``."""
    owner, name = find(dotted)
    original = getattr(owner, name)

    def method(self: object, *args: object, **options: object) -> Any:  # noqa: ANN401 - as the original's
        return replacement(original, aws, self, *args, **options)

    setattr(owner, name, method)


@contextmanager
def preserved(dotted_names: Iterable[str]) -> Iterator[None]:
    """Restore what the names hold now when the block ends."""
    held = []
    for owner, name in map(find, dotted_names):
        held.append((owner, name, vars(owner).get(name, _ABSENT)))
    try:
        yield
    finally:
        for owner, name, value in held:
            if value is not _ABSENT:
                setattr(owner, name, value)
            elif name in vars(owner):
                delattr(owner, name)


def _import(parts: list[str]) -> tuple[Any, int]:
    """The innermost module of a dotted path, and how many parts of the path name it."""
    module = importlib.import_module(parts[0])
    for taken in range(2, len(parts)):
        try:
            module = importlib.import_module(".".join(parts[:taken]))
        except ModuleNotFoundError:
            return module, taken - 1
    return module, len(parts) - 1
