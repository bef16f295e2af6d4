"""`python -m verify` asks an account what nobody has recorded; `python -m verify clean-up` finishes after a kill."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from verify.program import Program
from verify.questions import ALL

LEDGERS = Path(".verify")


def main(arguments: list[str] | None = None, *, program: Program | None = None) -> int:
    """Do what the command line asks for, and return the process's exit status."""
    return (program or Program(Console(highlight=False, soft_wrap=True))).do(_parser().parse_args(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m verify", description="ask an AWS account what nobody has recorded")
    parser.add_argument("command", nargs="?", choices=("run", "questions", "clean-up"), default="run")
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="LEDGER", help="with clean-up: the ledgers to process; default all"
    )
    parser.add_argument(
        "--only", action="append", choices=[q.slug for q in ALL], metavar="SLUG", help="ask only this question; repeatable"
    )
    parser.add_argument("--yes", action="store_true", help="begin without asking for confirmation")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the answers to this file as well")
    parser.add_argument("--profile", help="a profile of the AWS configuration")
    parser.add_argument("--region", help="default: that of the AWS configuration")
    parser.add_argument(
        "--lend-log-role",
        action="store_true",
        help="if API Gateway has no role for logs here, give it one until the end of the run",
    )
    parser.add_argument(
        "--ledgers", type=Path, default=LEDGERS, metavar="FOLDER", help="where ledgers are kept (default %(default)s)"
    )
    parser.add_argument("--endpoint-url", help="the endpoint of an emulator, such as the one that make serve runs")
    parser.add_argument("--speed", type=float, default=1.0, help="an emulator's seconds per second of this machine (default 1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
