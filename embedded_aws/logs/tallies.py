"""What metric filters collect from a log group's lines, minute by minute.

Decides what each filter takes from a line, and nothing about where it goes. Every request of a simulation comes through
`Book.count`, so it is written for speed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedded_aws.cloudwatch.samples import MINUTE
from embedded_aws.logs.filter_pattern import Event
from embedded_aws.logs.metric_filters import Dimensions, MetricFilter

if TYPE_CHECKING:
    from embedded_aws.logs.json_selector import Select

_NUMBERS = frozenset((int, float))

Samples = list[float]


@dataclass(slots=True)
class Tally:
    """What one filter has collected in one minute: plain samples, or samples by dimensions."""

    filter: MetricFilter
    plain: Samples = field(default_factory=list)
    by_dimensions: dict[Dimensions, Samples] = field(default_factory=dict)

    def take(self, event: Event | None) -> None:
        """Add what a matching line yields."""
        taken = self.filter.take(event)
        if taken:
            dimensions, value = taken
            (self.by_dimensions.setdefault(dimensions, []) if dimensions else self.plain).append(value)


class Book:
    """One minute of one group."""

    def __init__(self, filters: Iterable[MetricFilter]) -> None:
        self.tallies: list[Tally] = []
        self._on_event: list[tuple[Callable[[Event], bool], float | None, Select | None, Tally]] = []
        self._on_line: list[tuple[Callable[[str], bool], Tally]] = []
        for one in filters:
            self._add(one)

    def _add(self, one: MetricFilter) -> None:
        tally = Tally(one)
        self.tallies.append(tally)
        if one.pattern.on_line:
            self._on_line.append((one.pattern.on_line, tally))
        elif one.pattern.on_event:
            constant = one.value if isinstance(one.value, float) and not one.dimensions else None
            select = one.value if callable(one.value) and not one.dimensions else None
            self._on_event.append((one.pattern.on_event, constant, select, tally))

    def count(self, line: str, event: Event | None) -> None:
        """Run a line through the filters; written for speed, because every request of a simulation comes through here."""
        if event is not None:
            for matches, constant, select, tally in self._on_event:
                if matches(event):
                    if constant is not None:
                        tally.plain.append(constant)
                    elif select is not None:
                        value = select(event)
                        if type(value) in _NUMBERS:
                            tally.plain.append(value)
                    else:
                        tally.take(event)
        for contains, tally in self._on_line:
            if contains(line):
                tally.take(event)


class GroupTallies:
    """One log group's filters and its open minutes."""

    def __init__(self) -> None:
        self.filters: dict[str, MetricFilter] = {}
        self._books: dict[int, Book] = {}
        self._closed: list[tuple[int, Book]] = []
        self._given_until: int | None = None

    def change(self, filters: dict[str, MetricFilter]) -> None:
        """Use these filters from now on; what was collected so far is kept."""
        self._closed += self._books.items()
        self._books = {}
        self.filters = filters

    def count(self, at: float, line: str, event: Event | None) -> None:
        """Run a line through the filters of its minute."""
        minute = int(at) // MINUTE * MINUTE
        book = self._books.get(minute)
        if book is None:
            book = self._books[minute] = Book(self.filters.values())
        book.count(line, event)

    def ended(self, until: float, *, also_silent: bool = False) -> list[tuple[int, Book]]:
        """Take out the minutes that ended by then; on request including those without a line."""
        if also_silent:
            self._open_silent(int(until) // MINUTE * MINUTE)
        due = [minute for minute in self._books if minute + MINUTE <= until]
        given = [one for one in self._closed if one[0] + MINUTE <= until]
        self._closed = [one for one in self._closed if one[0] + MINUTE > until]
        return given + [(minute, self._books.pop(minute)) for minute in due]

    def _open_silent(self, end: int) -> None:
        """Open a book for each minute up to ``end`` that was not taken out yet, if there is a filter."""
        if not self.filters:
            return
        for minute in range(end if self._given_until is None else self._given_until, end, MINUTE):
            self._books.setdefault(minute, Book(self.filters.values()))
        self._given_until = end
