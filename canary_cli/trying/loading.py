"""Finds what `canary try` runs on: the room `laptop` and the embedded AWS, which the command's wheel does not contain."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

RUNNER = "laptop.command"
NEEDED = frozenset(
    {
        "laptop",
        "demo",
        "embedded_aws",
        "canary_machine",
        "jsonata",
        "jsonschema",
        "moto",
        "referencing",
        "time_machine",
        "werkzeug",
        "yaml",
    }
)


class NotInstalledError(Exception):
    """A package that the trial needs is missing; the text names it."""


def load_runner() -> Any:  # noqa: ANN401 - a module's attributes are its own
    """The module that runs a trial.

    Raises:
        NotInstalledError: it, or a package that it needs, is not installed.

    """
    try:
        found: ModuleType = importlib.import_module(RUNNER)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in NEEDED:
            raise
        raise NotInstalledError(f"the package {missing} is not installed") from error
    return found
