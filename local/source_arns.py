"""What API Gateway presents to Lambda on behalf of a method: the part of the source ARN that follows the stage.

Decides it for a method `ANY` and for a path with a parameter as the open questions are answered at present
(docs/aws.md#source-arn-of-any-method, docs/aws.md#source-arn-of-path-parameter).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.gateway_definition import Method
    from local.served import Request

_PARAMETER = re.compile(r"\{[^{}]*\}")


def presented(method: Method, request: Request, ask: Callable[[str], str]) -> str:
    """Verb and path, as in `GET/orders`; ``ask`` answers an open question by its slug."""
    return f"{_verb(method, request, ask)}{_path(method, request, ask)}"


def _verb(method: Method, request: Request, ask: Callable[[str], str]) -> str:
    if method.http_method != "ANY":
        return request.method
    return {"own-verb": request.method, "star": "*", "any": "ANY"}[ask("source-arn-of-any-method")]


def _path(method: Method, request: Request, ask: Callable[[str], str]) -> str:
    if not _PARAMETER.search(method.path):
        return method.path
    answers = {"template": method.path, "star": _PARAMETER.sub("*", method.path), "value": request.path}
    return answers[ask("source-arn-of-path-parameter")]
