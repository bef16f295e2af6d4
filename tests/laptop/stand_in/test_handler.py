import json
from types import SimpleNamespace

import pytest

from laptop.stand_in import answers, handler, release

CONTEXT = SimpleNamespace(function_version="7")


@pytest.fixture(autouse=True)
def a_stand_in(monkeypatch):
    monkeypatch.setattr(answers, "ANSWERS", {"GET /a": (201, "text/plain", "hello"), "ANY /b": (204, None, "")})
    monkeypatch.setattr(handler.time, "sleep", lambda seconds: seconds)


def asked(method="GET", resource="/a"):
    return handler.handler({"httpMethod": method, "resource": resource}, CONTEXT)


def test_a_method_is_answered_by_its_definition_with_the_version():
    assert asked() == {"statusCode": 201, "headers": {"X-Stand-In-Version": "7", "Content-Type": "text/plain"}, "body": "hello"}
    assert asked("PUT", "/b") == {"statusCode": 204, "headers": {"X-Stand-In-Version": "7"}, "body": ""}


def test_a_method_without_an_answer_is_not_found():
    assert asked("GET", "/c")["statusCode"] == 404


def test_a_bad_release_fails_in_its_method_only_and_logs_it(monkeypatch, capsys):
    monkeypatch.setattr(release, "FAILING_METHOD", "GET /a")
    monkeypatch.setattr(release, "FAILING_SHARE", 1.0)
    assert asked()["statusCode"] == 500
    assert json.loads(capsys.readouterr().out)["method"] == "GET /a"
    assert asked("PUT", "/b")["statusCode"] == 204


def test_own_code_answers_instead(monkeypatch):
    monkeypatch.setattr(release, "OWN_HANDLER", "pack/app.run")
    own = SimpleNamespace(run=lambda event, context: (event["resource"], context.function_version))
    monkeypatch.setattr(handler.importlib, "import_module", lambda name: own if name == "pack.app" else None)
    assert asked() == ("/a", "7")
