"""Answers each method of an API by its definition, or hands the request over to the function's own code.

`time.sleep` stands for the work; on the embedded AWS it takes simulated time only.
"""

from __future__ import annotations

import importlib
import json
import math
import random
import time
from typing import Any

from . import answers, release

VERSION_HEADER = "X-Stand-In-Version"
FAILED, MISSING = 500, 404


def handler(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401 - Lambda's
    """The answer of a proxy integration."""
    method = _method(event)
    if method == release.FAILING_METHOD and random.random() < release.FAILING_SHARE:
        print(json.dumps({"level": "ERROR", "message": "the release fails here", "method": method}))  # noqa: T201 - Lambda's log
        return _answer(FAILED, "application/json", json.dumps({"message": "the release fails here"}), context)
    if release.OWN_HANDLER:
        module, _, name = release.OWN_HANDLER.rpartition(".")
        return getattr(importlib.import_module(module.replace("/", ".")), name)(event, context)
    time.sleep(random.lognormvariate(math.log(release.MEDIAN_MS), release.SPREAD) / 1000)
    if method not in answers.ANSWERS:
        return _answer(MISSING, "application/json", json.dumps({"message": f"no answer for {method}"}), context)
    return _answer(*answers.ANSWERS[method], context)


def _method(event: dict[str, Any]) -> str:
    """The method of the definition that a request belongs to."""
    exact = f"{event['httpMethod']} {event['resource']}"
    return exact if exact in answers.ANSWERS else f"ANY {event['resource']}"


def _answer(status: int, kind: str | None, body: str, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's
    headers = {VERSION_HEADER: context.function_version, **({"Content-Type": kind} if kind else {})}
    return {"statusCode": status, "headers": headers, "body": body}
