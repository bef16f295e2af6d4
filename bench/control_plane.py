"""How many calls a rollout makes to Lambda's control plane, by task and function: `python -m bench.control_plane`.

Lambda accepts only a few control plane calls per second from the whole account (docs/aws.md#control-plane-limits). So the calls
of each task are counted on the embedded AWS, for a release that is promoted and for one that is rolled back. The counts are
divided by the number of visits to the task's state and by the number of the target's functions.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from demo.sample import publish_release
from demo.stand import WARM_UP_SECONDS, open_stand
from embedded_aws.wire.throttles import ALL_CALLS, APART, RATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from demo.stand import Stand
    from embedded_aws.faults.calls import Faults

SERVICE = "lambda"
FUNCTIONS = 40
LIMIT_SECONDS = 3 * 3600
POLICY = {
    "steps": [{"weight_percent": 25, "bake_seconds": 120}],
    "metric_delay_seconds": 60,
    "min_requests": 5,
    "detect": {"errors": 0.5},
    "max_extension_seconds": 300,
    "when_unproven": "roll_back",
}


@dataclass(frozen=True, slots=True)
class Visits:
    """How often the states of one or more executions were entered, and which calls to Lambda their tasks made."""

    states: Counter[str]
    calls: Counter[tuple[str, str]]
    functions: int

    def each(self, task: str) -> Mapping[str, float]:
        """The calls per visit and function, by operation."""
        shares = {name: count / self.states[task] / self.functions for (of, name), count in self.calls.items() if of == task}
        return dict(sorted(shares.items()))


def measure(per_minute: float = 120) -> Visits:
    """Run two rollouts: a good release is promoted, and one in which every query fails is rolled back."""
    states: Counter[str] = Counter()
    calls: Counter[tuple[str, str]] = Counter()
    with open_stand(per_minute=per_minute) as stand:
        stand.aws.clock.run_for(WARM_UP_SECONDS)
        for name, failing in (("promoted", 0.001), ("rolled-back", 1.0)):
            publish_release(stand.aws.client, stand.target, {"NAME": name, "FAILING_SHARE": failing})
            stand.aws.faults.clear()
            states += _roll_out(stand, name)
            calls += _calls_of(stand.aws.faults)
        return Visits(states, calls, len(stand.target.functions))


def _roll_out(stand: Stand, name: str) -> Counter[str]:
    client = stand.aws.client("stepfunctions")
    given = json.dumps({"target": stand.target.name, "policy": POLICY})
    started = client.start_execution(stateMachineArn=stand.controller.machine_arn, name=name, input=given)["executionArn"]
    stand.aws.run_until_ended(started, limit=LIMIT_SECONDS)
    pages = client.get_paginator("get_execution_history").paginate(executionArn=started)
    events: Iterator[dict[str, Any]] = (event for page in pages for event in page["events"])
    return Counter(event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)


def _calls_of(faults: Faults) -> Counter[tuple[str, str]]:
    return Counter((call.task, call.operation) for call in faults.calls if call.service == SERVICE and call.task)


def table(visits: Visits) -> str:
    """A Markdown table of the tasks in the order of their first visit; a task that does not call Lambda has no row."""
    rate = RATES[SERVICE][ALL_CALLS].per_second
    lines = [
        f"| task | for each function | counted together | seconds for {FUNCTIONS} functions, at least |",
        "|---|---|---|---|",
    ]
    for task in visits.states:
        if each := visits.each(task):
            together = sum(count for name, count in each.items() if name not in APART[SERVICE])
            told = ", ".join(f"{name} {count:.3g}" for name, count in each.items())
            lines.append(f"| {task} | {told} | {together:.3g} | {together * FUNCTIONS / rate:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the table."""
    sys.stdout.write(table(measure()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
