"""`canary dashboard` on the embedded AWS: what the page gets of a rollout, and what its buttons do."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

import canary_cli.showing
from canary.aws.errors import RecordsRefusedError
from canary_cli.app import run
from canary_cli.connection import Connection, Place
from canary_cli.dashboard.server import Opened
from canary_cli.dashboard.source import PageVerb, Press, PressError
from canary_cli.showing import Account
from demo.controller import TARGET_PREFIX
from tests.aws.stubs import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]
    Register = Callable[[str], None]


@pytest.fixture
def account(ground: Ground, canary: Canary) -> Account:  # noqa: ARG001 - both set up what the connection reaches
    return Account(Connection(Place(region="eu-west-1")))


@pytest.fixture
def register(ground: Ground) -> Iterator[Register]:
    """Registers targets whose files say nothing, and removes them."""
    names: list[str] = []
    parameters = ground.aws.client("ssm")

    def put(name: str) -> None:
        parameters.put_parameter(Name=f"{TARGET_PREFIX}{name}", Type="String", Value="{}")
        names.append(name)

    yield put
    for name in names:
        parameters.delete_parameter(Name=f"{TARGET_PREFIX}{name}")


def card(account: Account, target: str = "orders") -> Any:
    return next(one for one in account.snapshot()["targets"] if one["target"] == target)


def test_the_page_gets_what_status_and_watch_tell(ground: Ground, canary: Canary, account: Account):
    assert card(account)["status"]["is_at_rest"]
    walk = ground.walk().shift(labels={"commit": "3f9a"})
    for _ in range(3):
        walk.pause(60)
        walk.look()
    shown = card(account)
    told = canary("status", "orders", "--json").json
    events = [one for one in canary("watch", "orders", "--timeout", "1s", "--json").events if one["event"] == "look"]

    assert {**shown["status"], "read_at": 0} == {
        **told,
        "read_at": 0,
        "rollout": {
            **told["rollout"],
            "e": shown["status"]["rollout"]["e"],
            "bar": "100",
            "metrics": [
                {**one, "e": new["e"], "bar": new["bar"]}
                for one, new in zip(told["rollout"]["metrics"], shown["status"]["rollout"]["metrics"], strict=True)
            ],
        },
    }
    assert len(shown["looks"]) == 3
    assert shown["looks"][-1] == {**events[-1], "e": shown["looks"][-1]["e"]}
    walk.pause(60)
    walk.look()
    assert len(card(account)["looks"]) == 4


def test_a_button_says_the_commands_lines_and_then_does_what_it_does(ground: Ground, canary: Canary, account: Account):
    walk = ground.walk().shift()
    press = Press(PageVerb.PAUSE, "orders", walk.rollout_id, "OPS-1")
    heard = account.propose(press)
    assert walk.record.steering.pause is None
    told = canary("pause", "orders", "--reason", "OPS-1").out
    assert told.startswith("\n".join(heard.lines) + "\n")

    heard = account.act(Press(PageVerb.RESUME, "orders", walk.rollout_id))
    assert heard.is_done
    assert heard.lines[0].startswith("orders: resume is accepted for rollout ")


@pytest.mark.parametrize("verb", PageVerb)
def test_every_verb_proposes_and_acts_as_the_command(ground: Ground, account: Account, verb: PageVerb):
    walk = ground.walk().shift()
    press = Press(verb, "orders", walk.rollout_id, "OPS-1")
    lines = account.propose(press).lines
    assert lines[0] == "account 123456789012, Region eu-west-1, target orders"
    assert any(line.startswith("  change    ") for line in lines)
    assert f'"verb": "{verb}"' in lines[-1]
    heard = account.act(press)
    assert heard.is_done
    assert heard.lines[0].startswith("orders: ")
    assert (ground.percent is None) == (verb in {PageVerb.ABORT, PageVerb.ROLLBACK})


def test_a_button_for_a_rollout_that_is_no_longer_there_changes_nothing(ground: Ground, account: Account):
    ground.walk().shift()
    with pytest.raises(PressError, match="the page showed old on orders, and now it is ") as error:
        account.act(Press(PageVerb.ABORT, "orders", "old"))
    assert error.value.fix == "look again, then decide"
    assert ground.percent == 25.0
    with pytest.raises(PressError, match="no rollout on orders"):
        account.act(Press(PageVerb.ABORT, "orders", ""))
    with pytest.raises(PressError, match="no release 'bad' to start here"):
        account.begin("bad")


def test_the_report_of_a_rollout_is_shown(ground: Ground, account: Account, register: Register):
    walk = ground.walk().shift()
    walk.pause(60)
    walk.look()
    assert f"rollout {walk.rollout_id}" in account.report(walk.rollout_id)
    with pytest.raises(PressError, match="no rollout is recorded for 'nope'"):
        account.report("nope")
    register("orders-ship")
    with pytest.raises(PressError, match="orders-ship has had no rollout"):
        account.report("orders-ship")


def test_expired_credentials_are_told_and_the_page_resumes(ground: Ground, account: Account, monkeypatch: pytest.MonkeyPatch):
    walk = ground.walk().shift()
    assert account.snapshot()["trouble"] is None

    def expired(*_: object) -> None:
        raise RecordsRefusedError("AWS refused `aws x`: expired") from refusal("ExpiredTokenException")

    with monkeypatch.context() as patch:
        patch.setattr(canary_cli.showing, "read_status", expired)
        snapshot = account.snapshot()
        assert snapshot["trouble"]["code"] == "Credentials"
        assert "log in again" in snapshot["trouble"]["fix"]
        assert snapshot["targets"][0]["status"]["rollout"]["rollout_id"] == walk.rollout_id
    assert account.snapshot()["trouble"] is None


def test_a_controller_that_cannot_be_reached_is_told(canary: Canary, monkeypatch: pytest.MonkeyPatch):  # noqa: ARG001 - clients
    def fail(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://ssm")

    monkeypatch.setattr(Connection, "client", fail)
    snapshot = Account(Connection(Place())).snapshot()
    assert snapshot["targets"] == []
    assert snapshot["trouble"]["code"] == "Network"


def test_what_is_wrong_with_one_target_is_told_with_it(account: Account, register: Register):
    register("broken")
    snapshot = account.snapshot()
    assert snapshot["trouble"] is None
    assert [one["target"] for one in snapshot["targets"]] == ["broken", "orders"]
    assert card(account, "broken")["problem"]["message"]
    assert card(account)["problem"] is None


def test_the_command_says_where_the_page_is(canary: Canary, monkeypatch: pytest.MonkeyPatch):
    class Ended:
        def wait(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(canary_cli.showing.threading, "Event", Ended)
    given: list[Any] = []

    @contextmanager
    def open_quietly(*_: object, **options: Any) -> Iterator[Opened]:
        given.append(options)
        yield Opened(1, "t" if options["allow_verbs"] else None)

    monkeypatch.setattr(canary_cli.showing, "opened", open_quietly)
    told = canary("dashboard", "--port", "0", "--json")
    assert (told.code, told.json["allows_verbs"], told.json["url"]) == (0, False, "http://127.0.0.1:1/")
    told = canary("dashboard", "--allow-verbs")
    assert "with buttons for the verbs" in told.out
    assert "http://127.0.0.1:1/#token=t" in told.out
    assert [one["port"] for one in given] == [0, 8470]


def test_a_taken_port_is_wrong_use(capsys: pytest.CaptureFixture[str]):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(["dashboard", "--port", str(port), "--region", "eu-west-1"]) == 2
    assert f"the page cannot be served on port {port}: " in capsys.readouterr().err
