"""The worth of fresher counts on the embedded AWS, beside the simulation: `python -m bench.freshness.embedded`.

The demo's sample gets bad releases under the shipped policy, with the minutes known 120 and 60 seconds after their end. A
target may state no shorter delay; the rest of the way, down to ten seconds, is simulated only (`bench.freshness`). Harm is the
number of the canary's requests until the weight is gone, because each of them met the bad release.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from statistics import fmean
from typing import TYPE_CHECKING

from demo.sample import publish_release
from demo.stand import WARM_UP_SECONDS, open_stand
from demo.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterable

TODAY, LATER = 60, 120
AHEAD_SECONDS = 15
"""By how much minutes arrive before the policy takes them for complete."""

RUNS = 4
LIMIT_SECONDS = 6 * 3600


class NotRolledBackError(Exception):
    """The bad release was not rolled back, so its harm has no end."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A bad release of the sample: its name, what it does, and the requests to the API a minute."""

    name: str
    numbers: Mapping[str, str | float | bool]
    per_minute: int


RELEASES = (
    Bad("5 points", {"FAILING_SHARE": 0.05}, 600),
    Bad("5 points", {"FAILING_SHARE": 0.05}, 60),
    Bad("all failing", {"FAILING_SHARE": 1.0}, 600),
    Bad("p99 at the same median", {"SLOW_SHARE": 0.04, "SLOW_FACTOR": 6.0}, 600),
)


def harm(release: Bad, delay_seconds: int, seed: int) -> int:
    """The canary's requests until its weight was gone.

    Raises:
        NotRolledBackError: it was promoted, or not ended in time.
    """
    with open_stand(per_minute=release.per_minute, seed=seed) as stand:
        aws = stand.aws
        aws.metrics.arrival_seconds = delay_seconds - AHEAD_SECONDS
        aws.clock.run_for(WARM_UP_SECONDS)
        publish_release(aws.client, stand.target, {"NAME": "bad", **release.numbers})
        witness = Witness()
        aws.dataplane.on_served(witness)
        asked = {"target": stand.target.name, "reason": "freshness", "policy": {"metric_delay_seconds": delay_seconds}}
        started = aws.client("stepfunctions").start_execution(
            stateMachineArn=stand.controller.machine_arn, name="freshness", input=json.dumps(asked)
        )
        ended = aws.run_until_ended(started["executionArn"], limit=LIMIT_SECONDS)
        if ended.get("error") != "RolledBack":
            raise NotRolledBackError(
                f"{release.name} ended as {ended['status']} {ended.get('error', '')}: {ended.get('cause', '')}"
            )
        return witness.canary.requests


def table(releases: Iterable[Bad], runs: int) -> str:
    """Each release's harm under both delays, and the ratio; the last row is the geometric mean."""
    lines = [
        f"| release | requests a minute | canary requests, known after {TODAY} s | after {LATER} s | ratio |",
        "|---|---|---|---|---|",
    ]
    ratios = []
    for release in releases:
        soon, late = (fmean(harm(release, delay, seed) for seed in range(runs)) for delay in (TODAY, LATER))
        ratios.append(late / soon)
        lines.append(f"| {release.name} | {release.per_minute} | {soon:.0f} | {late:.0f} | {late / soon:.2f} |")
    lines.append(f"| geometric mean | | | | {exp(fmean(map(log, ratios))):.2f} |")
    return "\n".join(lines) + "\n"


def make_parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="bench.freshness.embedded", description="The worth of fresher counts, embedded.")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each release under each delay")
    return parser


def main() -> None:
    """Measure and print the table."""
    sys.stdout.write(table(RELEASES, make_parser().parse_args().runs))


if __name__ == "__main__":
    main()
