"""What of an API is outside the rollout, and how the metric filters leave it out.

A target says it: routes that both arms call alike on purpose, such as those of another team's function. Their requests are in
none of the counts. Whether the definition has such routes is for its reader to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.targets.target import Outside, OutsideRoute

ANY_TEXT = "*"
"""At the end of a path it stands for any text. Within one, CloudWatch Logs takes it as it is (docs/aws.md#filter-patterns)."""


def inside_conditions(outside: Outside) -> Iterator[str]:
    """The conditions of a filter pattern that only requests inside the rollout meet; all of them have to hold."""
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
    """Whether a resource path, as the definition has it (`/orders/{id}`), falls under a route's path."""
    if route.path.endswith(ANY_TEXT):
        return path.startswith(route.path.removesuffix(ANY_TEXT))
    return path == route.path
