"""How long the embedded AWS takes to start with the sample, as for `make demo`: `python -m bench.start_up`.

Fresh processes take turns. The start is compared with a process that only makes a few clients with boto3, and with one that
first imports what `embedded_aws.moto_seams.deferred` avoids. Times are CPU times, the least of each.
"""

from __future__ import annotations

import sys

from bench.cold_start import ALONE, CLIENTS, Start, measure_bodies

RUNS = 5
STAND = """
import importlib
from embedded_aws.startup import without_collections
with without_collections():
    {first}
    from demo.rollouts import open_stand
stand = open_stand()
stand.__enter__()
"""
ALL = "from embedded_aws.moto_seams.deferred import DEFERRED; [importlib.import_module(one.module) for one in DEFERRED]"
BODIES = {
    "boto3 alone": ALONE.format(clients=CLIENTS),
    "the embedded AWS with the sample": STAND.format(first="pass"),
    "the same, nothing deferred": STAND.format(first=ALL),
}


def table(starts: list[Start]) -> str:
    """A Markdown table that compares each start with boto3 alone and with the embedded AWS as it is."""
    alone, ours, *_ = starts
    lines = ["| | ms | times boto3 alone | times ours | MB |", "|---|---|---|---|---|"]
    for start in starts:
        ratios = f"{start.seconds / alone.seconds:.2f} | {start.seconds / ours.seconds:.2f}"
        lines.append(f"| {start.name} | {start.seconds * 1000:.0f} | {ratios} | {start.megabytes:.0f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print the table."""
    sys.stdout.write(table(measure_bodies(BODIES, RUNS)))


if __name__ == "__main__":
    main()
