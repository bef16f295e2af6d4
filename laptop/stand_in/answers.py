"""The answers by method: status, content type and body. Each stand-in has its own."""

ANSWERS: dict[str, tuple[int, str | None, str]] = {}
