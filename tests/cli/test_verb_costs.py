"""docs/operating.md, `What a verb costs and how soon it acts`: every figure, counted and timed on the embedded AWS.

The failing assertion shows the table as it should be.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.price import MILLION, Usage, price
from canary.rules.rollouts.report import FUNCTION_GB, SECONDS_PER_CALL, usage_of
from canary.rules.targets.policy import Progression, Step, WhenUnproven
from canary_cli.exits import ExitCode
from canary_cli.watching import POLL_SECONDS
from demo.controller import register_target
from tests.cli.test_operating import PAGE
from tests.rig import QUICK
from tests.tasks.walk import PATIENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.policy import Policy
    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

pytestmark = pytest.mark.slow

NAMES = {
    "apigateway": "API Gateway",
    "cloudformation": "CloudFormation",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDB",
    "lambda": "Lambda",
    "ssm": "SSM",
    "stepfunctions": "Step Functions",
    "sts": "STS",
}
OF_VERBS = ("OperateRollout", "AuthorizeRollout")
READS = ("BatchGetItem", "GetItem", "Query", "Scan")
READ_UNITS, WRITE_UNITS = 10, 20
"""Of one call at most: 40 KB are read, or 10 KB are written in a transaction."""
LONG = replace(PATIENT, steps=(Step(Decimal(25), 3600), Step(Decimal(50), 3600)))
SCHEDULED = replace(QUICK, progression=Progression.SCHEDULED, max_parked_seconds=7200, when_unproven=WhenUnproven.PROMOTE)
HEAD = "| verb | the command calls | its function calls | millionths of a dollar | it takes effect |"


@dataclass(frozen=True)
class Made:
    """A verb as it was carried out: the calls of the command and of its function, and the second at which it was given."""

    command: Counter[tuple[str, str]]
    function: Counter[tuple[str, str]]
    began: float = 0.0

    def row(self, verb: str, effect: str) -> str:
        """The verb's row of the table."""
        millionths = price(self.usage).dollars * MILLION
        return f"| `{verb}` | {listed(self.command)} | {listed(self.function)} | {millionths:.0f} | {effect} |"

    @property
    def usage(self) -> Usage:
        """What is paid for. The other calls are free."""
        both = self.command + self.function
        assert not both["cloudwatch", "GetMetricData"], "this call has a price of its own"
        of_table = {name: count for (service, name), count in both.items() if service == "dynamodb"}
        reads = sum(count for name, count in of_table.items() if name in READS)
        called = both["lambda", "Invoke"]
        seconds = called * FUNCTION_GB * SECONDS_PER_CALL
        return Usage(0, called, 0, seconds, (sum(of_table.values()) - reads) * WRITE_UNITS, reads * READ_UNITS)


def listed(calls: Counter[tuple[str, str]]) -> str:
    """``DynamoDB 4, STS 1``; a dash where nothing is called."""
    by_service: Counter[str] = Counter()
    for (service, _), count in calls.items():
        by_service[NAMES[service]] += count
    return ", ".join(f"{service} {count}" for service, count in sorted(by_service.items())) or "-"


class Bench:
    """The ground's account and its time."""

    def __init__(self, ground: Ground, canary: Canary) -> None:
        self.ground, self.canary, self.clock = ground, canary, ground.aws.clock

    def make(self, *words: str) -> Made:
        """A run of the command."""
        calls = self.ground.aws.faults.calls
        calls.clear()
        began, told = self.clock.now(), self.canary(*words)
        assert told.code in {ExitCode.DONE, ExitCode.STILL_RUNNING}, told.out + told.err
        made = [*calls]
        by = {is_own: Counter((one.service, one.operation) for one in made if one.task in tasks) for is_own, tasks in WHOSE}
        return Made(by[True], by[False], began)

    def until(self, made: Made, is_so: Callable[[], object]) -> str:
        """How many seconds after the verb this is so."""
        self.clock.run_until(lambda: bool(is_so()), limit=3600)
        return f"{self.clock.now() - made.began:.0f} s"

    def start(self, policy: Policy, *options: str) -> tuple[Made, str]:
        """A start under this policy, and its rollout."""
        register_target(self.ground.aws.client, replace(self.ground.rig.target, policy=policy))
        made = self.make("start", "orders", "--reason", "OPS-1", *options)
        return made, str(self.ground.rig.records.read_lock("orders").rollout_id)

    def until_a_look(self, name: str) -> None:
        """The next look has just been made, so the one after it is as far away as it can be."""
        before = self.rollout(name).looked_at
        self.clock.run_until(lambda: self.rollout(name).looked_at != before, limit=600)

    def rollout(self, name: str) -> Rollout:
        return self.ground.rig.records.find(name).rollout

    def reverted(self, made: Made, name: str) -> str:
        """When requests begin to reach the earlier release, when base serves it, and the price of the execution."""
        over = self.until(made, lambda: self.rollout(name).phase is Phase.PROMOTED)
        revert = self.rollout(name)
        first = next(
            one.at
            for one in self.ground.rig.served
            if one.at >= made.began and one.deployment_id == revert.intent.deployment_id
        )
        assert 0 <= first - revert.shifts[0] < LONGEST_GAP
        used = usage_of(revert)
        execution = f"its execution: {used.transitions} transitions, ${price(used).dollars:.4f}"
        return (
            f"requests reach the earlier release: {revert.shifts[0] - made.began:.0f} s; base serves it: {over} ({execution})"
        )


