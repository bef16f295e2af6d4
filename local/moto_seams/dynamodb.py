"""moto's DynamoDB: what a transaction keeps of a table for the case that it fails.

moto copies the whole table, every attribute of every item, so that each transaction costs as much as all that was ever
recorded. Puts, deletes and checks replace items and change none; for those, which item stood where is all there is to keep.
"""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models.table import Table

from local.moto_seams.hooks import replace, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_TRANSACT, _COPY = "moto.dynamodb.models.DynamoDBBackend.transact_write_items", "moto.dynamodb.models.copy"
HOOKS = [_TRANSACT, _COPY]

_transaction = threading.local()


def install(aws: object) -> None:
    """Have transactions that change no item in place keep the items themselves, not copies."""
    replace(_COPY, SimpleNamespace(copy=copy.copy, deepcopy=_keep))
    wrap(_TRANSACT, aws, _transact)


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
