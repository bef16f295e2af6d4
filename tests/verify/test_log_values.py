"""What the log prints for requests that a web ACL refuses or whose sender hangs up: asked only in an account.

The account here is the embedded AWS with the calls of a web ACL added, and with lines as API Gateway would write them.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from demo.guest import CONTROLLER
from embedded_aws.dataplane.served import Request
from embedded_aws.embedded import EmbeddedAws
from tests.verify.scratch_world import PREFIX, QUICK, World
from verify.account.aws import Aws, RefusedError
from verify.account.cleaning import clean_up
from verify.account.ledger import Header, Ledger
from verify.account.removal import commands
from verify.questions.log_values import ValuesOfRefusedRequest
from verify.scratch.answer import Answer
from verify.scratch.parts import make_parts
from verify.scratch.replies import Reply, break_off, reply
from verify.scratch.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NUMBERS, DASHES = {"status": "403", "responseLatency": "2"}, {"status": "-", "responseLatency": "-"}


class GuardedAws(Aws):
    """AWS with web ACLs, whose names and stages it keeps; ``refuses`` is the operation that it denies."""

    refuses: str | None = None
    acls: list[str]
    guarded: list[str]
    is_in_use: int

    def call(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        if service != "wafv2":
            return super().call(service, operation, **given)
        if operation == self.refuses:
            raise RefusedError("AccessDeniedException", f"not authorized to perform {operation}")
        match operation:
            case "create_web_acl":
                assert given["DefaultAction"] == {"Block": {}}
                self.acls.append(given["Name"])
                return {"Summary": {"ARN": f"arn:{given['Name']}"}}
            case "associate_web_acl":
                self.guarded.append(given["ResourceArn"])
            case "disassociate_web_acl":
                self.guarded.remove(given["ResourceArn"])
            case "list_web_acls":
                first = "NextMarker" not in given
                named = [{"Name": name, "ARN": f"arn:{name}", "Id": "1", "LockToken": "t"} for name in self.acls]
                return {"WebACLs": [{"Name": "theirs"}], "NextMarker": "more"} if first else {"WebACLs": named}
            case "list_resources_for_web_acl":
                return {"ResourceArns": [*self.guarded]}
            case "delete_web_acl":
                assert not self.guarded
                if self.is_in_use:
                    self.is_in_use -= 1
                    raise RefusedError("WAFAssociatedItemException", "in use")
                self.acls.remove(given["Name"])
        return {}


class Account(World):
    """A world in the role of an account; ``hung_up`` and ``blocked`` are the values of such requests in the log."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        super().__init__(aws, folder, pace=QUICK)
        plain = self.reach()
        self.guarded = GuardedAws(plain._connect, plain.clock, plain.place)
        self.guarded.acls, self.guarded.guarded, self.guarded.is_in_use = [], [], 1
        self.hung_up, self.blocked = NUMBERS, NUMBERS
        header = Header(PREFIX, aws.account, aws.region)
        self.asked = Scratch(self.guarded, Ledger.create(folder, header), self.get, QUICK, break_off=self.leave)

    def get(self, url: str) -> Reply:
        api, stage, path = self._parts(url)
        self.aws.dataplane.catch_up()
        if any(arn.endswith(f"/stages/{stage}") for arn in self.guarded.guarded):
            self.requests += 1
            request_id = f"blocked-{self.requests}"
            self._write({"requestId": request_id, "resourcePath": "-", **self.blocked})
            return Reply(403, {}, request_id)
        served = self.aws.dataplane.serve(Request(api, stage, "GET", f"/{path}", self.clock.now()))
        return reply(served.status, served.body.encode(), served.request_id)

    def leave(self, url: str) -> None:
        self._write({"requestId": "nobody-knows", "resourcePath": f"/{self._parts(url)[2]}", **self.hung_up})

    def ask(self) -> Answer:
        question = ValuesOfRefusedRequest()
        try:
            assert make_parts(self.asked, question.parts, lend_log_role=True) == {}
            return question.ask(self.asked)
        finally:
            assert clean_up(self.asked.ledger, self.guarded, self.printed.write) == []
            self.asked.ledger.close()
            assert self.left() == [*self.guarded.acls, *self.guarded.guarded] == []

    def _parts(self, url: str) -> tuple[str, str, str]:
        host, stage, path = url.removeprefix("https://").split("/", 2)
        return host.partition(".")[0], stage, path

    def _write(self, line: dict[str, str]) -> None:
        given = {"extendedRequestId": "-", **line}
        self.aws.logs.ingest(self.asked.log_group("values"), self.clock.now(), json.dumps(given))


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with EmbeddedAws(guest=CONTROLLER) as aws:
        yield Account(aws, tmp_path)


def test_numbers_of_every_kind_are_numbers(account: Account) -> None:
    assert account.ask() == Answer(
        "numbers",
        (
            "a path that does not exist: numbers, 403 after 2 ms",
            "no API key: numbers, 403 after 2 ms",
            "a web ACL: numbers, 403 after 2 ms",
            "closed by the sender: numbers, 403 after 2 ms",
        ),
    )


@pytest.mark.parametrize("kind", ["hung_up", "blocked"])
def test_a_kind_without_values_differs_and_is_reported(account: Account, kind: str) -> None:
    setattr(account, kind, DASHES)
    answer = account.ask()

    assert answer.word == "differs"
    assert [line for line in answer.evidence if "dash, - after - ms" in line] == [
        f"{'closed by the sender' if kind == 'hung_up' else 'a web ACL'}: dash, - after - ms"
    ]


@pytest.mark.parametrize("operation", ["create_web_acl", "associate_web_acl"])
def test_a_web_acl_that_may_not_be_made_costs_the_rest_nothing(account: Account, operation: str) -> None:
    account.guarded.refuses = operation
    answer = account.ask()

    assert answer.word == "numbers"
    assert answer.evidence[-1] == f"a web ACL: not asked, AccessDeniedException: not authorized to perform {operation}"


def test_a_web_acl_that_is_left_is_named_with_its_commands(account: Account) -> None:
    account.asked.ledger.intend("web-acl", f"{PREFIX}-web-acl")
    (entry,) = account.asked.ledger.remaining
    account.asked.ledger.close()

    told = commands(entry, Header(PREFIX, "1", "eu-west-1"))
    assert told.startswith(
        "aws wafv2 list-web-acls --scope REGIONAL --query \"WebACLs[?Name=='canary-verify-ab12cd34-web-acl']"
    )
    assert "aws wafv2 delete-web-acl --scope REGIONAL --name canary-verify-ab12cd34-web-acl --id ID --lock-token TOKEN" in told


def test_whoever_hangs_up_has_sent_the_request_and_reads_nothing() -> None:
    heard: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while received := connection.recv(4096):
                    heard.append(received)

        thread = threading.Thread(target=serve)
        thread.start()
        break_off(f"http://127.0.0.1:{server.getsockname()[1]}/stage/open")
        thread.join(timeout=10)

    assert not thread.is_alive()
    assert b"".join(heard).startswith(b"GET /stage/open HTTP/1.1\r\n")


def test_hanging_up_before_a_connection_is_not_an_error() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

    break_off(f"http://127.0.0.1:{port}/open")
