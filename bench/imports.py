"""What each handler imports: `python -m bench.imports`.

All handlers share their entry (`canary.tasks.common.entry`). It is imported first and reported separately, next to boto3 with a
client. Then each handler is imported in a process forked from there, which reports what the handler adds. Modules are counted,
not timed (`bench.cold_start` does that), so the figures are the same on every machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bench.cold_start import ROOT, modules

ENTRY = "canary.tasks.common.entry"
BOTO3 = "import boto3\nboto3.client('dynamodb', region_name='eu-west-1', aws_access_key_id='x', aws_secret_access_key='x')\n"
ALONE = "import sys\nbefore = set(sys.modules)\n{body}import json\nprint(json.dumps(sorted(set(sys.modules) - before)))\n"
FORKED = """
import importlib, json, os, sys
def added(name):
    before = set(sys.modules)
    importlib.import_module(name)
    return sorted(set(sys.modules) - before)
def forked(name):
    reader, writer = os.pipe()
    if not os.fork():
        with os.fdopen(writer, "w") as told:
            json.dump(added(name), told)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        found = json.load(told)
    os.wait()
    return found
entry, *handlers = sys.argv[1:]
print(json.dumps({entry: added(entry)} | {name: forked(name) for name in handlers}))
"""


@dataclass(frozen=True, slots=True)
class Imports:
    """What the entry imports, and what each handler adds to that, as module names."""

    entry: frozenset[str]
    added: Mapping[str, frozenset[str]]


def read_imports(names: list[str]) -> Imports:
    """What the handlers in these modules of `canary.tasks` import."""
    told = _told(FORKED, ENTRY, *(f"canary.tasks.{name}" for name in names))
    return Imports(frozenset(told[ENTRY]), {name: frozenset(told[f"canary.tasks.{name}"]) for name in names})


def boto3_alone() -> frozenset[str]:
    """What a process with one boto3 client imports."""
    return frozenset(_told(ALONE.format(body=BOTO3)))


def packages(names: frozenset[str]) -> Counter[str]:
    """The number of modules of each package that belongs neither to Python nor to the controller."""
    tops = (name.partition(".")[0] for name in names)
    return Counter(top for top in tops if top not in sys.stdlib_module_names | {"canary"} and not top.startswith("_sysconfig"))


def _told(script: str, *arguments: str) -> dict[str, list[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "functions")}
    ran = subprocess.run(  # noqa: S603 - this file's own text
        [sys.executable, "-c", script, *arguments], env=environment, capture_output=True, check=True, text=True
    )
    told: dict[str, list[str]] = json.loads(ran.stdout)
    return told


def table(imports: Imports, alone: frozenset[str]) -> str:
    """A Markdown table: boto3 alone, the entry, and each handler with what it adds."""
    lines = ["| what | modules | times boto3 alone | other packages' | judge |", "|---|---|---|---|---|"]
    lines += [_row("boto3 alone", alone, alone), _row("the entry of all", imports.entry, alone)]
    lines += [_row(name, imports.entry | added, alone) for name, added in imports.added.items()]
    return "\n".join(lines) + "\n"


def _row(name: str, found: frozenset[str], alone: frozenset[str]) -> str:
    has_judge = "yes" if "canary.rules.judging.judge" in found else ""
    return f"| {name} | {len(found)} | {len(found) / len(alone):.2f} | {packages(found).total()} | {has_judge} |"


def main() -> None:
    """Count and print the table."""
    imports = read_imports(list(modules()))
    sys.stdout.write(table(imports, boto3_alone()))
    most = ", ".join(f"{name} {count}" for name, count in packages(imports.entry).most_common(8))
    sys.stdout.write(f"\nModules of other packages that the entry imports: {most}.\n")
    strangers = {name: sorted(packages(added)) for name, added in imports.added.items() if packages(added)}
    sys.stdout.write(f"Packages that individual handlers add: {strangers or 'none'}.\n")


if __name__ == "__main__":
    main()