LONGEST_GAP = 10.0
"""Seconds between two requests of the sample, which has one a second on average."""
WHOSE = ((True, (None,)), (False, OF_VERBS))
"""Whether calls are the command's own, by the function that makes them."""


def of_one_rollout(bench: Bench) -> Iterator[str]:
    """From its start to its revert, and back."""
    make, until = bench.make, bench.until
    made, name = bench.start(LONG)
    yield made.row("start", f"the canary has its first weight: {until(made, lambda: bench.ground.percent)}")
    bench.until_a_look(name)
    made = make("pause", "orders")
    yield made.row("pause", f"the next look stops the bake's clock: {until(made, lambda: bench.rollout(name).steering.pause)}")
    bench.until_a_look(name)
    made = make("resume", "orders")
    yield made.row("resume", f"the next look lets it go on: {until(made, lambda: not bench.rollout(name).steering.pause)}")
    yield make("note", name, "seen").row("note", "at once")
    yield make("status", "orders").row("status", "at once")
    shorter, longer = (make("watch", "orders", "--timeout", f"{seconds}s") for seconds in (60, 90))
    polls = round(60 / POLL_SECONDS)
    a_minute = Counter({call: count * polls for call, count in (longer.command - shorter.command).items()})
    yield Made(a_minute, Counter()).row("watch", f"this is one minute; a look is shown {POLL_SECONDS:.0f} s after it at most")
    bench.until_a_look(name)
    made = make("promote", "orders", "--yes")
    canary = until(made, lambda: bench.ground.percent == 100)
    base = until(made, lambda: bench.rollout(name).phase is Phase.PROMOTED)
    yield made.row("promote", f"the next look; the canary has all traffic: {canary}; base serves the release: {base}")
    bench.clock.run_for(60)
    made = make("rollback", "orders", "--yes")
    yield made.row("rollback", f"of a promoted release: {bench.reverted(made, f'{name}-revert')}")
    bench.clock.run_for(60)
    made = make("revert", "orders", "--to", name, "--yes")
    yield made.row("revert", f"with `--to`: {bench.reverted(made, f'{name}-revert-revert')}")


def of_canaries_that_go(bench: Bench) -> Iterator[str]:
    """Two rollouts of the next release; the second one is parked and advanced before."""
    made, name = bench.start(LONG)
    bench.until(made, lambda: bench.ground.percent)
    made = bench.make("abort", "orders")
    yield made.row("abort", f"base has all traffic: {bench.until(made, lambda: bench.ground.percent is None)}")
    while bench.rollout(name).phase is not Phase.ROLLED_BACK:  # the verb makes the next pass as soon as it may be
        bench.clock.run_for(61)
        bench.make("abort", "orders")
    made, name = bench.start(SCHEDULED, "--retry")
    bench.until(made, lambda: bench.rollout(name).phase is Phase.PARKED)
    made = bench.make("advance", "orders")
    yield made.row("advance", f"the canary has its next weight: {bench.until(made, lambda: bench.ground.percent == 50)}")
    made = bench.make("rollback", "orders")
    yield made.row("rollback", f"of a canary: base has all traffic: {bench.until(made, lambda: bench.ground.percent is None)}")


def test_the_page_says_what_each_verb_costs_and_how_soon_it_acts(ground: Ground, canary: Canary):
    bench = Bench(ground, canary)
    rows = [*of_one_rollout(bench)]
    ground.rig.publish()
    rows += of_canaries_that_go(bench)
    table = PAGE.partition(f"{HEAD}\n")[2].partition("\n\n")[0].splitlines()[1:]

    assert sorted(table) == sorted(rows), "\n".join(rows)
