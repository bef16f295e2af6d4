"""`python -m demo rollouts`, `serve` and `live`: the sample and the controller on the embedded AWS."""

from __future__ import annotations

import argparse
import gc
import io
import sys
from pathlib import Path

from demo.scenarios import SCENARIOS, UnknownScenarioError, choose
from embedded_aws.foreground import positive
from embedded_aws.port import PortError, read_port, require_free
from embedded_aws.startup import without_collections

REPORTS = Path("reports")
PORT, LIVE_PORT = 4566, 8470
SPEED = 60.0
PER_MINUTE = 600.0
WRONG_USE = 2
STARTING = "starting an AWS in this process, with a sample API, a day of history and the controller"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a character that the locale lacks must not end a rollout
    asked = _parser().parse_args(arguments)
    return {"rollouts": _demo, "serve": _serve, "live": _live}[asked.command](asked)


def _demo(asked: argparse.Namespace) -> int:
    try:
        chosen = choose(asked.only)
    except UnknownScenarioError as error:
        return _refuse(error)
    _tell(STARTING)
    with without_collections():
        from demo.report import make_console  # noqa: PLC0415 - moto takes seconds to import; a wrong name fails at once
        from demo.rollouts import run_demo  # noqa: PLC0415 - as above

    return run_demo(chosen, make_console(sys.stdout), reports=asked.reports)


def _serve(asked: argparse.Namespace) -> int:
    try:
        port = read_port(asked.port)
        require_free(port)
    except PortError as error:
        return _refuse(error)
    _tell(f"# {STARTING}")
    with without_collections():
        from demo.serve import serve  # noqa: PLC0415 - as above

    return serve(port=port, speed=asked.speed, per_minute=asked.requests_per_minute)


def _live(asked: argparse.Namespace) -> int:
    try:
        port = read_port(asked.port)
        require_free(port)
    except PortError as error:
        return _refuse(error)
    _tell(STARTING)
    with without_collections():
        from demo.live import live  # noqa: PLC0415 - as above

    return live(port=port, speed=asked.speed, per_minute=asked.requests_per_minute)


def _tell(line: str) -> None:
    """Print at once what the next seconds are for."""
    print(line, flush=True)  # noqa: T201 - the command line


def _refuse(error: Exception) -> int:
    print(error, file=sys.stderr)  # noqa: T201 - the command line
    return WRONG_USE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description="the sample and the controller on the embedded AWS")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("rollouts", help="roll out good and bad releases, one after another")
    names = ", ".join(scenario.name for scenario in SCENARIOS)
    demo.add_argument("--only", metavar="SCENARIO", help=f"one of {names}")
    demo.add_argument(
        "--reports", metavar="FOLDER", type=Path, default=REPORTS, help="where the evidence reports go (default %(default)s)"
    )
    serving = commands.add_parser("serve", help="keep the embedded AWS running, with sample, controller and traffic")
    serving.add_argument("--port", default=str(PORT), help="port on 127.0.0.1; 0 is any free one (default %(default)s)")
    living = commands.add_parser("live", help="show rollouts on a live page, with buttons that start good and bad releases")
    living.add_argument("--port", default=str(LIVE_PORT), help="port on 127.0.0.1; 0 is any free one (default %(default)s)")
    for one in (serving, living):
        _add_pace(one)
    return parser


def _add_pace(serving: argparse.ArgumentParser) -> None:
    serving.add_argument(
        "--speed", type=positive, default=SPEED, help="simulated seconds per real second (default %(default)s)"
    )
    serving.add_argument(
        "--requests-per-minute", type=positive, default=PER_MINUTE, help="simulated traffic (default %(default)s)"
    )


if __name__ == "__main__":
    status = main()
    gc.freeze()  # otherwise a last collection at the end would scan all of moto's objects for seconds
    sys.exit(status)
