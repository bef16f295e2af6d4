"""When a job's credentials end."""

from __future__ import annotations

import base64
import json

import pytest

from canary_cli.ci.sessions import end_of_web_identity, parse_end

NOON = 1_769_860_800.0


def a_token(claims: object) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.sig"


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", '"2026-01-31T12:00:00.000Z"', "2026-01-31T13:00:00+01:00"])
def test_an_instant_is_read_as_aws_and_the_action_write_it(text: str):
    assert parse_end(text) == NOON


@pytest.mark.parametrize("text", ["", "soon", "2026-01-31T12:00:00"])
def test_anything_else_is_no_instant(text: str):
    assert parse_end(text) is None


def test_a_session_is_renewed_for_as_long_as_its_token_is_valid():
    assert end_of_web_identity(a_token({"exp": NOON + 7200}), NOON) == NOON + 7200
    assert end_of_web_identity(a_token({"exp": NOON + 300}), NOON) == NOON + 3000


@pytest.mark.parametrize("token", ["", "a.b", "e30.!!!.sig", a_token({}), a_token([1]), a_token({"exp": "noon"})])
def test_a_token_without_an_end_has_none(token: str):
    assert end_of_web_identity(token, NOON) is None
