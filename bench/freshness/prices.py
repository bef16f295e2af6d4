"""What counts of ten seconds would cost in a rollout, by traffic and by the way in which they are counted.

Prices are those of docs/aws.md#prices. Three numbers are assumptions, because no page gives them: how many log streams an API
writes to, how often a stream's lines are handed to the function, and how long that function runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from bench.freshness.looks import METRICS_OF_A_LOOK, TRANSITIONS_OF_A_LOOK
from canary.rules.rollouts.price import RATES, Usage, price
from canary.rules.rollouts.report import FUNCTION_GB, SECONDS_PER_CALL

ROLLOUT_MINUTES = 62
"""The demo's healthy release under `standard`, with its watch: as many looks as minutes if each minute has one."""

MONTH_MINUTES = 730 * 60
STREAMS, BATCH_SECONDS, COUNTING_SECONDS, COUNTING_GB = 5, 1.0, 0.02, 0.125
TRAFFICS = (60, 600, 6000, 60000)


@dataclass(frozen=True, slots=True)
class Way:
    """A way of counting: the name, dollars of a rollout with looks every `slot` seconds, dollars of a month at rest."""

    name: str
    rollout: float
    month: float


def looks(slot: int, *, reads_metrics: bool) -> float:
    """Dollars of a rollout's looks, one every `slot` seconds. A look that reads no metrics reads a table instead."""
    number = ROLLOUT_MINUTES * 60 // slot
    usage = Usage(
        transitions=number * TRANSITIONS_OF_A_LOOK,
        lambda_calls=number,
        metrics_requested=number * METRICS_OF_A_LOOK if reads_metrics else 0,
        lambda_gb_seconds=number * FUNCTION_GB * SECONDS_PER_CALL,
        read_units=0 if reads_metrics else number * METRICS_OF_A_LOOK,
    )
    return float(price(usage).dollars)


def counting(traffic: float, minutes: float) -> float:
    """Dollars of a function that counts the lines of so many minutes: a call for each batch, and a write for each call."""
    per_stream = traffic / 60.0 / STREAMS * BATCH_SECONDS
    batches = STREAMS * (1.0 - exp(-per_stream)) / BATCH_SECONDS * 60.0 * minutes
    call = float(RATES.lambda_request) + float(RATES.lambda_gb_second) * COUNTING_GB * COUNTING_SECONDS
    return batches * (call + float(RATES.write_unit))


def ways(traffic: float) -> list[Way]:
    """Today's way, and the others."""
    return [
        Way("metric filters, a look a minute", looks(60, reads_metrics=True), 0.0),
        Way("high-resolution metrics, a look every ten seconds", looks(10, reads_metrics=True), 0.0),
        *(
            Way(
                f"a subscribed function, a look {often}",
                looks(slot, reads_metrics=False) + counting(traffic, ROLLOUT_MINUTES),
                counting(traffic, MONTH_MINUTES),
            )
            for slot, often in ((60, "a minute"), (10, "every ten seconds"))
        ),
    ]


def price_table() -> str:
    """The ways by traffic, as Markdown."""
    heads = ["counted by", *(f"a rollout at {t:,} a minute" for t in TRAFFICS), "a month of it without a rollout"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for column in zip(*(ways(traffic) for traffic in TRAFFICS), strict=True):
        month = f"{column[0].month:.2f} to {column[-1].month:.2f}" if column[-1].month else "no more than today"
        lines.append(f"| {column[0].name} | {' | '.join(f'{one.rollout:.4f}' for one in column)} | {month} |")
    return "\n".join(lines) + "\n"
