"""Reads what a button sends: JSON from the page, which becomes a value or is refused with what is wrong."""

from __future__ import annotations

import json
from typing import Any

from canary_cli.dashboard.source import PageVerb, Press, PressError

FIX = "use the buttons of the page"


def read_press(given: bytes) -> Press:
    """The button of a verb.

    Raises:
        PressError: it is none.

    """
    asked = _object(given)
    verb, verbs = _text(asked, "verb"), ", ".join(PageVerb)
    if verb not in {*PageVerb}:
        raise PressError(f"verb is one of {verbs}, got {verb!r}", FIX)
    target = _text(asked, "target")
    if not target:
        raise PressError("target is missing", FIX)
    return Press(PageVerb(verb), target, _text(asked, "rollout"), _text(asked, "reason").strip())


def read_choice(given: bytes) -> str:
    """The name of the release that is to be started.

    Raises:
        PressError: there is none.

    """
    return _text(_object(given), "choice")


def _object(given: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(given)
    except ValueError as error:
        raise PressError(f"the body is no JSON: {error}", FIX) from error
    if not isinstance(asked, dict):
        raise PressError(f"the body is an object, got {type(asked).__name__}", FIX)
    return asked


def _text(asked: dict[str, Any], name: str) -> str:
    found = asked.get(name, "")
    if not isinstance(found, str):
        raise PressError(f"{name} is a text, got {found!r}", FIX)
    return found
