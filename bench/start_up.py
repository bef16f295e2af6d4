"""How long the embedded AWS takes to be there with the sample, as for `make demo`: `python -m bench.start_up`.

In fresh processes that take turns, beside one that makes a few clients with boto3 and has nothing else, and beside one that
first imports what `embedded_aws.moto_seams.deferred` keeps away. Time is the CPU's, the least of each.
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
    """Markdown, each start beside boto3 alone and beside the embedded AWS as it is."""
    alone, ours, *_ = starts
    lines = ["| | ms | times boto3 alone | times ours | MB |", "|---|---|---|---|---|"]
    for start in starts:
        ratios = f"{start.seconds / alone.seconds:.2f} | {start.seconds / ours.seconds:.2f}"
        lines.append(f"| {start.name} | {start.seconds * 1000:.0f} | {ratios} | {start.megabytes:.0f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and tell."""
    sys.stdout.write(table(measure_bodies(BODIES, RUNS)))


if __name__ == "__main__":
    main()
