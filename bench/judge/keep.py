"""Keep a full run of the benchmark in the repository: `python -m bench.judge.keep [FOLDER]`.

It writes bench/results.md, bench/results.svg, bench/fair.json and the table in docs/how-it-decides.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.judge.command import BENCH, FAIR, JUDGES, OUT, PICTURE, RESULTS
from bench.judge.fair import read_fair_set

DOC = BENCH.parent / "docs" / "how-it-decides.md"
DOC_BEGINS = "<!-- bench: the table of bench/results.md, written by python -m bench.judge.keep -->\n"
DOC_ENDS = "<!-- bench: end -->"


class NotKeptError(Exception):
    """The folder does not hold a full run, so nothing was kept."""


def keep(folder: Path, bench: Path, doc: Path) -> list[Path]:
    """Copy a full run's files to `bench` and its table to `doc`; the files that were written.

    Raises:
        NotKeptError: a file is missing, because the run was a quick one or not under every policy.
    """
    missing = [name for name in (RESULTS, PICTURE, JUDGES, FAIR) if not (folder / name).is_file()]
    if missing:
        raise NotKeptError(f"{folder} has no {' and no '.join(missing)}; make a full run with make bench, then keep it")
    read_fair_set(folder / FAIR)
    told = with_table(doc.read_text(encoding="utf-8"), (folder / JUDGES).read_text(encoding="utf-8").strip())
    for name in (RESULTS, PICTURE, FAIR):
        (bench / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    doc.write_text(told, encoding="utf-8")
    return [*(bench / name for name in (RESULTS, PICTURE, FAIR)), doc]


def with_table(doc: str, told: str) -> str:
    """The document with the table between its two markers.

    Raises:
        NotKeptError: a marker is missing.
    """
    if DOC_BEGINS not in doc or DOC_ENDS not in doc:
        raise NotKeptError(f"the page has no place for the table; put {DOC_BEGINS.strip()} and {DOC_ENDS} where it belongs")
    before, _, rest = doc.partition(DOC_BEGINS)
    _, _, after = rest.partition(DOC_ENDS)
    return f"{before}{DOC_BEGINS}\n{told}\n{DOC_ENDS}{after}"


def main() -> None:
    """Keep the run of a folder."""
    parser = argparse.ArgumentParser(prog="bench.judge.keep", description="Keep a full run of the benchmark in the repository.")
    parser.add_argument("folder", nargs="?", type=Path, default=OUT, help="where the run was written")
    try:
        kept = keep(parser.parse_args().folder, BENCH, DOC)
    except (NotKeptError, ValueError) as error:
        sys.exit(str(error))
    sys.stdout.write("".join(f"{path.relative_to(BENCH.parent)}\n" for path in kept))


if __name__ == "__main__":
    main()
