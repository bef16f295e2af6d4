"""What of an API is outside the rollout, and how the metric filters leave it out.

A target says it: routes that both arms call alike on purpose, such as those of another team's function. Their requests are in
none of the counts. Whether the definition has such routes is for its reader to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canary.rules.target import Outside, OutsideRoute

ANY_TEXT = "*"
"""At the end of a path it stands for any text. Within one, CloudWatch Logs takes it as it is (docs/aws.md#filter-patterns)."""


def is_route_outside(outside: Outside, path: str, method: str) -> bool:
    """Whether a method of a resource path is outside; both are the definition's, such as `/orders/{id}` and `GET`."""
    return any(_covers(route, path) and (not route.methods or method in route.methods) for route in outside.routes)


def is_authorizer_outside(outside: Outside, name: str) -> bool:
    """Whether the authorizer of that name is outside."""
    return name in outside.authorizers


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


def _covers(route: OutsideRoute, path: str) -> bool:
    if route.path.endswith(ANY_TEXT):
        return path.startswith(route.path.removesuffix(ANY_TEXT))
    return path == route.path
