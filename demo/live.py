"""`make demo LIVE=1`: the dashboard on the sample, with buttons that publish a good or a bad release and start its rollout.

The page, its data and its verbs are those of `canary dashboard`. What comes of a release is the controller's matter.
"""

from __future__ import annotations

import random
from itertools import count
from typing import TYPE_CHECKING

from rich.console import Console

from canary_cli.dashboard.server import opened
from canary_cli.dashboard.source import Choice, Heard, PressError
from canary_cli.showing import Account
from demo.base_history import write_ship_day
from demo.controller import register_target
from demo.orders_traffic import PER_MINUTE
from demo.sample import create_ship_sample, lose_route, publish_release, restore_route
from demo.scenarios import SCENARIOS
from demo.stand import WARM_UP_SECONDS, open_stand
from demo.watcher import StandConnection
from embedded_aws.foreground import signalled, wait_for

if TYPE_CHECKING:
    from demo.stand import Stand

READ_SECONDS = 1.0
"""In real time; a rollout at the usual speed takes less than a minute of it."""
LOST_ROUTE = "lost route"
CHOICES = (
    Choice("healthy", "Good", "promoted"),
    Choice("errors", "Some 5xx", "rolled back in the first steps"),
    Choice("slow", "Slow tail", "rolled back: p99 is worse, the median is not"),
    Choice(LOST_ROUTE, "Lost route", "refused before any request reaches it"),
    Choice("overload", "Breaks at 50 %", "passes the small steps, then is rolled back"),
)
NUMBERS = {scenario.name: scenario.numbers for scenario in SCENARIOS}


def live(*, port: int, speed: float, per_minute: float) -> int:
    """Serve until Ctrl-C or SIGTERM; returns the exit status. ``speed`` is simulated seconds per real second."""
    console = Console(highlight=False, soft_wrap=True)
    with signalled() as ended, open_stand(speed=speed, per_minute=per_minute) as stand:
        add_second_target(stand)
        stand.aws.clock.run_for(WARM_UP_SECONDS)
        stand.aws.clock.start()
        with opened(LiveStand(stand), port=port, allow_verbs=True, seconds=READ_SECONDS) as page:
            console.print(
                f"one real second is {speed:g} simulated; make the next release good or bad on the page", markup=False
            )
            console.print(f"the dashboard, with buttons: {page.url}", markup=False)
            console.print("Ctrl-C ends it", markup=False)
            wait_for(ended)
        console.print("ended")
    return 0


def add_second_target(stand: Stand) -> None:
    """Register a function without a stage, so that the page shows more than one target."""
    target = create_ship_sample(stand.aws.client)
    now, rng = stand.aws.clock.now(), random.Random("ship history")
    write_ship_day(stand.aws.metrics, target.functions[0].name, until=now, rng=rng, per_minute=PER_MINUTE)
    register_target(stand.aws.client, target)


class LiveStand(Account):
    """The stand as a source of the page, with releases to start."""

    choices = CHOICES

    def __init__(self, stand: Stand) -> None:
        super().__init__(StandConnection(stand))
        self._stand = stand
        self._numbers = count(1)

    def begin(self, choice: str) -> Heard:
        """Publish the release and start its rollout.

        Raises:
            PressError: there is no such release, or a rollout is in progress.

        """
        found = next((one for one in CHOICES if one.name == choice), None)
        if found is None:
            raise PressError(f"there is no release {choice!r}", f"take one of {', '.join(one.name for one in CHOICES)}")
        stand, target = self._stand, self._stand.target
        if holder := StandConnection(stand).records.read_lock(target.name).rollout_id:
            raise PressError(f"rollout {holder} is in progress", "wait for its end, or abort it")
        self._publish(found.name)
        name = f"{found.name.replace(' ', '-')}-{next(self._numbers)}"
        stand.start_rollout(name, found.title)
        return Heard((f"rollout {name} of {target.name} begins: {found.title}; expected: {found.expectation}",))

    def _publish(self, name: str) -> None:
        stand, stage = self._stand, self._stand.target.stage
        publish_release(stand.aws.client, stand.target, {"NAME": name, **NUMBERS.get(name, {})})
        if stage:
            (lose_route if name == LOST_ROUTE else restore_route)(stand.aws.client, stage.rest_api_id)
