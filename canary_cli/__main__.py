"""The command's entry: `canary`, or `python -m canary_cli`."""

from __future__ import annotations

import sys

NEEDED = {"rich", "typer"}
"""What the extra `cli` installs."""


def main() -> None:
    """Run the command; without the extra's packages, say how to install them."""
    try:
        from canary_cli.app import run  # noqa: PLC0415 - the packages may be missing
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        sys.exit(f"error: the command canary needs the package {error.name}; install canary-controller[cli]")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
