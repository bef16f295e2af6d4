"""A headless Chromium, driven by its DevTools protocol over a pipe: no port, no driver, no package.

It shows one page at a width of choice, light or dark, and tells what the page did: its errors, its requests, its measures.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = "apt-get install -y chromium"
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--remote-debugging-pipe")
READ, WRITE = 3, 4
"""The file descriptors on which Chromium listens and answers."""

HANDOVER = f"""
import os, sys
from fcntl import F_DUPFD, fcntl
ours = [fcntl(int(one), F_DUPFD, 10) for one in sys.argv[1:3]]
for one, theirs in zip(ours, ({READ}, {WRITE})):
    os.dup2(one, theirs)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Gives the pipes the descriptors that Chromium expects, and becomes Chromium."""

TROUBLE = frozenset({"error", "warning"})


def find() -> str | None:
    """The browser's path, if one is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class BrowserError(Exception):
    """The browser refused a command, or has ended."""


@dataclass(slots=True)
class Chromium:
    """One page of a running browser. ``errors`` and ``requests`` are what the page has caused so far."""

    to: int
    of: int
    session: str = ""
    sent: int = 0
    rest: bytes = b""
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its answer."""
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": params, **({"sessionId": self.session} if self.session else {})}
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            told = self._read()
            if told.get("id") == self.sent:
                if "error" in told:
                    raise BrowserError(f"{method}: {told['error']['message']}")
                answer: dict[str, Any] = told["result"]
                return answer
            self._hear(told)

    def open(self, page: Path, *, width: int, is_dark: bool = False, query: str = "") -> None:
        """Show a file at a width, light or dark, and wait until it is there. ``query`` follows its name: ``?q=a``."""
        self.visit(page.as_uri() + query, width=width, is_dark=is_dark)

    def visit(self, address: str, *, width: int, is_dark: bool = False) -> None:
        """Show an address at a width, light or dark, and wait until it is there."""
        scheme = "dark" if is_dark else "light"
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.errors.clear()
        self.requests.clear()
        self.events.clear()
        self.call("Page.navigate", url=address)
        while "Page.loadEventFired" not in self.events:
            self._hear(self._read())

    def ask(self, expression: str) -> Any:
        """What JavaScript says in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def picture(self, *, height: int | None = None) -> bytes:
        """The page as PNG: all of it, or as much as fits into `height`."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(shot["data"])

    def press(self, key: str) -> None:
        """Press a key once."""
        more = {"Enter": {"text": "\r"}, "Escape": {"windowsVirtualKeyCode": 27}}.get(key, {})
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, **more)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            more = os.read(self.of, 1 << 16)
            if not more:
                raise BrowserError("the browser has ended")
            self.rest += more
        message, _, self.rest = self.rest.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        return told

    def _hear(self, told: dict[str, Any]) -> None:
        method, params = told.get("method", ""), told.get("params", {})
        self.events.append(method)
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded" and params["entry"]["level"] in TROUBLE:
            self.errors.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in TROUBLE:
            self.errors.append(str(params["args"]))


@contextmanager
def browser(path: str, profile: Path) -> Iterator[Chromium]:
    """A browser with an empty profile and one page; it ends with the block."""
    their_read, to = os.pipe()
    of, their_write = os.pipe()
    command = [sys.executable, "-c", HANDOVER, str(their_read), str(their_write), path, *OPTIONS]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(their_read, their_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_read)
    os.close(their_write)
    try:
        yield _attached(Chromium(to, of))
    finally:
        process.terminate()
        process.wait(20)
        os.close(to)
        os.close(of)


def _attached(page: Chromium) -> Chromium:
    target = page.call("Target.createTarget", url="about:blank")["targetId"]
    page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Log", "Runtime"):
        page.call(f"{domain}.enable")
    return page
