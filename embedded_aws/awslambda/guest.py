"""Functions that run from modules of this process instead of from their zips.

A project that tests itself on the embedded AWS passes a `Guest`: its functions then run the code under test, which a
debugger can step through and coverage can measure, and faults can be aimed at their calls by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Handler = Callable[[Any, Any], Any]
"""Takes an event and a context, as Lambda calls it."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Which functions run from this process, and how.

    Functions whose ``Handler`` setting starts with ``handler_prefix`` are made by ``load(handler, environment)``, once per
    version. The environment variable ``name_variable`` names the function in `embedded_aws.faults.calls.Call`.
    """

    handler_prefix: str
    load: Callable[[str, Mapping[str, str]], Handler]
    name_variable: str

    def runs(self, handler: str) -> bool:
        """Whether a function with this ``Handler`` setting runs from this process."""
        return handler.startswith(self.handler_prefix)
