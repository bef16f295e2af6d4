"""What a trial prints besides its rollouts: what was found in the definition, what was created, and how it ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from canary.rules.reports.amounts import plural

MOST_NAMED = 5
"""Methods with refused requests that are named."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from canary_cli.trying.answers import Trial
    from laptop.definitions.operations import Definition, Operation
    from laptop.functions import Function


def lines_of_definition(file: Path, definition: Definition, functions: Sequence[Function]) -> Iterator[str]:
    """What was read, what is to be said about it, and which function answers how many methods."""
    version = f" {definition.version}" if definition.version else ""
    yield f"{file}: {definition.title}{version} ({definition.dialect}), {plural(len(definition.operations), 'method')} to try"
    yield from (f"  {line}" for line in definition.remarks)
    for one in functions:
        code = "your own code" if one.own else "a stand-in"
        yield f"  function {one.name}: {code} for {plural(len(one.operations), 'method')}"


def lines_of_world(
    target: Mapping[str, Any], target_file: Path, per_minute: float, failing: Operation, share: float
) -> Iterator[str]:
    """What was created, and which method the bad release breaks."""
    stage = target["stage"]
    where = f"API {stage['rest_api_id']}, stage {stage['stage_name']}"
    yield f"{where}: {per_minute:g} requests a minute to all methods, and a day of history"
    yield f"the bad release fails in {share:.0%} of the requests to {failing.name}, the most frequent method of a function"
    yield f"target file {target_file}:"
    yield from (f"  {line}" for line in target_text(target).splitlines())


def lines_of_traffic(requests: int, refused: Sequence[str]) -> Iterator[str]:
    """How the first requests were answered."""
    told = ", each answered with success" if not refused else "; not answered with success:"
    yield f"{requests:,} requests before the first rollout{told}"
    yield from (f"  {line}" for line in refused[:MOST_NAMED])


def lines_of_end(trial: Trial) -> Iterator[str]:
    """How it ended."""
    wrong = [one.rollout_id for one in trial.rollouts if one.problems]
    told = f"not as expected: {', '.join(wrong)}" if wrong else "the good release was promoted, the bad one rolled back"
    yield f"{plural(len(trial.rollouts), 'rollout')} in {trial.seconds:.0f} s: {told}"


def target_text(target: Mapping[str, Any]) -> str:
    """The target's file. Each value is written as JSON, and so as YAML."""
    lines = []
    for key, value in target.items():
        if isinstance(value, list):
            lines += [f"{key}:", *(f"  - {json.dumps(one)}" for one in value)]
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"
