"""docs/first-rollout.md shows the backtest of the sample that `make serve` begins with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from canary_cli.app import run
from demo.sample import publish_release
from demo.serve import NEXT_RELEASE
from demo.stand import WARM_UP_SECONDS, open_stand

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "first-rollout.md").read_text(encoding="utf-8")


def test_the_page_shows_the_backtest_of_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    [command] = re.findall(r"\(`canary (backtest orders [^`]*)`\):\n", PAGE)
    [shown] = re.findall(r"^```\n(orders: .*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    with open_stand() as stand:
        publish_release(stand.aws.client, stand.target, NEXT_RELEASE)
        stand.aws.clock.run_for(WARM_UP_SECONDS)
        capsys.readouterr()
        run(command.split())
    printed = capsys.readouterr().out

    assert shown in printed, f"the page shows another backtest than:\n{printed}"
