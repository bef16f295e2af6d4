"""What the demo prints before and after a rollout: the release, the ending, the state left, the harm and the cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from canary.rules.rollouts.price import RATES
from demo.scenarios import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from canary.rules.judging.harm import Harm
    from demo.outcome import Outcome
    from demo.readback import Readback, Standing
    from demo.scenarios import Scenario
    from demo.witness import Witness

PIPE_WIDTH = 140
SPOKEN = {Ending.PROMOTED: "promoted", Ending.ROLLED_BACK: "rolled back"}


def make_console(output: TextIO) -> Console:
    """A console on ``output``: as wide as the terminal, or wide enough for one line per look."""
    return Console(file=output, highlight=False, width=None if output.isatty() else PIPE_WIDTH)


def print_head(console: Console, scenario: Scenario) -> None:
    """Print a scenario's name and what is special about its release."""
    console.print()
    console.rule(f"[bold]{scenario.name}[/]: {scenario.title}", align="left")


def print_end(console: Console, outcome: Outcome, witness: Witness, readback: Readback) -> None:
    """Print how a rollout ended, and the target as AWS shows it afterwards."""
    style = "bold red" if outcome.problems else "bold green"
    ending = SPOKEN.get(Ending(outcome.ending), outcome.ending) if outcome.ending in set(Ending) else outcome.ending
    _print_line(console, ending, f"after {outcome.seconds / 60:.0f} minutes: {outcome.reason}", style=style)
    for what, text in _standing(outcome.standing):
        _print_line(console, what, text)
    record = readback.record(outcome.scenario.name)
    limits = record.get("limits_ms", {}).get("p99", ())
    _print_line(console, "harmed", tell_harm(witness, max(limits, default=None)))
    cost = readback.cost(outcome.execution, outcome.scenario.name)
    _print_line(console, "cost", f"{cost.text} (list prices of {RATES.compiled_on}, {RATES.region})")
    for problem in outcome.problems:
        _print_line(console, "WRONG", problem, style="bold red")


def _print_line(console: Console, what: str, text: str, *, style: str = "") -> None:
    console.print(Text.assemble((f"  {what:<8} ", style or "bold"), text), soft_wrap=True)


def _standing(standing: Standing) -> Iterator[tuple[str, str]]:
    variables = ", ".join(f"{name}={value}" for name, value in sorted(standing.variables.items()))
    yield "stage", f"deployment {standing.deployment_id}, {variables}, {standing.canary or 'no canary'}"
    yield "aliases", ", ".join(f"{alias} at {version}" for alias, version in standing.aliases.items())
    yield "lock", f"held by {standing.holder}" if standing.holder else f"free (fencing token {standing.fencing_token})"


def tell_harm(witness: Witness, limit_ms: float | None) -> str:
    """How many canary requests failed or were slow beyond base's rate; ``limit_ms`` is what counts as slow, if known."""
    failed, requests = witness.harmed(), f"{witness.canary.requests:,} canary requests"
    if _is_chance(failed):
        text = f"none beyond chance: {failed.requests} of {requests} failed beyond base's rate"
    else:
        text = f"{failed.requests} of {requests} failed beyond base's rate"
    if limit_ms is None:
        return text
    slowed = witness.slowed(limit_ms)
    chance = ", within chance" if _is_chance(slowed) else ""
    return f"{text}; {slowed.requests} more were slower than base's p99 of {limit_ms:g} ms{chance}"


def _is_chance(harm: Harm) -> bool:
    """Whether there is harm and chance explains it: even two identical arms never fail at exactly the same rate."""
    return harm.requests > 0 and not harm.is_beyond_chance
