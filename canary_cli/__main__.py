"""The command's entry: `canary`, or `python -m canary_cli`."""

from __future__ import annotations

from canary_cli.app import app, main

__all__ = ["app", "main"]

if __name__ == "__main__":
    main()
