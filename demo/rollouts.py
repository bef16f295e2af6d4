"""The demo: rolls out each scenario's release with the shipped state machine, one after another on one sample.

It follows each rollout from outside, prints its progress, reads back the state it left, and checks that it ended as its
scenario expects. It decides nothing about a rollout: that is the controller's job.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from canary.rules.reports.links import report_key
from demo.evidence import fetch_report
from demo.outcome import Outcome
from demo.readback import Readback
from demo.report import print_end, print_head
from demo.sample import publish_release
from demo.scenarios import Ending, Scenario
from demo.stand import WARM_UP_SECONDS, open_stand
from demo.watcher import Watcher
from demo.witness import Witness

Prepare = Callable[[Scenario], Mapping[str, str]]
"""Publishes a scenario's release and plans what happens meanwhile; returns the versions by function name."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from demo.readback import Standing
    from demo.stand import SampleStand, Stand

KEEPING_SECONDS = 30
"""After a rollout's end the controller keeps its report, which includes a query of the logs."""

PAUSE_SECONDS = 900
"""The pause between two rollouts, without traffic: alarms that fired return to OK before the next release starts."""


def run_demo(scenarios: Sequence[Scenario], console: Console, *, reports: Path) -> int:
    """Run the scenarios one after another and print what happens; the process's exit status.

    ``reports``: the folder for each rollout's evidence report.
    """
    started = time.monotonic()
    with open_stand() as stand:
        console.print(f"embedded AWS at {stand.aws.endpoint_url}, sample API {stand.target.name}, a day of history")
        demo = Demo(stand, console, reports=reports, prepare=partial(_prepare, stand))
        stand.aws.clock.run_for(WARM_UP_SECONDS)
        failed = [scenario.name for scenario in scenarios if demo.show(scenario).problems]
    verdict = f"[bold red]not as expected: {', '.join(failed)}[/]" if failed else "[bold green]all as expected[/]"
    rollouts = "1 rollout" if len(scenarios) == 1 else f"{len(scenarios)} rollouts"
    console.print(f"\n{rollouts} in {time.monotonic() - started:.0f} s, {verdict}")
    return 1 if failed else 0


def _prepare(stand: SampleStand, scenario: Scenario) -> Mapping[str, str]:
    """Publish a scenario's release of the sample, and plan its outage."""
    versions = publish_release(stand.aws.client, stand.target, {"NAME": scenario.name, **scenario.numbers})
    stand.traffic.plan_outage(scenario.outage, stand.aws.clock.now())
    return versions


class Demo:
    """Rollouts on one stand, each shown on the console."""

    def __init__(self, stand: Stand, console: Console, *, reports: Path, prepare: Prepare) -> None:
        self._stand = stand
        self._prepare = prepare
        self._console = console
        self._reports = reports
        self._watcher = Watcher(stand, console)
        self._readback = Readback(stand.aws.client, stand.controller.table)
        self._witness = Witness()
        stand.aws.dataplane.on_served(self._witness)

    def show(self, scenario: Scenario) -> Outcome:
        """Run one scenario, from publishing its release to the pause after its end."""
        print_head(self._console, scenario)
        started = time.monotonic()
        self._witness.restart()
        outcome = self._roll_out(scenario)
        self._stand.aws.clock.run_for(KEEPING_SECONDS)
        bucket, target = self._stand.controller.reports, self._stand.target.name
        page = fetch_report(self._stand.aws.client, bucket, target, scenario.name, self._reports)
        if page is None:
            outcome = replace(outcome, problems=(*outcome.problems, f"its report must be kept in {bucket} and is not"))
        print_end(self._console, outcome, self._witness, self._readback)
        if page:
            kept = f"s3://{bucket}/{report_key(target, scenario.name)}"
            self._console.print(f"  report   {page}, kept as {kept}", soft_wrap=True, markup=False)
        took = time.monotonic() - started
        self._console.print(f"  took     {took:.1f} s for {self._witness.requests:,} requests, each answered by a handler")
        self._pause()
        return outcome

    def _roll_out(self, scenario: Scenario) -> Outcome:
        stand, aws = self._stand, self._stand.aws
        before = self._readback.standing(stand.target)
        versions = self._prepare(scenario)
        execution = stand.start_rollout(scenario.name, scenario.title)
        last_weight_percent = self._watcher.follow(scenario.name, execution)
        description = aws.client("stepfunctions").describe_execution(executionArn=execution)
        ending = description.get("error") or Ending.PROMOTED
        after = self._readback.standing(stand.target)
        record = self._readback.record(scenario.name)
        return Outcome(
            scenario=scenario,
            execution=execution,
            ending=ending,
            reason=description.get("cause") or record["reason"],
            seconds=(description["stopDate"] - description["startDate"]).total_seconds(),
            last_weight_percent=last_weight_percent,
            standing=after,
            problems=tuple(find_problems(scenario, ending, last_weight_percent, _expected(scenario, before, versions), after)),
        )

    def _pause(self) -> None:
        dataplane, traffic = self._stand.aws.dataplane, self._stand.traffic
        dataplane.remove_source(traffic)
        self._stand.aws.clock.run_for(PAUSE_SECONDS)
        dataplane.add_source(traffic)


def _expected(scenario: Scenario, before: Standing, versions: Mapping[str, str]) -> dict[str, str]:
    """The versions at which the scenario must leave the aliases, by function:alias."""
    if scenario.ending is Ending.ROLLED_BACK:
        return dict(before.aliases)
    return {name: _promoted(name, before, versions) for name in before.aliases}


def _promoted(name: str, before: Standing, versions: Mapping[str, str]) -> str:
    """Where a promotion leaves an alias: the live alias at the release, the canary alias at what base served before."""
    function, _, alias = name.partition(":")
    return before.aliases[f"{function}:live"] if alias == "canary" else versions[function]


def find_problems(
    scenario: Scenario, ending: str, last_weight_percent: float, aliases: Mapping[str, str], after: Standing
) -> Iterator[str]:
    """What differs from the state that the scenario must leave, one sentence each."""
    if ending != scenario.ending:
        yield f"it must end as {scenario.ending} and ended as {ending}"
    if scenario.weight_percent is not None and last_weight_percent != scenario.weight_percent:
        yield f"it must be rolled back at {scenario.weight_percent:g} % and was at {last_weight_percent:g} %"
    if after.canary:
        yield f"the stage still has a canary: {after.canary}"
    if dict(after.aliases) != dict(aliases):
        yield f"the aliases must be at {dict(aliases)} and are at {dict(after.aliases)}"
    if after.holder:
        yield f"the lock is still held by {after.holder}"
