"""Reads a SAM template's REST API as an OpenAPI definition: its body, and the `Api` events of its functions.

Decides which API of a template is tried. It runs none of the functions' code, and what it does not understand it names.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laptop.definitions.documents import DefinitionError, Json, mapping_of, read_document
from laptop.definitions.integrations import INTEGRATION
from laptop.definitions.intrinsics import Intrinsics
from laptop.definitions.openapi import ANY_METHOD, METHODS, read_openapi
from laptop.definitions.remarks import Remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from laptop.definitions.operations import Definition

FUNCTION, API, HTTP_API = "AWS::Serverless::Function", "AWS::Serverless::Api", "AWS::Serverless::HttpApi"
PLAIN_API = "AWS::ApiGateway::RestApi"
PLAIN_METHOD = "AWS::ApiGateway::Method"
IMPLICIT = "ServerlessRestApi"
_EXPORT = "export the deployed API as OpenAPI (aws apigateway get-export), and try that"
_NEEDS = "add an AWS::Serverless::Api, or a function with an event of type Api"


@dataclass(slots=True)
class _Api:
    """One REST API of the template, as far as it is written there."""

    body: Json = field(default_factory=dict)
    models: Json = field(default_factory=dict)
    is_secured: bool = False
    paths: Json = field(default_factory=dict)

    @property
    def methods(self) -> int:
        """How many methods it has."""
        listed = [self.paths, self.body.get("paths") or {}]
        return sum(len(item) for paths in listed for item in paths.values() if isinstance(item, dict))


def is_template(root: Json) -> bool:
    """Whether a document is a template of CloudFormation, with or without SAM's transform."""
    return "Resources" in root and not root.keys() & {"openapi", "swagger"}


def read_template(root: Json, file: Path) -> Definition:
    """The operations of the template's REST API; a definition beside it is read from its own file.

    Raises:
        DefinitionError: it has no REST API with methods, or its definition cannot be read.

    """
    return _Template(root, file).read()


