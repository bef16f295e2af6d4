"""Requests to all methods of a definition, and which of them is the most frequent.

A definition does not say how often its methods are called. Reads come before other methods, in the order of the definition,
and the n-th of all is called 1/n as often as the first: a few methods get most requests, as in most APIs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.dataplane.traffic import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from laptop.definitions.operations import Operation


def ranked(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """The methods, the most frequent first: functions' before those that no function answers."""
    return tuple(sorted(operations, key=lambda one: (not one.is_inside, not one.is_read)))


def shares(operations: Sequence[Operation]) -> tuple[float, ...]:
    """How often each of the ranked methods is called; the sum is 1."""
    weights = [1 / number for number in range(1, len(operations) + 1)]
    return tuple(weight / sum(weights) for weight in weights)


def shapes_of(operations: Sequence[Operation]) -> tuple[Shape, ...]:
    """The requests of all methods."""
    ordered = ranked(operations)
    return tuple(
        Shape(one.verb, one.sent.path, share, one.sent.headers, one.sent.body, one.sent.query)
        for one, share in zip(ordered, shares(ordered), strict=True)
    )
