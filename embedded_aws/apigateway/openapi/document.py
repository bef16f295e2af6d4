"""A parsed document: its dialect, its references, and the path that its servers prepend.

It knows the shape of OpenAPI, and nothing of API Gateway's own extensions.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.apigateway.openapi.shape import ANY_METHOD, EXTENSION, VERBS, has_shape
from embedded_aws.wire.refusal import NotBuiltError
from embedded_aws.wire.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Json = dict[str, Any]
INVALID = "Invalid OpenAPI input."
SWAGGER, OPENAPI = "swagger", "openapi"
_ABOUT_A_PATH = frozenset({"parameters", "summary", "description", "servers"})


class Document:
    """One OpenAPI document."""

    def __init__(self, root: Json) -> None:
        self.root = root
        self.is_swagger = SWAGGER in root
        version = str(root.get(SWAGGER) or root.get(OPENAPI))
        if not version.startswith("2." if self.is_swagger else "3."):
            raise BadRequestError(INVALID)
        if not version.startswith(("2.0", "3.0")):
            raise NotBuiltError(f"OpenAPI {version} is not read; API Gateway takes Swagger 2.0 and OpenAPI 3.0")
        if not has_shape(root):
            raise BadRequestError(INVALID)

    @property
    def info(self) -> Json:
        """Title, version and description."""
        info: Json = self.root["info"]
        return info

    @property
    def schemas(self) -> Mapping[str, Json]:
        """The named schemas."""
        return self._named("definitions", "schemas")

    @property
    def security_schemes(self) -> Mapping[str, Json]:
        """The named security schemes."""
        return self._named("securityDefinitions", "securitySchemes")

    def _named(self, in_swagger: str, in_components: str) -> Mapping[str, Json]:
        parts = self.root if self.is_swagger else self.root.get("components") or {}
        named: Mapping[str, Json] = parts.get(in_swagger if self.is_swagger else in_components) or {}
        return named

    def resolve(self, part: Json) -> Json:
        """The part itself, or the part that its ``$ref`` points to."""
        pointer = part.get("$ref")
        if pointer is None:
            return part
        if not pointer.startswith("#/"):
            raise NotBuiltError(f"a reference to another document is not read, got {pointer}; write the part here")
        found: Any = self.root
        for token in pointer.removeprefix("#/").split("/"):
            found = found.get(token.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            raise NotBuiltError(f"{pointer} refers to nothing in the document; add it, or write the part in place")
        return self.resolve(found)

    def operations(self) -> Iterator[tuple[str, str, Json, list[Json]]]:
        """Every operation: its path, its method in upper case, itself, and its parameters together with its path's."""
        for path, item in sorted(self.root["paths"].items()):
            for key, operation in (item or {}).items():
                if key in _ABOUT_A_PATH or (key.startswith("x-") and not key.startswith(EXTENSION)):
                    continue
                if key not in VERBS and key != ANY_METHOD:
                    raise NotBuiltError(f"{key} of the path {path} is not imported; leave it out")
                verb = "ANY" if key == ANY_METHOD else key.upper()
                yield path, verb, operation or {}, self._parameters(item, operation or {})

    def _parameters(self, item: Json, operation: Json) -> list[Json]:
        """An operation's parameters, which override its path's parameters of the same name and place."""
        named = {}
        for each in (*item.get("parameters", []), *operation.get("parameters", [])):
            parameter = self.resolve(each)
            named[parameter.get("in"), parameter.get("name")] = parameter
        return list(named.values())

    def base_path(self) -> str:
        """The prefix of each path, without a trailing slash (docs/aws.md#openapi-base-path)."""
        if self.is_swagger:
            return str(self.root.get("basePath") or "").rstrip("/")
        servers = self.root.get("servers") or []
        for server in servers:
            variable = (server.get("variables") or {}).get("basePath")
            if variable:
                return "/" + str(variable.get("default") or "").strip("/")
        return urlsplit(str(servers[0].get("url") or "")).path.rstrip("/") if servers else ""


def read_document(body: bytes, variables: Mapping[str, str]) -> Document:
    """Parse the document in a request; ``variables`` are AWS's own, such as ``AWS::Region``."""
    text = body.decode("utf-8-sig")
    for name, value in variables.items():
        text = text.replace(f"${{{name}}}", value)
    root = _parsed(text)
    if not isinstance(root, dict) or not {SWAGGER, OPENAPI} & root.keys():
        raise BadRequestError(INVALID)
    return Document(root)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return _with_text_keys(read_yaml(text))
    except yaml.YAMLError:
        raise BadRequestError(INVALID) from None


def _with_text_keys(value: object) -> object:
    """The value with YAML's numeric keys, mainly status codes, turned into text."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_text_keys(each) for each in value]
    return value


def check_known(part: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse unknown parts; other vendors' extensions are ignored, as API Gateway does."""
    unknown = [key for key in part.keys() - set(known) if key.startswith(EXTENSION) or not key.startswith("x-")]
    if unknown:
        raise NotBuiltError(f"{', '.join(sorted(unknown))} of {where} is not imported; leave it out")
