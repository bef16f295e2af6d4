"""The commands that the dashboard's widget shows are ones that the command takes."""

import html
import re
import shlex
from dataclasses import replace

import pytest
import typer

from canary.rules.reports.amounts import in_utc
from canary.rules.reports.building import report_of
from canary.rules.reports.widget import Fleet, FleetRow, to_widget
from canary.rules.rollouts.phases import Phase
from canary_cli.app import app
from tests.builders import a_rollout

RUNNING = report_of(a_rollout(phase=Phase.SHIFTING), ())
ENDED = report_of(a_rollout(phase=Phase.ROLLED_BACK), ())
COMMAND = typer.main.get_command(app)


def commands_of(shown):
    rows = (FleetRow("orders", shown), FleetRow("orders", replace(shown, needs_operator=True)), FleetRow("stock"))
    page = to_widget(Fleet(rows, shown), theme="light", local=in_utc)
    return [html.unescape(one) for one in re.findall(r"<code>(.*?)</code>", page)]


@pytest.mark.parametrize("text", sorted({*commands_of(RUNNING), *commands_of(ENDED)}))
def test_a_command_to_copy_is_parsed(text):
    name, verb, *arguments = shlex.split(text)
    assert name == "canary"
    with COMMAND.commands[verb].make_context(verb, arguments) as parsed:
        assert parsed.params
