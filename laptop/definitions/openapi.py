"""Reads OpenAPI 3.0, 3.1 and Swagger 2.0 into operations.

Decides what is taken of a definition. Everything that is not taken, or taken otherwise than it is written, is a remark.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from laptop.definitions.answering import Answers
from laptop.definitions.documents import DefinitionError
from laptop.definitions.integrations import INTEGRATION, read_integration
from laptop.definitions.operations import ANY, Called, Definition, Operation
from laptop.definitions.paths import LeftOutError, Placed, Tree
from laptop.definitions.references import resolve
from laptop.definitions.remarks import Remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from laptop.definitions.documents import Json
    from laptop.definitions.integrations import Integration

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
ANY_METHOD = "x-amazon-apigateway-any-method"
_VERSION = re.compile(r"v?\d[\d.\-]*")


def read_openapi(root: Json) -> Definition:
    """The definition's operations, with a sample request and answer each.

    Raises:
        DefinitionError: it is of another version, has no operation, or a reference leads nowhere.

    """
    return _Reader(root).read()


class _Reader:
    def __init__(self, root: Json) -> None:
        self._root = root
        self._dialect = _dialect(root)
        self._remarks = Remarks()
        self._answers = Answers(root)
        self._tree = Tree()
        self._taken: set[tuple[str, str]] = set()

    def read(self) -> Definition:
        paths = self._root.get("paths")
        if not isinstance(paths, dict):
            got = "nothing" if paths is None else f"a {type(paths).__name__}"
            raise DefinitionError(f"paths must map paths to operations, got {got}", "give a definition with paths")
        operations = [one for path, item in paths.items() for one in self._of_path(path, item)]
        if not operations:
            why = self._remarks.lines()
            raise DefinitionError(
                f"no operation is left to try of {len(paths)} paths{': ' + why[0] if why else ''}",
                "add a path with a method such as get",
            )
        self._about_whole()
        for where in self._answers.loose:
            self._remarks.add("sampled by its types alone, because no sample fits its schema", where)
        info = self._root.get("info")
        info = info if isinstance(info, dict) else {}
        title, version = str(info.get("title") or "api"), str(info.get("version") or "")
        return Definition(title, version, self._dialect, tuple(operations), self._remarks.lines())

    def _of_path(self, path: str, given: Any) -> Iterator[Operation]:  # noqa: ANN401 - any JSON
        item = resolve(self._root, given, f"paths.{path}")
        if path.startswith("x-") or not isinstance(item, dict):
            return
        verbs = [key for key in item if key in METHODS or key == ANY_METHOD]
        for key in item:
            if key in {"trace", "query"}:
                self._remarks.add("left out, because API Gateway has no such method", f"{key.upper()} {path}")
        if not verbs:
            return
        try:
            placed = self._tree.place(path)
        except LeftOutError as error:
            for verb in verbs:
                self._remarks.add(f"left out, because {error}", f"{_verb(verb)} {path}")
            return
        for note in placed.notes:
            self._remarks.add("written otherwise", f"{path}: {note}")
        for verb in verbs:
            one = self._operation(placed, path, _verb(verb), item, resolve(self._root, item[verb], f"paths.{path}.{verb}"))
            if one:
                yield one

    def _operation(self, placed: Placed, path: str, verb: str, item: Json, operation: Any) -> Operation | None:  # noqa: ANN401
        where = f"{verb} {path}"
        if not isinstance(operation, dict):
            raise DefinitionError(f"paths.{path}.{verb.lower()} must be a mapping, got {operation!r}", "write an operation")
        if (verb, placed.path) in self._taken:
            self._remarks.add(f"left out, because another path is the same resource {placed.path}", where)
            return None
        self._taken.add((verb, placed.path))
        integration = read_integration(resolve(self._root, operation.get(INTEGRATION), f"{where}.{INTEGRATION}"))
        self._about_integration(integration, where)
        if operation.get("security", self._root.get("security")):
            self._remarks.add("admitted without what its security asks for", where)
        parameters = self._parameters(item, operation, where)
        return Operation(
            method=verb,
            resource=placed.path,
            group=integration.function or _group(operation, path),
            called=integration.called,
            sent=self._answers.sent(placed, parameters, operation, where, is_bare=not integration.called.is_inside),
            answer=self._answers.answer(operation, where),
        )

    def _parameters(self, item: Json, operation: Json, where: str) -> list[Json]:
        """The parameters of the path and of the operation, whose own come first."""
        found: dict[tuple[str, str], Json] = {}
        for listed in (operation.get("parameters") or [], item.get("parameters") or []):
            if not isinstance(listed, list):
                raise DefinitionError(f"{where}: parameters must be a list, got {listed!r}", "write a list of parameters")
            for given in listed:
                one = resolve(self._root, given, f"{where}.parameters")
                if not isinstance(one, dict) or not isinstance(one.get("name"), str) or "in" not in one:
                    raise DefinitionError(f"{where}: a parameter needs name and in, got {one!r}", "give it both, or remove it")
                found.setdefault((str(one["in"]), one["name"]), one)
        return [*found.values()]

    def _about_integration(self, integration: Integration, where: str) -> None:
        match integration.called:
            case Called.NOTHING:
                self._remarks.add("without an integration; a stand-in answers", where)
            case Called.OUTSIDE:
                self._remarks.add("outside: it calls no function; a mock answers, alike in both arms", where)
            case Called.MOCK:
                self._remarks.add("a mock, as in the definition", where)
            case Called.FUNCTION:
                if not integration.is_proxy:
                    self._remarks.add("called by proxy instead of through mapping templates", where)

    def _about_whole(self) -> None:
        """What the document says about all operations and is not taken."""
        servers = self._root.get("servers")
        addresses = [str(one.get("url")) for one in servers if isinstance(one, dict)] if isinstance(servers, list) else []
        base = self._root.get("basePath") or next(iter(addresses), "")
        if base and base != "/":
            self._remarks.add("left out, because the stage takes its place", f"the base path or server {base}")
        if self._root.get("webhooks"):
            self._remarks.add("left out, because API Gateway receives requests only", "webhooks")


def _verb(key: str) -> str:
    return ANY if key == ANY_METHOD else key.upper()


def _dialect(root: Json) -> str:
    for key, name, known in (("openapi", "OpenAPI", ("3.0", "3.1")), ("swagger", "Swagger", ("2.0",))):
        if key in root:
            version = str(root[key])
            if not version.startswith(known):
                raise DefinitionError(
                    f"{key} must be {' or '.join(known)}, got {version}",
                    "convert the definition; API Gateway takes 3.0 and 2.0",
                )
            return f"{name} {version}"
    raise DefinitionError(
        "it is no definition: neither openapi, nor swagger, nor a template's Resources are in it",
        f"give an OpenAPI definition or a SAM template; its keys are {', '.join(list(map(str, root))[:6]) or 'none'}",
    )


def _group(operation: Json, path: str) -> str:
    """What belongs together: the first tag, or else the first part of the path that says something."""
    tags = operation.get("tags")
    if isinstance(tags, list) and tags:
        return str(tags[0])
    parts = [part for part in path.split("/") if part and "{" not in part and not _VERSION.fullmatch(part)]
    return parts[0].partition(".")[0] if parts else "root"
