"""An operation as it is tried: what a client sends, what the stand-in answers, and what the definition says is called.

These are values only; `laptop.definitions.openapi` and `laptop.definitions.sam` make them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

READS = frozenset({"GET", "HEAD"})
ANY = "ANY"


class Called(enum.StrEnum):
    """What a method's integration calls, according to the definition."""

    FUNCTION = "function"
    NOTHING = "nothing"
    """It has no integration; a stand-in answers."""
    OUTSIDE = "outside"
    """Another HTTP endpoint or AWS service, which both arms would call alike."""
    MOCK = "mock"

    @property
    def is_inside(self) -> bool:
        """Whether a function answers, so that a rollout splits the requests."""
        return self in {Called.FUNCTION, Called.NOTHING}


@dataclass(frozen=True, slots=True)
class Answer:
    """A stand-in's answer. ``body`` is text; ``content_type`` is None without one."""

    status: int
    content_type: str | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client sends. ``path`` is percent-encoded, and ``{n}`` in it stands for a new number in each request."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of the API. ``group`` names the function that answers it; ``resource`` is its path in API Gateway."""

    method: str
    resource: str
    group: str
    called: Called
    sent: Sent
    answer: Answer

    @property
    def name(self) -> str:
        """The method as people write it."""
        return f"{self.method} {self.resource}"

    @property
    def verb(self) -> str:
        """What a client sends: ``ANY`` is called with GET."""
        return "GET" if self.method == ANY else self.method

    @property
    def is_read(self) -> bool:
        """Whether it only reads."""
        return self.verb in READS

    @property
    def is_inside(self) -> bool:
        """Whether a function answers it, so that a rollout splits its requests."""
        return self.called.is_inside


@dataclass(frozen=True, slots=True)
class Definition:
    """What was read. ``dialect`` is such as ``OpenAPI 3.1.0``; ``remarks`` say what was changed or left out, one thing each."""

    title: str
    version: str
    dialect: str
    operations: tuple[Operation, ...]
    remarks: tuple[str, ...] = ()
