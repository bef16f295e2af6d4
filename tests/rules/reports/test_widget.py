"""The dashboard's widget: the fleet, one rollout as in its report, commands to copy, and nothing that CloudWatch removes."""

import re
from dataclasses import replace

import pytest

from canary.rules.reports.amounts import in_utc
from canary.rules.reports.building import report_of
from canary.rules.reports.widget import Fleet, FleetRow, style_of, to_widget
from canary.rules.rollouts.phases import Phase
from tests.builders import a_rollout
from tests.rules.reports.past import BAD, LATE, a_report
from tests.rules.reports.test_markup import Seen

RUNNING = report_of(a_rollout(phase=Phase.SHIFTING), ())
ENDED = a_report(past=LATE)
ROWS = (FleetRow("orders", RUNNING), FleetRow("stock", note="at rest; the last rollout was run-7"))
REMOVED = {"script", "iframe", "use", "button", "form", "input", "a", "cwdb-action", "html", "head", "body", "link", "meta"}
EVIL = '"><script>alert(1)</script><cwdb-action action="call">'


def widget(rows=ROWS, shown=ENDED, *, theme="light", notes=()):
    return to_widget(Fleet(rows, shown, notes), theme=theme, local=in_utc)


def tags_of(html):
    return {name for name, _ in Seen(html).tags}


def test_every_target_has_a_row_with_a_command():
    html = widget()
    table = html[html.index("<tbody>") : html.index("</tbody>")]
    assert table.count("<tr>") == 2
    assert "In progress: shifting" in table
    assert "<code>canary watch orders</code>" in table
    assert "at rest; the last rollout was run-7" in table
    assert "<code>canary history stock</code>" in table


def test_a_rollout_that_needs_an_operator_leads_to_its_status():
    needy = replace(RUNNING, needs_operator=True)
    table = widget((FleetRow("orders", needy),), None)
    assert "Needs operator" in table
    assert "<code>canary status orders</code>" in table


def test_without_a_target_it_says_how_to_get_one():
    assert "No target is registered; deploy one with make deploy TARGETS=&lt;folder&gt;." in widget((), None)


def test_the_rollout_is_shown_as_its_report_shows_it():
    html = widget()
    assert "5xx at 25 %: 20.3 % canary, 0.44 % base" in html
    assert "Evidence against the canary" in html
    assert "Weight asked, share seen" in html
    assert "<details" not in html


def test_commands_are_those_of_a_rollout_in_progress_or_of_an_ended_one():
    assert f"<code>canary logs orders --rollout {ENDED.rollout} --errors</code>" in widget()
    assert "canary pause" not in widget()
    running = widget(shown=RUNNING)
    assert "<code>canary pause orders --reason &quot;...&quot;</code>" in running
    assert "<code>canary rollback orders --reason &quot;...&quot;</code>" in running


@pytest.mark.parametrize("shown", [None, RUNNING, ENDED, a_report(past=BAD)])
def test_no_tag_is_used_that_cloudwatch_removes_or_that_calls_a_function(shown):
    assert not REMOVED & tags_of(widget(shown=shown))


def test_no_word_from_outside_becomes_markup():
    evil = replace(ENDED, target=EVIL, rollout=EVIL, reason=EVIL, labels={"commit": EVIL}, to_do=EVIL)
    html = widget((FleetRow(EVIL, evil), FleetRow(EVIL, note=EVIL)), evil, notes=(EVIL,))
    assert not REMOVED & tags_of(html)
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(("theme", "paper"), [("light", "--paper:#fff"), ("", "--paper:#fff"), ("dark", "--paper:#14181c")])
def test_it_follows_the_dashboards_theme(theme, paper):
    variables = re.match(r"\.canary-widget\{([^}]*)\}", style_of(theme))[1]
    assert [one for one in variables.split(";") if one.startswith("--paper")][-1] == paper


def test_its_style_reaches_no_other_widget():
    style = style_of("light")
    assert "@media" not in style
    rules = re.findall(r"([^{}]+)\{[^{}]*\}", style)
    assert len(rules) > 40
    assert all(part.startswith(".canary-widget") for rule in rules for part in rule.split(","))
    assert "".join(re.findall(r"[^{}]+\{[^{}]*\}", style)) == style
