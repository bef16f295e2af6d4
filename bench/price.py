"""What a rollout costs, compared with a loop in the style of awslabs/aws-lambda-deploy: `python -m bench.price`.

It runs the demo's healthy release under the target's policy, `standard`, on the embedded AWS, as it is and with a look
each minute, and the loop over the weights of the first. The loop runs twice: once with a check for each of the controller's
looks, and once like the original, with one check at the end of each weight. All are counted from their execution histories and
priced with the product's own table of rates. So the dollars depend on the rates, but the ratios hardly do.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.lambda_deploy import run_loop
from canary.rules.rollouts.price import RATES, Usage, price
from demo.orders_traffic import PER_MINUTE
from demo.readback import Readback, count_usage
from demo.sample import publish_release
from demo.stand import WARM_UP_SECONDS, open_stand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT_SECONDS = 6 * 3600
METRICS_OF_A_CHECK = 1
"""One statistic of one metric, priced like one metric of GetMetricData."""


class NotPromotedError(Exception):
    """The healthy release was not promoted, so its price would be that of another case."""


@dataclass(frozen=True, slots=True)
class Bill:
    """One way to roll out a release: how often it looked, how long it took, and what it used."""

    name: str
    looks: int
    seconds: float
    usage: Usage
    watch_looks: int = 0
    """Looks after the promotion."""


@dataclass(frozen=True, slots=True)
class Course:
    """The controller's bill, and what a loop needs for the same schedule: the share (0 to 1) at each look, and the interval."""

    bill: Bill
    shares: tuple[float, ...]
    look_seconds: int
    bake_seconds: int


EACH_MINUTE = {"calm_look_seconds": 60}


def roll_out(per_minute: float, name: str = "this controller", *, policy: Mapping[str, object] | None = None) -> Course:
    """The demo's healthy release, under the target's own policy with these changes.

    Raises:
        NotPromotedError: the release was not promoted.
    """
    with open_stand(per_minute=per_minute) as stand:
        aws, readback = stand.aws, Readback(stand.aws.client, stand.controller.table)
        aws.clock.run_for(WARM_UP_SECONDS)
        publish_release(aws.client, stand.target, {"NAME": "healthy"})
        execution = stand.start_rollout("price", "what does it cost?", policy=policy)
        ended = aws.run_until_ended(execution, limit=LIMIT_SECONDS)
        if ended["status"] != "SUCCEEDED":
            raise NotPromotedError(f"the rollout ended as {ended['status']}: {ended.get('cause', '')}")
        looks = list(readback.looks("price"))
        bill = Bill(
            name=name,
            looks=len(looks),
            seconds=(ended["stopDate"] - ended["startDate"]).total_seconds(),
            usage=readback.usage(execution, "price"),
            watch_looks=readback.record("price")["watch"]["looks"],
        )
        shares = tuple(look.weight_percent / 100 for look in looks)
        rhythm = round((looks[-1].at - looks[0].at) / (len(looks) - 1))
        return Course(bill, shares, rhythm, stand.target.policy.steps[0].bake_seconds)


def run_as_loop(name: str, shares: Sequence[float], *, interval_seconds: int, per_minute: float) -> Bill:
    """The loop over these shares, with a check at each."""
    loop = run_loop(shares, interval_seconds=interval_seconds, per_minute=per_minute)
    usage = count_usage(loop.events, metrics_requested=loop.checks * METRICS_OF_A_CHECK)
    return Bill(name, loop.checks, loop.seconds, usage)


def measure(per_minute: float) -> list[Bill]:
    """All bills, the controller's first."""
    course = roll_out(per_minute)
    each_minute = roll_out(per_minute, "this controller, a look each minute", policy=EACH_MINUTE)
    often = run_as_loop(
        "the loop, a check at each of those looks", course.shares, interval_seconds=course.look_seconds, per_minute=per_minute
    )
    seldom = run_as_loop(
        "the loop, a check a weight", list(Counter(course.shares)), interval_seconds=course.bake_seconds, per_minute=per_minute
    )
    return [course.bill, each_minute.bill, often, seldom]


def table(bills: Sequence[Bill]) -> str:
    """A Markdown table that compares each bill with the first."""
    first = price(bills[0].usage).dollars
    lines = [
        "| what | minutes | looks | transitions | Lambda calls | metrics requested | dollars | times the first |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for bill in bills:
        used, dollars = bill.usage, price(bill.usage).dollars
        counts = f"{bill.looks} | {used.transitions} | {used.lambda_calls} | {used.metrics_requested}"
        lines.append(f"| {bill.name} | {bill.seconds / 60:.0f} | {counts} | {dollars:.4f} | {dollars / first:.2f} |")
    return "\n".join(lines) + "\n"


def gains(bills: Sequence[Bill]) -> str:
    """What each of them does for that price."""
    ours = bills[0]
    per_look = ours.usage.metrics_requested / (ours.looks + ours.watch_looks)
    return (
        f"For that price the controller compares both arms in errors, latency and a business metric, with {per_look:.0f} "
        f"metrics per look, and {ours.watch_looks} looks after the promotion. It shifts a whole stage at once, and rolls back "
        "whatever fails. The loop checks whether one "
        "function's new version had an error in the last minute of each wait. It treats missing data as healthy. "
        f"List prices of {RATES.compiled_on} in {RATES.region}, without the controller's table; the loop has none.\n"
    )


def main() -> None:
    """Measure and print the table."""
    bills = measure(PER_MINUTE)
    sys.stdout.write(f"{table(bills)}\n{gains(bills)}")


if __name__ == "__main__":
    main()
