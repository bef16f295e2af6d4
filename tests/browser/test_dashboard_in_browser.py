"""The dashboard in a real browser: a bad release is caught and read about, and the page fits, is quiet and can be typed on.

Without Chromium these tests are skipped; the reason says how to install it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from canary_cli.dashboard.server import opened
from canary_cli.dashboard.source import Choice, Heard, PageVerb, Press, PressError
from tests.browser.chromium import INSTALL, browser, find
from tests.browser.live import STATE, live_demo, press, wait_until
from tests.browser.measures import CUT_WORDS, FAINT, OVERFLOWING, WIDEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.browser.chromium import Chromium

pytestmark = pytest.mark.slow

LIMIT_SECONDS = 150.0
HOSTILE = "<img src=http://127.0.0.1:9/x onerror=console.error(2)><script>console.error('run')</script>"
WORDS = "document.querySelector('[aria-label=orders]')?.innerText ?? ''"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    path = find()
    if path is None:
        pytest.skip(f"Chromium is not installed; install it with: {INSTALL}")
    with browser(path, tmp_path_factory.mktemp("profile")) as opened_page:
        yield opened_page


def test_a_bad_release_by_button_is_caught_and_its_reason_is_read(page: Chromium):
    with live_demo() as address:
        home = address.partition("#")[0]
        page.visit(address, width=1280)
        wait_until(page, f"{STATE} === 'At rest'")
        assert page.ask("location.href") == home

        press(page, "Some 5xx")
        wait_until(page, f"{STATE} === 'Shifting'", seconds=LIMIT_SECONDS)
        wait_until(page, f"/Canary 10 % asked/.test({WORDS}) && /Next/.test({WORDS})")
        press(page, "Pause")
        wait_until(page, "/the bake's clock stops/.test(document.querySelector('#ask').innerText)")
        press(page, "Cancel")
        wait_until(page, f"{STATE} === 'Rolled back'", seconds=LIMIT_SECONDS)
        assert "The canary is worse than base in errors" in page.ask(WORDS).replace("the canary", "The canary")

        press(page, "Read the report")
        wait_until(page, "Boolean(document.querySelector('#paper[open] iframe'))")
        report = page.ask("document.querySelector('#paper iframe').src")
        press(page, "Close")
        press(page, "Lost route")
        wait_until(page, f"{STATE} === 'Start refused'", seconds=LIMIT_SECONDS)
        assert "routes that base serves are lost: GET /orders/{id}" in page.ask(WORDS)
        assert page.errors == []
        assert {one for one in page.requests if not one.startswith(home)} == set()

        page.visit(report, width=1280)
        assert page.ask("document.title").startswith("Rolled back: orders")
        assert "5xx" in page.ask("document.querySelector('.why').textContent")
        assert page.errors == []


def a_rollout(**more: Any) -> dict[str, Any]:
    metric = {
        "metric": "errors",
        "canary": {"requests": 400, "bad": 12, "rate": 0.03},
        "base": {"requests": 1600, "bad": 2, "rate": 0.00125},
        "difference": 0.0287,
        "difference_low": 0.01,
        "difference_high": 0.05,
        "log_e": 4.0,
        "log_bar": 5.8,
        "e": "54.6",
        "bar": "330",
    }
    return {
        "rollout_id": "orders-1",
        "phase": "shifting",
        "needs_operator": False,
        "execution": "arn:x",
        "reason": "OPS-1",
        "started_at": "2026-01-05T00:00:00Z",
        "ended_at": None,
        "given_reason": "OPS-1",
        "policy": "standard",
        "step": 2,
        "steps": 3,
        "weight_percent": 25.0,
        "share_seen": 0.246,
        "metrics": [metric, {**metric, "metric": "x" * 60}],
        "canary": {"versions": {"orders-read": "7"}, "deployment_id": "abc"},
        "base": {"versions": {"orders-read": "6"}},
        "log_e": 4.0,
        "log_bar": 4.605,
        "e": "54.6",
        "bar": "100",
        "requests_harmed": 11,
        "started_by": "ci",
        "actions": [],
        "last_look": {"looked_at": "2026-01-05T00:12:01Z", "verdict": "HOLD", "reason": HOSTILE},
        "waiting": {"waits_for": "proof", "waiting_since": "2026-01-05T00:10:00Z", "seconds": 120, "waiting_until": None},
        "next": {"what": "a look", "due_at": "2026-01-05T00:13:01Z"},
        "paused": None,
        "asked": None,
        "labels": {"commit": HOSTILE, "long": "x" * 200},
        **more,
    }


def a_card(target: str, **more: Any) -> dict[str, Any]:
    status = {
        "target": target,
        "account": "123456789012",
        "region": "eu-west-1",
        "read_at": "2026-01-05T00:12:30Z",
        "is_at_rest": False,
        "live": {"versions": {"orders-read": "6"}, "deployment_id": "abc"},
        "rollout": a_rollout(),
        "last_rollout": None,
        "outline": None,
        "unread": [],
        "live_canary_percent": 25.0,
        "alarms": [{"name": "payments", "state": "ALARM", "detail": ""}],
        **more,
    }
    looks = [
        {
            "looked_at": f"2026-01-05T00:{minute:02}:01Z",
            "log_e": minute / 3,
            "e": f"{minute}",
            "weight_percent": 10 + minute // 6 * 15,
        }
        for minute in range(2, 13)
    ]
    return {"target": target, "status": status, "looks": looks, "attempt": None, "problem": None}


ENDED = {"phase": "rolled_back", "ended_at": "2026-01-05T00:12:00Z", "reason": f"the canary is worse {HOSTILE}"}
RUNNING = a_card("orders")
RECENT = a_card("paid", is_at_rest=True, rollout=None, last_rollout=a_rollout(**ENDED))
OLD = a_card(
    "ship",
    is_at_rest=True,
    rollout=None,
    last_rollout=a_rollout(**{**ENDED, "phase": "promoted", "ended_at": "2026-01-01T00:00:00Z"}),
)
BROKEN = {"target": "broken", "status": None, "looks": [], "attempt": None, "problem": {"message": HOSTILE, "fix": "x" * 100}}


class Canned:
    """A source with four targets, one of each kind."""

    choices = (Choice("bad", "Bad", "rolled back"),)

    def __init__(self) -> None:
        self.trouble: Mapping[str, str] | None = None
        self.acted: list[Press] = []

    def snapshot(self) -> Mapping[str, Any]:
        return {"trouble": self.trouble, "targets": [BROKEN, OLD, RECENT, RUNNING]}

    def report(self, rollout: str) -> str:
        return f"<!doctype html><title>{rollout}</title><script>console.error('run')</script>"

    def propose(self, press: Press) -> Heard:
        return Heard(
            (f"account 1, target {press.target}", f"  change    {HOSTILE}", "  aws       aws lambda invoke " + "x" * 200)
        )

    def act(self, press: Press) -> Heard:
        self.acted.append(press)
        if press.verb is PageVerb.PROMOTE:
            raise PressError("another rollout", "look again")
        return Heard((f"{press.target}: done",))

    def begin(self, choice: str) -> Heard:
        return Heard((choice,))


@pytest.fixture
def canned() -> Canned:
    return Canned()


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1280, 1920])
def test_the_page_fits_and_is_quiet(page: Chromium, canned: Canned, width: int, *, is_dark: bool):
    canned.trouble = {"message": HOSTILE, "fix": "log in again", "code": "Credentials"}
    with opened(canned, port=0, allow_verbs=True, seconds=0.1) as served:
        page.visit(served.url, width=width, is_dark=is_dark)
        wait_until(page, "document.querySelectorAll('article').length === 4")

        assert page.errors == []
        assert {one for one in page.requests if not one.startswith(served.url.partition("#")[0])} == set()
        assert page.ask(WIDEST) == width
        assert page.ask(OVERFLOWING) == []
        assert page.ask(CUT_WORDS) == []
        assert page.ask(FAINT.replace("['title'", "['SCRIPT', 'title'")) == []
        assert page.ask("document.querySelectorAll('article img, article script').length") == 0


def test_the_keyboard_opens_confirms_and_leaves(page: Chromium, canned: Canned):
    with opened(canned, port=0, allow_verbs=True, seconds=0.1) as served:
        page.visit(served.url, width=1280)
        wait_until(page, f"{STATE} === 'Shifting'")
        page.ask(
            "[...document.querySelectorAll('[aria-label=orders] button')].find(one => one.textContent === 'Abort').focus()"
        )
        page.press("Enter")
        wait_until(page, "document.activeElement.id === 'ask-no' && !document.getElementById('ask-yes').disabled")
        page.press("Tab")
        page.press("Enter")
        wait_until(page, "/orders: done/.test(document.querySelector('#ask').innerText)")
        assert canned.acted == [Press(PageVerb.ABORT, "orders", "orders-1")]
        page.press("Escape")
        wait_until(page, "!document.getElementById('ask').open")

        press(page, "Promote")
        wait_until(page, "!document.getElementById('ask-yes').disabled")
        page.ask("document.getElementById('ask-reason').value = 'OPS-2'")
        page.ask("document.getElementById('ask-yes').click()")
        wait_until(page, "/Promote: not done[^]*another rollout/.test(document.querySelector('#ask').innerText)")
        assert canned.acted[-1] == Press(PageVerb.PROMOTE, "orders", "orders-1", "OPS-2")
        assert len([one for one in page.errors if "409" not in one]) == 0


def test_a_read_only_page_and_one_without_the_token_have_no_buttons(page: Chromium, canned: Canned):
    visible = (
        "[...document.querySelectorAll('article button')].filter(one => one.checkVisibility()).map(one => one.textContent)"
    )
    with opened(canned, port=0, allow_verbs=False, seconds=0.1) as served:
        page.visit(served.url, width=1280)
        wait_until(page, f"{STATE} === 'Shifting'")
        assert {*page.ask(visible)} == {"Read the report", "Read the report so far"}
    with opened(canned, port=0, allow_verbs=True, seconds=0.1) as served:
        page.visit(served.url.partition("#")[0], width=1280)
        wait_until(page, f"{STATE} === 'Shifting'")
        assert {*page.ask(visible)} == {"Read the report", "Read the report so far"}


def test_trouble_is_told_and_goes_and_so_does_the_server(page: Chromium, canned: Canned):
    told = "document.getElementById('trouble').innerText"
    with opened(canned, port=0, allow_verbs=False, seconds=0.1) as served:
        page.visit(served.url, width=1280)
        wait_until(page, f"{STATE} === 'Shifting'")
        canned.trouble = {"message": "the token is expired", "fix": "log in again", "code": "Credentials"}
        wait_until(page, f"/AWS cannot be asked now[^]*the token is expired[^]*log in again/.test({told})")
        canned.trouble = None
        wait_until(page, f"{told} === ''")
    wait_until(page, "/not connected/.test(document.getElementById('link').textContent)")


def test_a_report_in_the_page_runs_nothing(page: Chromium, canned: Canned):
    with opened(canned, port=0, allow_verbs=True, seconds=0.1) as served:
        page.visit(f"{served.url.partition('#')[0]}reports/r1", width=800)
        assert page.ask("document.title") == "r1"
        assert not any("run" in one for one in page.errors if "Content Security Policy" not in one and "sandboxed" not in one)
