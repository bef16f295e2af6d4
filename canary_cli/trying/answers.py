"""What `canary try` answers: what was read, what was made of it, and how both rollouts ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TriedFunction:
    """A function of the API. ``code`` is ``stand-in`` or ``own``, ``methods`` how many methods it answers."""

    name: str
    code: str
    methods: int


@dataclass(frozen=True, slots=True)
class TriedRollout:
    """A rollout. ``must_end`` and ``ended`` are endings of the state machine; ``report`` is the path of its report's page."""

    rollout_id: str
    title: str
    must_end: str
    ended: str
    reason: str
    minutes: float
    report: str | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A definition that was tried.

    ``methods`` counts those of the API, ``outside`` those of them that no function answers. ``remarks`` say what was left out
    or changed, ``refused`` which methods answered with 400 or above before the first rollout. ``failing_method`` is the one in
    which the bad release fails; ``seconds`` are real ones.
    """

    file: str
    title: str
    version: str
    dialect: str
    methods: int
    outside: int
    functions: tuple[TriedFunction, ...]
    remarks: tuple[str, ...]
    target_file: str
    refused: tuple[str, ...]
    failing_method: str
    rollouts: tuple[TriedRollout, ...]
    seconds: float

    @property
    def is_as_expected(self) -> bool:
        """Whether the good release was promoted and the bad one rolled back, and both left the API safe."""
        return not any(one.problems for one in self.rollouts)
