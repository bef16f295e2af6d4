"""Which parts of an API are outside the rollout, and how the metric filters leave them out.

The target names routes that both arms intentionally call alike, such as those of another team's function. Their requests are in
none of the counts. This module does not know whether the definition has such routes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Outside, OutsideRoute

ANY_TEXT = "*"
"""Any text, at the end of a path. Elsewhere in it, CloudWatch Logs takes it literally (docs/aws.md#filter-patterns)."""


def inside_conditions(outside: Outside) -> Iterator[str]:
    """The conditions of a filter pattern that only requests inside the rollout meet; all of them must be true."""
    for route in outside.routes:
        path = f'$.resourcePath != "{route.path}"'
        methods = " && ".join(f'$.httpMethod != "{method}"' for method in route.methods)
        match len(route.methods):
            case 0:
                yield path
            case 1:
                yield f"({path} || {methods})"
            case _:
                yield f"({path} || ({methods}))"


def covers(route: OutsideRoute, path: str) -> bool:
    """Whether a route's path covers a resource path as the definition writes it (`/orders/{id}`)."""
    if route.path.endswith(ANY_TEXT):
        return path.startswith(route.path.removesuffix(ANY_TEXT))
    return path == route.path
