"""The target's alarm as CloudWatch evaluates it, minute by minute, from the product's own expressions.

The expressions are compiled to Python once; only the functions that they use are supported. A division by zero gives no data
point, which is not breaching. What the alarm's numbers mean is for the product to know.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from canary.rules.targets.alarms import DATAPOINTS_TO_ALARM, EVALUATION_PERIODS, EXPRESSIONS, THRESHOLD, WATCHED

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary_cli.backtest.course import Four

SEEN_AFTER_SECONDS = 60
"""How long after its end a minute's metrics are available to an alarm."""

_CHOICE = re.compile(r"IF\((?P<condition>.*), (?P<then>[^,]+), (?P<otherwise>[^,]+)\)")


def _python(name: str) -> str:
    """An expression in which the expressions that it names are substituted."""
    text = EXPRESSIONS[name]
    choice = _CHOICE.fullmatch(text)
    if choice:
        condition = re.sub(r"FILL\((\w+),0\)", r"\1", choice["condition"]).replace("AND", "and")
        text = f"({choice['then']}) if {condition} else {choice['otherwise']}"
    text = text.replace("^", "**")
    return re.sub(r"[a-z]\w+", lambda word: f"({_python(word[0])})" if word[0] in EXPRESSIONS else word[0], text)


def _compiled() -> Callable[[int, int, int, int], float]:
    score: Callable[[int, int, int, int], float] = eval(f"lambda nc, ec, nb, eb: {_python(WATCHED)}")  # noqa: S307 - the product's text
    return score


_SCORE = _compiled()


def score(counts: Four) -> float | None:
    """The alarm's value in a minute; None if there is no data point."""
    try:
        return _SCORE(*counts)
    except ZeroDivisionError:
        return None


class AlarmState:
    """One alarm over the minutes added to it."""

    def __init__(self) -> None:
        self._breaching: deque[bool] = deque(maxlen=EVALUATION_PERIODS)

    def hear(self, counts: Four) -> None:
        """Add one minute."""
        value = score(counts)
        self._breaching.append(value is not None and value > THRESHOLD)

    @property
    def is_firing(self) -> bool:
        """Whether enough of the newest minutes are breaching."""
        return sum(self._breaching) >= DATAPOINTS_TO_ALARM