class _Template:
    def __init__(self, root: Json, file: Path) -> None:
        resources = root["Resources"]
        if not isinstance(resources, dict):
            raise DefinitionError(f"Resources must be a mapping, got {resources!r}", _NEEDS)
        self._resources = {name: one for name, one in resources.items() if isinstance(one, dict)}
        self._file = file
        self._remarks = Remarks()
        self._plain = Intrinsics(root, self._remarks)

    def read(self) -> Definition:
        apis = {name: self._api(name, one) for name, one in self._of_type(API, PLAIN_API)}
        for name, function in self._of_type(FUNCTION):
            events = mapping_of(_properties(function).get("Events"), f"Resources.{name}.Properties.Events")
            for event, given in events.items():
                self._add_event(apis, name, f"{name}.Events.{event}", given)
        for name, _ in self._of_type(HTTP_API):
            self._remarks.add("left out, because the stage of an HTTP API has no canary", name)
        for name, _ in self._of_type(PLAIN_METHOD):
            self._remarks.add(f"left out, because {PLAIN_METHOD} is not read", name)
        chosen = max(apis, key=lambda name: apis[name].methods, default=None)
        if chosen is None or not apis[chosen].methods:
            raise self._without_method()
        for name in apis:
            if name != chosen:
                self._remarks.add("left out, because one API is tried at a time, and another has more methods", name)
        found = read_openapi(self._definition(chosen, apis[chosen]))
        remarks = (*found.remarks, *self._remarks.lines())
        return replace(found, dialect=f"SAM template, {found.dialect}", remarks=remarks)

    def _without_method(self) -> DefinitionError:
        if plain := len([*self._of_type(PLAIN_METHOD)]):
            what = (
                f"method is an {PLAIN_METHOD} resource, which is"
                if plain == 1
                else f"methods are {PLAIN_METHOD} resources, which are"
            )
            return DefinitionError(f"the template has no REST API with a method to try: its {plain} {what} not read", _EXPORT)
        told = "; ".join(self._remarks.lines())
        return DefinitionError(f"the template has no REST API with a method{f' ({told})' if told else ''}", _NEEDS)

    def _of_type(self, *kinds: str) -> Iterator[tuple[str, Json]]:
        yield from ((name, one) for name, one in self._resources.items() if one.get("Type") in kinds)

    def _api(self, name: str, resource: Json) -> _Api:
        given = _properties(resource)
        body = given.get("DefinitionBody") or given.get("Body") or {}
        place = given.get("DefinitionUri") or given.get("BodyS3Location")
        if isinstance(body, dict) and "Fn::Transform" in body:
            at = f"Resources.{name}.Properties.DefinitionBody.Fn::Transform"
            included = mapping_of(mapping_of(body["Fn::Transform"], at).get("Parameters"), f"{at}.Parameters")
            place, body = included.get("Location"), {}
        if place:
            body = self._beside(name, place)
        if not isinstance(body, dict):
            raise DefinitionError(f"Resources.{name}.Properties.DefinitionBody must be a mapping, got {body!r}", _NEEDS)
        body = self._plain.reduced(body, f"{name}.DefinitionBody")
        for part in ("paths", "components"):
            body = {**body, part: mapping_of(body[part], f"Resources.{name}: {part}")} if part in body else body
        models = given.get("Models")
        return _Api(body, models if isinstance(models, dict) else {}, is_secured=bool(given.get("Auth")))

    def _beside(self, name: str, place: Any) -> Json:  # noqa: ANN401 - any JSON
        """A definition in a file of its own, beside the template."""
        plain = self._plain.reduced(place, name)
        if not isinstance(plain, str) or plain.startswith("s3:") or not (path := self._file.parent / plain).is_file():
            raise DefinitionError(
                f"Resources.{name}: its definition is at {plain}, which is no file beside the template",
                f"try that definition itself, or put it at {self._file.parent / Path(str(plain)).name}",
            )
        return read_document(path)

    def _add_event(self, apis: dict[str, _Api], function: str, where: str, given: Any) -> None:  # noqa: ANN401
        kind = given.get("Type") if isinstance(given, dict) else None
        if kind == "HttpApi":
            self._remarks.add("left out, because the stage of an HTTP API has no canary", where)
            return
        if kind != "Api":
            self._remarks.add("left out, because API Gateway does not send it", f"{where} ({kind})")
            return
        event = _properties(given)
        path, method = self._plain.reduced(event.get("Path"), where), str(event.get("Method", "")).lower()
        if not isinstance(path, str) or not (method in METHODS or method in {"any", "x-amazon-apigateway-any-method"}):
            raise DefinitionError(
                f"{where}: an event of type Api needs Path and Method, got {path!r} and {event.get('Method')!r}",
                "write them as text, such as Path: /orders and Method: get",
            )
        api = apis.setdefault(_api_of(event), _Api())
        key = method if method in METHODS else ANY_METHOD
        api.paths.setdefault(path, {})[key] = self._operation(function, event)

    def _operation(self, function: str, event: Json) -> Json:
        uri = f"arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations"
        operation: Json = {"responses": {"200": {"description": "success"}}, INTEGRATION: {"type": "aws_proxy", "uri": uri}}
        model = event.get("RequestModel")
        if isinstance(model, dict) and model.get("Model"):
            schema = {"$ref": f"#/components/schemas/{model['Model']}"}
            operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
        operation["parameters"] = [*_parameters(event.get("RequestParameters"))]
        return operation

    def _definition(self, name: str, api: _Api) -> Json:
        """The API as one OpenAPI definition: its body, with the functions' events."""
        body = {**api.body}
        if not body.keys() & {"openapi", "swagger"}:
            body["openapi"] = "3.0.1"
        info = body.get("info")
        paths = {path: {**item} for path, item in (body.get("paths") or {}).items() if isinstance(item, dict)}
        for path, methods in api.paths.items():
            own = paths.setdefault(path, {})
            for key, one in methods.items():
                written = mapping_of(own.get(key), f"Resources.{name}: paths.{path}.{key}")
                own[key] = {**one, **written, INTEGRATION: one[INTEGRATION]}
        body |= {"info": info if isinstance(info, dict) else {"title": name, "version": "1"}, "paths": paths}
        if api.models and "openapi" in body:
            components = body.get("components") or {}
            schemas = mapping_of(components.get("schemas"), f"Resources.{name}: components.schemas")
            body["components"] = {**components, "schemas": {**api.models, **schemas}}
        if api.is_secured:
            body.setdefault("security", [{"Auth": []}])
        return body


def _properties(resource: Any) -> Json:  # noqa: ANN401 - any JSON
    found = resource.get("Properties") if isinstance(resource, dict) else None
    return found if isinstance(found, dict) else {}


def _api_of(event: Json) -> str:
    """The logical id of the API that an event belongs to."""
    named = event.get("RestApiId")
    if isinstance(named, dict):
        named = named.get("Ref")
    return named if isinstance(named, str) else IMPLICIT


def _parameters(given: Any) -> Iterator[Json]:  # noqa: ANN401 - any JSON
    """An event's `RequestParameters` as OpenAPI writes them."""
    places = {"querystring": "query", "header": "header"}
    for one in given if isinstance(given, list) else ():
        named, settings = next(iter(one.items()), ("", {})) if isinstance(one, dict) else (str(one), {})
        _, _, rest = named.partition("method.request.")
        place, _, name = rest.partition(".")
        if place in places and name:
            is_required = isinstance(settings, dict) and settings.get("Required") is True
            yield {"in": places[place], "name": name, "required": is_required, "schema": {"type": "string"}}
