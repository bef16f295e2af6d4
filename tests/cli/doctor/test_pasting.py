"""The doctor's commands as a person uses them: pasted into a shell with the AWS CLI."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.cli.doctor.plain import create_plain_api

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]

pytestmark = pytest.mark.slow


def test_the_commands_can_be_pasted_into_a_shell(ground: Ground, canary: Canary):
    bash = shutil.which("bash")
    if bash is None or not find_spec("awscli"):
        pytest.skip("the AWS CLI is not installed beside this Python; make .venv/dev installs it")
    api = create_plain_api(ground.aws, is_small=True)
    red = canary("doctor", *api.subject)
    block = red.out.partition("notices any of them:\n")[2].partition("target file:")[0]
    aws = f'aws() {{ {shlex.quote(sys.executable)} -m awscli "$@"; }}'
    pasting = subprocess.run(
        [bash, "-c", f"set -e\n{aws}\n{block}"], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert pasting.returncode == 0, pasting.stderr
    assert canary("doctor", *api.subject).code == 0
