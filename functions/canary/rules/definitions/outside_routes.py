"""Which parts of a definition are outside the rollout because the target says so.

A path in the target may end in `*`, which stands for any text; the definition's own paths are compared literally.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.rules.definitions.definition import ANY, VERBS
from canary.rules.targets.outside import covers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canary.rules.targets.target import Outside, OutsideRoute


def is_outside(outside: Outside, path: str, http_method: str) -> bool:
    """Whether all requests of a method are outside; for ANY, an entry must name all methods or none."""
    wanted = VERBS if http_method == ANY else {http_method}
    return any(covers(route, path) and wanted <= (set(route.methods) or wanted) for route in outside.routes)


def find_unmatched(outside: Outside, methods: Iterable[tuple[str, str]], authorizers: Iterable[str]) -> tuple[str, ...]:
    """The entries that cover nothing in a definition, in the target's words; `methods` are (path, HTTP method)."""
    known, names = tuple(methods), set(authorizers)
    routes = (route for route in outside.routes if not any(_touches(route, path, verb) for path, verb in known))
    return (
        *(" ".join((*route.methods, route.path)) for route in routes),
        *(f"authorizer {name}" for name in outside.authorizers if name not in names),
    )


def _touches(route: OutsideRoute, path: str, http_method: str) -> bool:
    return covers(route, path) and (not route.methods or http_method in {*route.methods, ANY})
