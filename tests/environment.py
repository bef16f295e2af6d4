"""The environment in which the tests run: nothing comes from the developer's terminal, account, proxy or settings.

Variables that Python and its tools need to work stay (paths, locale, time zone); no test may depend on their values.
"""

import os
from collections.abc import Mapping
from pathlib import Path

ACCOUNT = ("AWS_", "BOTO_", "CANARY_", "LOG_LEVEL", "MOTO_", "POWERTOOLS_")
"""A wrong endpoint fails, and nothing can reach an account."""
TERMINAL = (
    "CLICOLOR",
    "COLORTERM",
    "COLUMNS",
    "FORCE_COLOR",
    "LINES",
    "NO_COLOR",
    "PYTHON_COLORS",
    "TERM",
    "TTY_",
)
PROXIES = ("all_proxy", "http_proxy", "https_proxy")
SET = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that tests see, out of the existing ones."""
    kept = {name: value for name, value in environ.items() if not name.startswith((*ACCOUNT, *TERMINAL))}
    return {name: value for name, value in kept.items() if name.lower() not in PROXIES} | SET


def has_usable_home(environ: Mapping[str, str]) -> bool:
    """Whether programs can keep their caches in the home directory that they are given."""
    home = environ.get("HOME")
    return home is None or (home != "" and os.access(Path(home), os.W_OK | os.X_OK))
