"""Consoles that collect what is printed, with the same result wherever the tests run."""

import io

from rich.console import Console


def a_console(*, width: int = 160, is_terminal: bool = False, encoding: str = "utf-8", soft_wrap: bool = False) -> Console:
    """A console that does not look at the environment; `text_of` returns what was printed."""
    return Console(
        file=io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True),
        width=width,
        height=40,
        force_terminal=is_terminal,
        color_system=None,
        highlight=False,
        soft_wrap=soft_wrap,
        _environ={},
    )


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.TextIOWrapper)
    assert isinstance(console.file.buffer, io.BytesIO)
    return console.file.buffer.getvalue().decode(console.encoding)
