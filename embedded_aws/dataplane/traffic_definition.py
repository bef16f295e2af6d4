"""Traffic from an API's definition: one kind of request for each method that a deployment has.

Decides what a client sends that knows only the definition: a number for each path parameter, ``1`` for each required query
parameter and header, and a body that fits the method's model. What the function then answers is its own affair. Use::

    shapes, left_out = shapes_of(gateway.settings(api_id, "prod").base.definition)
    aws.dataplane.add_source(Traffic(api_id, "prod", shapes, per_minute=600, rng=random.Random(1)))

`embedded_aws.dataplane.stage_traffic` does this for every stage from the moment at which it exists.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.apigateway.definition.models import reference
from embedded_aws.dataplane.mapping_templates import JSON
from embedded_aws.dataplane.routing import ANY
from embedded_aws.dataplane.sample_values import SampleError, sample
from embedded_aws.dataplane.traffic import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded_aws.apigateway.definition.draft import Draft
    from embedded_aws.apigateway.definition.frozen import Definition, Method

READS = frozenset({"GET", "HEAD"})
READ_SHARE = 4.0
"""How many times as often as another method a method that reads is called."""
PLACEHOLDER = re.compile(r"\{[^}]*\}")
_PREFLIGHT = "OPTIONS"
_ANY_VALUE = "1"
_KEY = "an API key"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A method that gets no traffic, or traffic that cannot succeed, and why; a traffic file can give what is missing."""

    method: str
    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.why}"


def shapes_of(definition: Definition) -> tuple[tuple[Shape, ...], tuple[LeftOut, ...]]:
    """The requests for a definition's methods, and the methods that cannot be called from the definition alone.

    A method that needs an API key, IAM or an authorizer is left out: the definition does not say what such a caller sends.
    So is a method whose model no sample fits, and the preflight method ``OPTIONS``. ``ANY`` is called with ``GET``.
    """
    shapes, left_out = [], []
    for method in sorted(definition.methods, key=lambda each: (each.path, each.http_method)):
        if method.http_method == _PREFLIGHT:
            continue
        try:
            shapes.append(_shape(method, definition.draft))
        except SampleError as error:
            left_out.append(LeftOut(method.http_method, method.path, str(error)))
    return tuple(shapes), tuple(left_out)


def numbered(path: str) -> str:
    """A resource's path with a number for each of its parameters."""
    return PLACEHOLDER.sub("{n}", path)


def _shape(method: Method, draft: Draft | None) -> Shape:
    if need := _need(method):
        raise SampleError(f"callers need {need}, which the definition does not contain")
    details = draft.method(method.resource_id, method.http_method) if draft else {}
    verb = "GET" if method.http_method == ANY else method.http_method
    required = [name for name, is_required in details.get("requestParameters", {}).items() if is_required]
    kind, body = (None, None) if verb in READS else _body(details.get("requestModels", {}), draft)
    headers = dict.fromkeys(_named(required, "header"), _ANY_VALUE) | ({"Content-Type": kind} if kind else {})
    query = tuple((name, _ANY_VALUE) for name in _named(required, "querystring"))
    share = READ_SHARE if verb in READS else 1.0
    return Shape(verb, numbered(method.path), share, headers, body, query)


def _need(method: Method) -> str | None:
    if method.authorization_type == "AWS_IAM":
        return "a signature"
    if method.authorization_type != "NONE":
        return "what its authorizer asks for"
    return _KEY if method.api_key_required else None


def _named(required: list[str], place: str) -> Iterator[str]:
    prefix = f"method.request.{place}."
    yield from (name.removeprefix(prefix) for name in required if name.startswith(prefix))


def _body(models: Mapping[str, str], draft: Draft | None) -> tuple[str | None, str | None]:
    """The content type and a body that fits the model for it; neither, if the method has no model."""
    if draft is None or not models:
        return None, None
    kind = JSON if JSON in models else next(iter(models))
    if models[kind] not in draft.models:
        return kind, "{}"
    made = sample(_schema(draft.models[models[kind]]), _addresses(draft))
    return kind, json.dumps(made)


def _schema(model: Mapping[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(model["schema"])
    return parsed


def _addresses(draft: Draft) -> dict[str, Any]:
    """The models by the addresses at which a schema refers to them."""
    return {reference(draft.api_id, name): _schema(model) for name, model in draft.models.items()}
