"""Who may ask the dashboard, by the heads of forged requests."""

from __future__ import annotations

from email.message import Message
from http import HTTPStatus

import pytest

from canary_cli.dashboard.guard import LONGEST_BODY, TOKEN_HEADER, Guard

TOKEN = "a-token"
GUARD = Guard(8470, TOKEN)
OWN = {"Host": "127.0.0.1:8470", "Origin": "http://127.0.0.1:8470"}
CHANGE = {**OWN, TOKEN_HEADER: TOKEN, "Content-Type": "application/json", "Content-Length": "10"}


def head(given: dict[str, str | None]) -> Message[str, str]:
    made: Message[str, str] = Message()
    for name, value in given.items():
        if value is not None:
            made[name] = value
    return made


@pytest.mark.parametrize("host", ["127.0.0.1:8470", "localhost:8470", "LOCALHOST:8470"])
def test_its_own_names_are_answered(host: str):
    assert GUARD.refuse_any(head({"Host": host})) is None
    assert GUARD.refuse_any(head({"Host": host, "Origin": f"http://{host}"})) is None


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "evil.example:8470", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8470.evil.example", "[::1]:8470"],
)
def test_a_foreign_host_is_refused_even_with_the_token(host: str | None):
    refused = GUARD.refuse_any(head({**CHANGE, "Host": host}))
    assert refused is not None
    assert refused.status is HTTPStatus.FORBIDDEN
    assert "is not this dashboard's" in refused.message


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "https://127.0.0.1:8470", "http://127.0.0.1:8471"])
def test_a_foreign_origin_is_refused_even_with_the_token(origin: str):
    refused = GUARD.refuse_any(head({**CHANGE, "Origin": origin}))
    assert refused is not None
    assert refused.status is HTTPStatus.FORBIDDEN


def test_the_pages_own_button_is_heard():
    assert GUARD.refuse_change(head(CHANGE)) is None
    assert GUARD.refuse_change(head({**CHANGE, "Content-Type": "application/json; charset=utf-8"})) is None


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({TOKEN_HEADER: None}, 401),
        ({TOKEN_HEADER: ""}, 401),
        ({TOKEN_HEADER: "a-tokem"}, 401),
        ({TOKEN_HEADER: "ä"}, 401),
        ({TOKEN_HEADER: None, "Cookie": f"{TOKEN_HEADER}={TOKEN}"}, 401),
        ({"Origin": None}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": None}, 415),
        ({"Content-Length": None}, 411),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "²"}, 411),
        ({"Content-Length": str(LONGEST_BODY + 1)}, 413),
        ({"Content-Length": "9" * 5000}, 413),
    ],
)
def test_a_forged_button_is_refused(changed: dict[str, str | None], status: int):
    refused = GUARD.refuse_change(head({**CHANGE, **changed}))
    assert refused is not None
    assert refused.status == status
    assert refused.fix


def test_a_read_only_dashboard_hears_no_button():
    refused = Guard(8470, None).refuse_change(head(CHANGE))
    assert refused is not None
    assert refused.status is HTTPStatus.FORBIDDEN
    assert "--allow-verbs" in refused.fix
