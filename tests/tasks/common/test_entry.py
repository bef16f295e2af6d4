"""How a handler starts: settings once, then its own clients, records and logger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from canary.edge.events import EventError, TickEvent
from canary.edge.settings import SettingsError
from canary.tasks.common.entry import Handler, Json, Tools, as_it_is, on

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = {
    "CANARY_TASK": "Test",
    "CANARY_TABLE": "canary",
    "CANARY_TARGET_PREFIX": "/canary/targets/",
    "AWS_REGION": "eu-west-1",
}


@pytest.fixture
def seen() -> list[Tools]:
    return []


@pytest.fixture
def handler(seen: list[Tools]) -> Handler[TickEvent, Json]:
    def act(event: TickEvent, tools: Tools) -> dict[str, Any]:
        seen.append(tools)
        return {"now": event.now}

    return Handler(on(TickEvent), act)


def set_environment(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_lambdas_calls_share_the_tools_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, handler: Handler[TickEvent, Json], seen: list[Tools]
):
    set_environment(monkeypatch, ENVIRONMENT)
    answers = [handler({"time": "1970-01-01T00:01:00Z"}, None) for _ in range(2)]

    assert answers == [{"now": 60.0}, {"now": 60.0}]
    assert seen[0].clients is seen[1].clients
    assert (seen[0].settings.task, seen[0].settings.table) == ("Test", "canary")


def test_a_bound_handler_has_tools_of_its_own(handler: Handler[TickEvent, Json], seen: list[Tools]):
    for task in ("One", "Two"):
        handler.bind({**ENVIRONMENT, "CANARY_TASK": task})({"time": "1970-01-01T00:01:00Z"}, None)

    assert [tools.settings.task for tools in seen] == ["One", "Two"]


def test_a_function_without_its_settings_says_which(monkeypatch: pytest.MonkeyPatch, handler: Handler[TickEvent, Json]):
    set_environment(monkeypatch, ENVIRONMENT)
    monkeypatch.delenv("CANARY_TABLE")

    with pytest.raises(SettingsError, match="CANARY_TABLE"):
        handler({}, None)


def test_an_event_of_another_kind_is_an_error(handler: Handler[TickEvent, Json], seen: list[Tools]):
    with pytest.raises(EventError, match="not a TickEvent: time"):
        handler.bind(ENVIRONMENT)({"when": "now"}, None)

    assert seen == []


def test_a_persons_call_is_read_by_its_task():
    assert as_it_is({"verb": "stop"}) == {"verb": "stop"}


def test_no_client_is_made_before_it_is_needed():
    clients = Tools.from_env(ENVIRONMENT).clients

    assert {"events", "ssm", "stepfunctions", "sts"}.isdisjoint(vars(clients))
