"""Which routes a release adds, moves, loses or changes, compared with what base serves.

A route is a path and an HTTP method. The canary alone would answer 403 on a route that the release lost, so this is checked
before there are any requests. Routes are matched as API Gateway does: by path and method together (docs/aws.md#routing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canary.rules.definitions.definition import ANY, VERBS, Definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LITERAL, PARAMETER, GREEDY = range(3)
"""How specific a segment of a path is; the smallest number wins."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route. ``calls``: what answers it; empty if that was not read."""

    path: str
    http_method: str
    authorization: str = "NONE"
    is_api_key_required: bool = False
    calls: str = ""

    def __str__(self) -> str:
        return f"{self.http_method} {self.path}"


@dataclass(frozen=True, slots=True)
class RouteChanges:
    """What a release does to the routes, each in words: `POST /orders`, `POST /orders to POST /v2/orders`.

    ``moved`` routes are lost at their old path; they are not listed again under ``added`` or ``lost``.
    """

    added: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def routes_of(definition: Definition) -> tuple[Route, ...]:
    """The routes of a whole definition."""
    return tuple(
        Route(
            method.path,
            method.http_method,
            method.authorization,
            method.is_api_key_required,
            f"{method.integration.kind} {method.integration.uri}" if method.integration else "",
        )
        for method in definition.methods
    )


def routes_of_summary(summary: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> tuple[Route, ...]:
    """The routes in a deployment's `apiSummary`, which does not say what answers them (docs/aws.md#deployment-summary)."""
    routes = [
        Route(path, verb, method.get("authorizationType") or "NONE", bool(method.get("apiKeyRequired")))
        for path, methods in summary.items()
        for verb, method in methods.items()
    ]
    return tuple(sorted(routes, key=lambda route: (route.path, route.http_method)))


def are_alike(some: Iterable[Route], others: Iterable[Route]) -> bool:
    """Whether both are the same routes, regardless of what answers them."""
    return {_outline(route) for route in some} == {_outline(route) for route in others}


def _outline(route: Route) -> tuple[str, str, str, bool]:
    return route.path, route.http_method, route.authorization, route.is_api_key_required


def compare_routes(base: Sequence[Route], release: Sequence[Route]) -> RouteChanges:
    """What happens to base's routes in the release."""
    before, after = ({(one.path, one.http_method): one for one in routes} for routes in (base, release))
    missing = [one for key, one in before.items() if key not in after]
    fresh = [one for key, one in after.items() if key not in before]
    answered = {str(one): _answering(one, release) for one in missing}
    gone = [one for one in missing if answered[str(one)] is None]
    moved = dict(_pair_moved(gone, fresh))
    renamed = {str(other) for one in missing if (other := answered[str(one)]) and _is_renamed(one, other)}
    return RouteChanges(
        added=_sorted(str(one) for one in fresh if str(one) not in {*moved.values(), *renamed}),
        moved=_sorted(f"{old} to {new}" for old, new in moved.items()),
        lost=_sorted(_lost(one, release) for one in gone if str(one) not in moved),
        changed=_sorted(
            [
                *(f"{one} (now {other})" for one in missing if (other := answered[str(one)])),
                *(said for key, one in before.items() if (other := after.get(key)) and (said := _difference(one, other))),
            ]
        ),
    )


def _sorted(said: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(said))


def _difference(old: Route, new: Route) -> str:
    parts = [
        f"authorization {old.authorization} to {new.authorization}" if old.authorization != new.authorization else "",
        f"API key {_yes(old.is_api_key_required)} to {_yes(new.is_api_key_required)}"
        if old.is_api_key_required != new.is_api_key_required
        else "",
        "what it calls" if old.calls and new.calls and old.calls != new.calls else "",
    ]
    said = ", ".join(part for part in parts if part)
    return f"{new} ({said})" if said else ""


def _yes(is_so: bool) -> str:  # noqa: FBT001 - a word for it
    return "required" if is_so else "not required"


def _pair_moved(gone: Iterable[Route], fresh: Iterable[Route]) -> Iterator[tuple[str, str]]:
    """Pairs of a lost route and a new one with the same method and integration at another path, each route once."""
    free = list(fresh)
    for one in gone:
        found = next((new for new in free if one.calls and (new.http_method, new.calls) == (one.http_method, one.calls)), None)
        if found:
            free.remove(found)
            yield str(one), str(found)


def _lost(route: Route, release: Sequence[Route]) -> str:
    """The lost route; for ANY, also the methods that still work."""
    working = [verb for verb in _methods_of(route) if _serving(route.path, verb, release)] if route.http_method == ANY else []
    return f"{route} but {', '.join(working)}" if working else str(route)


def _answering(route: Route, release: Sequence[Route]) -> Route | None:
    """The release's route that answers everything this one did; the first if there are several."""
    found = [_serving(route.path, verb, release) for verb in _methods_of(route)]
    return found[0] if all(found) else None


def _methods_of(route: Route) -> list[str]:
    return sorted(VERBS) if route.http_method == ANY else [route.http_method]


def _serving(path: str, http_method: str, routes: Sequence[Route]) -> Route | None:
    """The route that serves this path and method: of the resources that have the method or ANY, the most specific one's."""
    fitting = [
        (rank, one.path, one.http_method == ANY, one)
        for one in routes
        if one.http_method in {http_method, ANY} and (rank := _fit(path, one.path)) is not None
    ]
    return min(fitting, key=lambda each: each[:3])[3] if fitting else None


def _is_renamed(old: Route, new: Route) -> bool:
    """Whether two routes differ only in the names of their parameters."""
    return old.http_method == new.http_method and _shape(old.path) == _shape(new.path)


def _shape(path: str) -> tuple[str | int, ...]:
    return tuple(kind if (kind := _kind(segment)) != LITERAL else segment for segment in path.split("/"))


def _fit(path: str, candidate: str) -> tuple[int, ...] | None:
    """How specifically a resource matches every request to `path`, segment by segment; None if it does not match."""
    ranks: list[int] = []
    asked, offered = path.split("/")[1:], candidate.split("/")[1:]
    for position, segment in enumerate(offered):
        kind = _kind(segment)
        if kind == GREEDY:
            return (*ranks, GREEDY) if len(asked) > position and asked[position] else None
        if position >= len(asked) or not _takes(segment, kind, asked[position]):
            return None
        ranks.append(kind)
    return tuple(ranks) if len(offered) == len(asked) else None


def _takes(segment: str, kind: int, asked: str) -> bool:
    return asked == segment if kind == LITERAL else _kind(asked) != GREEDY and asked != ""


def _kind(segment: str) -> int:
    if not segment.startswith("{"):
        return LITERAL
    return GREEDY if segment.endswith("+}") else PARAMETER
