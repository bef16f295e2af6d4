"""Names of the product: no two classes share one, so that a name in a message or a search has one meaning."""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("functions/canary", "infra/canary_cdk")
SHARED = {
    "Target": "the construct registers the value, and both are what a target file describes",
    "TargetFunction": "the construct's function of a target becomes the value's",
}
"""Names that two classes may have, with the reason."""


def classes(source: str) -> Iterator[str]:
    """The names of all classes in a module, including nested ones."""
    return (node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef))


def twins(names: Iterator[str]) -> set[str]:
    """The names that occur more than once."""
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}


def test_no_two_classes_of_the_product_have_the_same_name() -> None:
    modules = (path for room in PRODUCT for path in sorted((ROOT / room).rglob("*.py")))

    found = twins(chain.from_iterable(classes(path.read_text(encoding="utf-8")) for path in modules))

    assert found == {*SHARED}


def test_a_second_class_of_a_name_would_be_found() -> None:
    assert twins(chain(classes("class Kind: ..."), classes("class Other:\n    class Kind: ..."))) == {"Kind"}
