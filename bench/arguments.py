"""What the smaller measurements are asked on the command line: how many runs of each cell, in how many processes."""

from __future__ import annotations

import argparse
import os


def runs_and_processes(prog: str, description: str, *, runs: int) -> tuple[int, int]:
    """The runs of each cell, `runs` if nothing is said, and the processes, one for each processor."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--runs", type=int, default=runs, help="runs of each cell")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    return asked.runs, asked.processes
