"""A message for Slack and Teams, as a custom notification of Amazon Q Developer in chat applications (docs/aws.md#chat).

Names, labels, reasons and log lines come from people and programs, and a chat would obey some of them: mentions, links, markup.
No backslash escapes that in every chat, so each letter that means something is written as one that looks like it. Commands
stand in code, where a chat changes nothing; one that a chat could still obey is left out, because people copy commands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from canary.rules.messages.message import Message

LONGEST_TITLE = 250
LONGEST_TEXT = 2_900
"""Characters; a section of a Slack message holds 3,000 (docs/aws.md#chat)."""

MOST_BY_HAND = 5
WORD_JOINER = "\N{WORD JOINER}"
LOOK_ALIKES = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "@": "\N{FULLWIDTH COMMERCIAL AT}",
        "&": "\N{FULLWIDTH AMPERSAND}",
        "*": "\N{ASTERISK OPERATOR}",
        "~": "\N{TILDE OPERATOR}",
        "`": "'",
        "[": "(",
        "]": ")",
    }
)
ARROW = "\N{RIGHTWARDS ARROW}"
EMPHASIS = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""A low line at the edge of a word; one inside a word, as in a metric's name, is no markup in any chat."""

UNUSUAL = re.compile(r"[^A-Za-z0-9._:/-]")
OBEYED = frozenset("<>@&`")
"""What a chat may obey inside code, too."""


def chat_of(message: Message, *, thread: str, context: Mapping[str, str]) -> dict[str, Any]:
    """The custom notification. `thread` puts it below others of the same thread; `context` is for custom actions."""
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": f"{message.mark} {quiet(message.title)}"[:LONGEST_TITLE],
            "description": _within(LONGEST_TEXT, _lines(message)),
            **({"nextSteps": [f"`{command}`" for command in message.commands]} if message.commands else {}),
        },
        "metadata": {
            "summary": f"{message.mark} {quiet(message.title)}"[:LONGEST_TITLE],
            **({"threadId": thread} if thread else {}),
            "additionalContext": {name: UNUSUAL.sub("?", value) for name, value in context.items()},
            "enableCustomActions": False,
        },
    }


def quiet(text: str) -> str:
    """The text as a chat shows it, with nothing that the chat would obey: no mention, no link, no markup."""
    told = text.replace("->", ARROW).translate(LOOK_ALIKES).replace("://", f":{WORD_JOINER}//")
    return EMPHASIS.sub("\N{FULLWIDTH LOW LINE}", told)


def _lines(message: Message) -> Iterator[str]:
    yield from map(quiet, message.lines)
    if message.origin:
        yield quiet(message.origin)
    if message.by_hand:
        yield "To do by hand, in this order:"
        yield from _by_hand(message.by_hand)
    if message.link:
        yield f"report: {message.link}"
    yield quiet(message.place)


def _by_hand(commands: tuple[str, ...]) -> Iterator[str]:
    told = commands[:MOST_BY_HAND]
    for number, command in enumerate(told, 1):
        if OBEYED & {*command} or len(command) > LONGEST_TEXT // (MOST_BY_HAND + 1):
            yield f"{number}. not shown here, because a chat would change it: see the e-mail"
        else:
            yield f"{number}. `{command}`"
    if len(commands) > len(told):
        yield f"and {len(commands) - len(told)} more: see the e-mail"


def _within(longest: int, lines: Iterator[str]) -> str:
    """As many whole lines as fit."""
    kept: list[str] = []
    for line in lines:
        if len("\n".join((*kept, line))) > longest:
            break
        kept.append(line)
    return "\n".join(kept)
