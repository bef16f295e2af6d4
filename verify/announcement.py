"""What a run is about to do, printed before it does anything: what it creates, how long it takes, and its maximum cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from canary.rules.rollouts.price import RATES
from verify.account.budget import DEAREST, Budget, total
from verify.scratch.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from verify.account.ledger import Ledger
    from verify.account.pace import Pace
    from verify.questions.question import Question

SETUP = Budget(seconds=600, usual_seconds=180)
"""Creating and removing. Throttling makes it take at most this long, unless someone else uses up the account's rates."""


def whole_budget(questions: Sequence[Question], pace: Pace) -> Budget:
    """The maximum that a run of these questions uses; a measurement that several questions share counts once."""
    shared = {question.measurement for question in questions if question.measurement}
    return total([SETUP, *(question.budget(pace) for question in questions), *(measure(pace) for measure in shared)])


def needed_parts(questions: Sequence[Question]) -> frozenset[Part]:
    """The parts that any of these questions needs."""
    return frozenset(part for question in questions for part in question.parts)


def announce(ledger: Ledger, questions: Sequence[Question], pace: Pace, *, lends_log_role: bool) -> Iterator[str]:
    """The announcement, line by line."""
    header, budget, parts = ledger.header, whole_budget(questions, pace), needed_parts(questions)
    yield f"This asks {header.endpoint_url or 'AWS'} {_counted(len(questions), 'question')},"
    made = f"It creates, each with {header.prefix} in its name:" if parts else "It creates nothing."
    yield f"in account {header.account}, Region {header.region}. {made}"
    yield from (f"  - {part}" for part in Part if part in parts)
    if Part.LOG in parts and lends_log_role:
        yield "  - 1 role with which API Gateway may write logs, if this account and Region have none, until the end;"
        yield "    that is a setting of the whole account, so until then other APIs with logging enabled write their logs too"
    yield f"It takes about {_minutes(budget.usual_seconds)} minutes and at most {_minutes(budget.seconds)}."
    yield f"It sends that API at most {budget.requests:,} requests, one at a time."
    yield f"It costs at most {_cents(budget.dollars)} US cents by the list prices of {RATES.region}, without free tiers;"
    yield f"{_cents(DEAREST * budget.dollars)} should cover the dearest Region."
    yield "At the end it removes all of this, even after Ctrl-C, SIGTERM or an error. CloudWatch keeps the metrics for"
    yield "15 months; they cannot be deleted, and cost nothing once they receive no more values."
    yield f"What it creates is listed in {ledger.path} until it is removed;"
    yield "after a kill -9, `python -m verify clean-up` continues from there."


def _cents(dollars: Decimal) -> int:
    return math.ceil(dollars * 100)


def _minutes(seconds: float) -> int:
    return math.ceil(seconds / 60)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
