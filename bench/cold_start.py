"""How long each handler takes to be ready, and how much memory it then uses: `python -m bench.cold_start`.

Each handler is imported in fresh processes that make the clients it may need. It is compared with a process that only makes the
same clients with boto3. Times are CPU times, because the CPU is what is scarce in a function and the work of other processes
does not count in them. Processes of both kinds take turns, and the least time of each is reported. Memory is the process's peak
resident set. Sources are compiled before anything is measured, into a separate folder, whatever Python's settings for writing
compiled code are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
TASKS = ROOT / "functions" / "canary" / "tasks"
RUNS = 5
CLIENTS = ("dynamodb", "apigateway", "lambda", "cloudwatch")
ENVIRONMENT = {
    "CANARY_TASK": "Bench",
    "CANARY_TABLE": "canary",
    "CANARY_TARGET_PREFIX": "/canary/targets/",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
}
MEASURED = """
import json, resource, time
started = time.process_time()
{body}
print(json.dumps([time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
ALONE = "import boto3\nfor name in {clients}: boto3.client(name)\n"
HANDLER = """
import os
import canary.tasks.{module}
from canary.rules.targets.policy import STANDARD
from canary.rules.targets.target import Target
from canary.tasks.common.entry import Tools
clients = Tools.from_env(os.environ).clients
target = clients.of(Target("bench", (), STANDARD))
clients.dynamodb, target.apigateway, target.lambda_, target.cloudwatch
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One handler's start: CPU seconds and megabytes."""

    name: str
    seconds: float
    megabytes: float


def modules() -> Iterator[str]:
    """The modules that have a handler."""
    for path in sorted(TASKS.glob("*.py")):
        if "\nhandler = " in path.read_text(encoding="utf-8"):
            yield path.stem


def measure(names: list[str], runs: int) -> list[Start]:
    """The least start of each, with processes taking turns; the first one is boto3 alone."""
    bodies = {"boto3 alone": ALONE.format(clients=CLIENTS)}
    bodies |= {name: HANDLER.format(module=name) for name in names}
    return measure_bodies(bodies, runs)


def measure_bodies(bodies: Mapping[str, str], runs: int) -> list[Start]:
    """The least start of each program, by name, in fresh processes that take turns."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in bodies}
    with tempfile.TemporaryDirectory() as compiled:
        for body in bodies.values():
            _run(body, compiled)
        for _ in range(runs):
            for name, body in bodies.items():
                found[name].append(_run(body, compiled))
    return [Start(name, *(min(column) for column in zip(*rows, strict=True))) for name, rows in found.items()]


def _run(body: str, compiled: str) -> tuple[float, float]:
    path = os.pathsep.join([str(ROOT / "functions"), str(ROOT)])
    ours = {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
    environment = {**os.environ, **ENVIRONMENT, **ours}
    ran = subprocess.run(  # noqa: S603 - this file's own text
        [sys.executable, "-c", MEASURED.format(body=body)], env=environment, capture_output=True, check=True, text=True
    )
    seconds, megabytes = json.loads(ran.stdout.splitlines()[-1])
    return seconds, megabytes


def table(starts: list[Start]) -> str:
    """A Markdown table that compares each start with boto3 alone."""
    alone = starts[0]
    lines = ["| handler | ms | times boto3 alone | MB | times boto3 alone |", "|---|---|---|---|---|"]
    for start in starts:
        ratios = start.seconds / alone.seconds, start.megabytes / alone.megabytes
        lines.append(
            f"| {start.name} | {start.seconds * 1000:.0f} | {ratios[0]:.2f} | {start.megabytes:.0f} | {ratios[1]:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print the table."""
    sys.stdout.write(table(measure(list(modules()), RUNS)))


if __name__ == "__main__":
    main()
