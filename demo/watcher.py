"""Follows a rollout with the code of `canary watch`, so that the demo prints the lines that the command prints in a CI job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canary_cli.connection import Connection, Place
from canary_cli.following import Follower
from canary_cli.output import Output
from canary_cli.screens import Lines

if TYPE_CHECKING:
    from rich.console import Console

    from demo.stand import Stand

LIMIT_SECONDS = 4 * 3600
LOOK_SECONDS = 60


class EndlessRolloutError(Exception):
    """A rollout has not ended within the longest time that any scenario can take."""


class StandConnection(Connection):
    """The command's connection, with the clients of a stand, which need no credentials."""

    def __init__(self, stand: Stand) -> None:
        super().__init__(Place(endpoint_url=stand.aws.endpoint_url))
        self._stand = stand

    def again(self) -> StandConnection:
        """Another connection to the same stand."""
        return StandConnection(self._stand)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """The stand's client of a service."""
        return self._stand.aws.client(service)


class Watcher:
    """Watches the rollouts of one stand on a console."""

    def __init__(self, stand: Stand, console: Console) -> None:
        self._stand = stand
        self._connection = StandConnection(stand)
        self._output = Output(is_json=False, console=console)

    def follow(self, name: str, execution: str) -> float:
        """Advance the clock one look at a time and print what is new until the rollout ends; the last look's weight.

        Raises:
            EndlessRolloutError: it does not end in time.

        """
        follower, screen = Follower(self._stand.target.name, name, execution), Lines(self._output, is_whole=True)
        weight_percent = 0.0
        for _ in range(LIMIT_SECONDS // LOOK_SECONDS):
            self._stand.aws.clock.run_for(LOOK_SECONDS)
            news = follower.poll(self._connection)
            screen.show(follower, news, self._connection)
            weight_percent = news.looks[-1].numbers["weight_percent"] if news.looks else weight_percent
            if news.ending:
                return float(weight_percent)
        raise EndlessRolloutError(f"rollout {name} runs for more than {LIMIT_SECONDS} simulated seconds; see its looks above")
