"""moto's DynamoDB: what a transaction keeps of a table in case it fails, and how it treats a repeated transaction.

moto copies the whole table with every attribute of every item, so each transaction costs as much as all earlier records
together. Puts, deletes and checks replace items and never change them in place, so it is enough to keep which item was
where. moto also repeats a transaction that the SDK sends again with the same token (docs/aws.md#transaction-token).
"""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.dynamodb.models.table import Table

from embedded_aws.moto_seams.hooks import replace, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_TRANSACT, _COPY = "moto.dynamodb.models.DynamoDBBackend.transact_write_items", "moto.dynamodb.models.copy"
_RESPOND = "moto.dynamodb.responses.DynamoHandler.transact_write_items"
HOOKS = [_TRANSACT, _COPY, _RESPOND]

_transaction = threading.local()


def install(aws: object) -> None:
    """Make transactions that change no item in place keep the items themselves instead of copies."""
    replace(_COPY, SimpleNamespace(copy=copy.copy, deepcopy=_keep))
    wrap(_TRANSACT, aws, _transact)
    made: set[str] = set()

    def respond(original: Callable[..., Any], _: object, response: Any) -> Any:  # noqa: ANN401 - moto's
        token = str(response.body.get("ClientRequestToken") or "")
        if token in made:
            return ActionResult({})
        answer = original(response)
        made.add(token)
        made.discard("")
        return answer

    wrap(_RESPOND, aws, respond)


def _transact(original: Callable[..., Any], _: object, backend: object, transact_items: list[dict[str, Any]]) -> Any:  # noqa: ANN401
    _transaction.replaces = all("Update" not in item for item in transact_items)
    try:
        return original(backend, transact_items)
    finally:
        _transaction.replaces = False


def _keep(value: Any) -> Any:  # noqa: ANN401 - as copy.deepcopy
    if not isinstance(value, Table) or not getattr(_transaction, "replaces", False):
        return copy.deepcopy(value)
    kept = copy.copy(value)
    kept.items = defaultdict(dict, {key: dict(held) if isinstance(held, dict) else held for key, held in value.items.items()})
    return kept
