"""`python -m embedded_aws serve`: an empty AWS account on loopback, for any program that takes an endpoint URL."""

from __future__ import annotations

import argparse
import gc
import sys
from typing import TYPE_CHECKING

from embedded_aws.foreground import positive, signalled, wait_for
from embedded_aws.port import PortError, read_port, require_free
from embedded_aws.startup import without_collections

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 4566
SPEED = 1.0
WRONG_USE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; the process's exit status."""
    asked = _parser().parse_args(arguments)
    try:
        port = read_port(asked.port)
        require_free(port)
    except PortError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command line
        return WRONG_USE
    _say("# starting an AWS in this process")
    return serve(port=port, speed=asked.speed, seed=asked.seed, enforce_iam=asked.enforce_iam)


def serve(*, port: int, speed: float, seed: int, enforce_iam: bool) -> int:
    """Serve until Ctrl-C or SIGTERM; the process's exit status. ``speed`` is simulated seconds per real second."""
    with without_collections():
        from embedded_aws.embedded import EmbeddedAws  # noqa: PLC0415 - moto takes seconds to import
    with signalled() as ending, EmbeddedAws(port=port, speed=speed, seed=seed, enforce_iam=enforce_iam) as aws:
        aws.clock.start()
        for line in commands(aws.endpoint_url, aws.region, speed):
            _say(line)
        wait_for(ending)
        _say("ended")
    return 0


def commands(endpoint_url: str, region: str, speed: float) -> Iterator[str]:
    """What to paste into a shell, with comments."""
    from embedded_aws.dataplane.execute_api import PREFIX  # noqa: PLC0415 - as above

    yield f"# the embedded AWS answers at {endpoint_url}; one real second is {speed:g} simulated; Ctrl-C ends it"
    yield "# in another shell; any credentials will do"
    yield f"export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION={region} AWS_ENDPOINT_URL={endpoint_url}"
    yield "aws apigateway get-rest-apis"
    yield "# a deployed stage answers at this address"
    yield f"curl {endpoint_url}{PREFIX}API_ID/STAGE/PATH"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the command line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded_aws", description="an AWS account in this process, on loopback")
    subcommands = parser.add_subparsers(dest="command", required=True)
    serving = subcommands.add_parser("serve", help="serve an empty account until Ctrl-C")
    serving.add_argument("--port", default=str(PORT), help="on 127.0.0.1; 0 takes any free one (default %(default)s)")
    serving.add_argument(
        "--speed", type=positive, default=SPEED, help="simulated seconds per real second (default %(default)s)"
    )
    serving.add_argument("--seed", type=int, default=0, help="of everything random (default %(default)s)")
    serving.add_argument("--enforce-iam", action="store_true", help="check calls against the caller's role")
    return parser


if __name__ == "__main__":
    status = main()
    gc.freeze()  # the process ends: looking once more through all that moto made would take it seconds
    sys.exit(status)
