"""What clients got before the first rollout: a method that is refused would show that the API is not as its definition says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.dataplane.served import Served

REFUSED = 400


class Answered:
    """Counts the requests, and those answered with 400 or above by method and status. Pass it to the data plane."""

    def __init__(self) -> None:
        self.requests = 0
        self._refused = Counter[tuple[str, int]]()

    def __call__(self, served: Served) -> None:
        """Count one request."""
        self.requests += 1
        if served.status >= REFUSED:
            path = served.method.path if served.method else served.request.path
            self._refused[f"{served.request.method} {path}", served.status] += 1

    @property
    def refused(self) -> tuple[str, ...]:
        """The methods with such answers, the most frequent first."""
        return tuple(f"{name}: {count:,} answered with {status}" for (name, status), count in self._refused.most_common())
