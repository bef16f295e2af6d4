"""Filter patterns for plain text: terms, phrases and regular expressions.

Decides which lines match: those with all plain terms, none of the `-` terms, or any `?` term (docs/aws.md#filter-patterns).
"""

import re
from collections.abc import Callable

from embedded_aws.wire.refusal import RefusalError

_TERM = re.compile(r"""(?P<mark>[-?]?)(?:"(?P<phrase>[^"]*)"|%(?P<regex>[^%]*)%|(?P<word>[^\s"]+))\s*""")


def refused(why: str) -> RefusalError:
    """The refusal of an invalid pattern."""
    return RefusalError("InvalidParameterException", f"Invalid filter pattern: {why}")


def compile_regex(text: str) -> re.Pattern[str]:
    """The regular expression between two percent signs."""
    if "(" in text.replace("\\(", "") or ")" in text.replace("\\)", ""):
        raise refused("a regular expression must not contain parentheses")
    try:
        return re.compile(text)
    except re.error as error:
        raise refused(f"%{text}% is not a regular expression") from error


def compile_terms(text: str) -> Callable[[str], bool]:
    """Match all terms without a mark and none with `-`; or, where every term has `?`, any of them."""
    if not text:
        return lambda _: True
    terms = [(match["mark"], _term(match)) for match in _TERM.finditer(text)]
    wanted = [term for mark, term in terms if not mark]
    unwanted = [term for mark, term in terms if mark == "-"]
    optional = [term for mark, term in terms if mark == "?"]
    if optional and not wanted and not unwanted:
        return lambda line: any(term(line) for term in optional)
    return lambda line: all(term(line) for term in wanted) and not any(term(line) for term in unwanted)


def count_regexes(text: str) -> int:
    """How many of the terms are regular expressions."""
    return sum(match["regex"] is not None for match in _TERM.finditer(text))


def _term(match: re.Match[str]) -> Callable[[str], bool]:
    if match["regex"] is not None:
        pattern = compile_regex(match["regex"])
        return lambda line: pattern.search(line) is not None
    literal = match["phrase"] if match["phrase"] is not None else match["word"]
    return lambda line: literal in line
