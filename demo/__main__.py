"""`python -m demo rollouts`, `serve` and `live`: the sample and the controller on the embedded AWS."""

from __future__ import annotations

import argparse
import gc
import io
import sys
from pathlib import Path

from demo.accounts import Account, OwnAccount, ServeError, account_of
from demo.scenarios import SCENARIOS, UnknownScenarioError, choose
from embedded_aws.dataplane.traffic_file import TrafficFileError, read_traffic
from embedded_aws.foreground import positive
from embedded_aws.port import PortError, read_port, require_free
from embedded_aws.startup import without_collections

REPORTS = Path("reports")
PORT, LIVE_PORT = 4566, 8470
SPEED = 60.0
PER_MINUTE = 600.0
MOST_HISTORY_HOURS = 24
WRONG_USE = 2
STARTING = "starting an AWS in this process, with a sample API, a day of history and the controller"
STARTED_WITH = {
    Account.SAMPLE: STARTING,
    Account.CONTROLLER: "starting an AWS in this process, with the controller and nothing else",
    Account.EMPTY: "starting an AWS in this process, with nothing in it",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a character that the locale lacks must not end a rollout
    asked = make_parser().parse_args(arguments)
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
        own = own_account(asked)
        port = read_port(asked.port)
        require_free(port)
    except (PortError, ServeError, TrafficFileError) as error:
        return _refuse(error)
    _tell(f"# {STARTED_WITH[own.account]}")
    with without_collections():
        from demo.serve import serve  # noqa: PLC0415 - as above

    return serve(port=port, speed=asked.speed, own=own)


def own_account(asked: argparse.Namespace) -> OwnAccount:
    """The account that the options of `serve` describe.

    Raises:
        ServeError: the options do not fit each other.
        TrafficFileError: a traffic file is invalid.
    """
    account = account_of(asked.account, has_targets=asked.targets is not None)
    traffic = read_traffic(asked.traffic) if asked.traffic else ()
    return OwnAccount(account, asked.targets, traffic, per_minute=asked.requests_per_minute, history_hours=asked.history)


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


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
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
    _add_own(serving)
    living = commands.add_parser("live", help="show rollouts on a live page, with buttons that start good and bad releases")
    living.add_argument("--port", default=str(LIVE_PORT), help="port on 127.0.0.1; 0 is any free one (default %(default)s)")
    for one in (serving, living):
        _add_pace(one)
    return parser


def _add_own(serving: argparse.ArgumentParser) -> None:
    accounts = ", ".join(Account)
    serving.add_argument("--account", help=f"what is there at first: {accounts} (default sample, with --targets controller)")
    serving.add_argument("--targets", metavar="FOLDER", type=Path, help="register the target files of this folder")
    serving.add_argument("--traffic", metavar="PATH", type=Path, help="a traffic file, or a folder of them")
    serving.add_argument(
        "--history", metavar="HOURS", type=hours, default=0.0, help="simulated past of each new target (default none)"
    )


def hours(text: str) -> float:
    """A number of hours from 0 to 24.

    Raises:
        argparse.ArgumentTypeError: it is no such number.

    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= MOST_HISTORY_HOURS:
        raise argparse.ArgumentTypeError(f"must be hours from 0 to {MOST_HISTORY_HOURS}, got {text}")
    return number


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
