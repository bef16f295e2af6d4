"""The controller's one table: consistent reads, single writes, and all-or-nothing transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.faults.small.conditions import holds
from tests.faults.small.refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]
Key = tuple[str, str]


class Table:
    """Items by partition and sort key; ``indexes`` are the key attributes of its indexes, by name."""

    def __init__(self, indexes: Mapping[str, str]) -> None:
        self._indexes = indexes
        self._items: dict[Key, Json] = {}
        self._tokens: set[str] = set()

    def item(self, pk: str, sk: str) -> Json:
        """The present item; empty if it does not exist."""
        return self._items.get((pk, sk), {})

    def get_item(self, asked: Json) -> Json:
        """GetItem."""
        item = self._items.get(_key(asked["Key"]))
        return {"Item": _copy(item)} if item else {}

    def put_item(self, asked: Json) -> Json:
        """PutItem."""
        self._check(asked, _key(asked["Item"]))
        self._items[_key(asked["Item"])] = _copy(asked["Item"])
        return {}

    def delete_item(self, asked: Json) -> Json:
        """DeleteItem."""
        self._check(asked, _key(asked["Key"]))
        self._items.pop(_key(asked["Key"]), None)
        return {}

    def update_item(self, asked: Json) -> Json:
        """UpdateItem, with an expression that sets attributes to values and removes others."""
        key = _key(asked["Key"])
        self._check(asked, key)
        self._items[key] = _updated(self._items.get(key) or asked["Key"], asked)
        return {}

    def batch_get_item(self, asked: Json) -> Json:
        """BatchGetItem."""
        found = {
            table: [_copy(self._items[key]) for key in map(_key, wanted["Keys"]) if key in self._items]
            for table, wanted in asked["RequestItems"].items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def query(self, asked: Json) -> Json:
        """Query, of the table or of an index."""
        values, names = asked.get("ExpressionAttributeValues"), asked.get("ExpressionAttributeNames")
        met = [item for item in self._sorted(asked) if holds(asked["KeyConditionExpression"], item, values, names)]
        return self._filtered(met, asked)

    def scan(self, asked: Json) -> Json:
        """Scan, of the table or of an index."""
        return self._filtered(self._sorted(asked), asked)

    def transact_write_items(self, asked: Json) -> Json:
        """TransactWriteItems. A transaction whose token is known, such as the SDK's retry, is not made again."""
        if (token := asked.get("ClientRequestToken")) and token in self._tokens:
            return {}
        operations = [next(iter(each.items())) for each in asked["TransactItems"]]
        reasons = ["None" if self._meets(given, _key_of(given)) else "ConditionalCheckFailed" for _, given in operations]
        if any(reason != "None" for reason in reasons):
            raise refuse("TransactWriteItems", "TransactionCanceledException", f"Transaction cancelled {reasons}", reasons)
        for kind, given in operations:
            self._apply(kind, given)
        self._tokens |= {token} if token else set()
        return {}

    def _apply(self, kind: str, given: Json) -> None:
        plain = {name: value for name, value in given.items() if name != "ConditionExpression"}
        match kind:
            case "Put":
                self.put_item(plain)
            case "Delete":
                self.delete_item(plain)
            case "Update":
                self.update_item(plain)
            case "ConditionCheck":
                return
            case _:
                raise NotImplementedError(f"the small AWS has no {kind} in a transaction; build it in {__name__}")

    def _check(self, asked: Json, key: Key) -> None:
        if not self._meets(asked, key):
            raise refuse("PutItem", "ConditionalCheckFailedException", "The conditional request failed")

    def _meets(self, asked: Json, key: Key) -> bool:
        if (condition := asked.get("ConditionExpression")) is None:
            return True
        values, names = asked.get("ExpressionAttributeValues"), asked.get("ExpressionAttributeNames")
        return holds(condition, self._items.get(key, {}), values, names)

    def _sorted(self, asked: Json) -> Iterator[Json]:
        """All items; for an index, those that have its key."""
        key = self._indexes[asked["IndexName"]] if "IndexName" in asked else "pk"
        return (item for _, item in sorted(self._items.items()) if key in item)

    def _filtered(self, items: Iterator[Json] | list[Json], asked: Json) -> Json:
        condition = asked.get("FilterExpression")
        values, names = asked.get("ExpressionAttributeValues"), asked.get("ExpressionAttributeNames")
        found = [item for item in items if condition is None or holds(condition, item, values, names)]
        return {"Items": [_copy(item) for item in found], "Count": len(found), "ScannedCount": len(found)}


def _key_of(given: Json) -> Key:
    return _key(given.get("Key") or given["Item"])


def _key(item: Mapping[str, Any]) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _updated(item: Mapping[str, Any], asked: Json) -> Json:
    """Supports ``SET a = :a, b = :b REMOVE c`` only."""
    values, names = asked.get("ExpressionAttributeValues", {}), asked.get("ExpressionAttributeNames", {})
    sets, _, removes = asked["UpdateExpression"].partition("REMOVE")
    changed = _copy(item)
    for part in filter(None, (one.strip() for one in sets.strip().removeprefix("SET").split(","))):
        name, _, value = (word.strip() for word in part.partition("="))
        if value not in values:
            raise NotImplementedError(f"the small AWS sets attributes only to values, not {value}; build it in {__name__}")
        changed[names.get(name, name)] = dict(values[value])
    for name in filter(None, (one.strip() for one in removes.split(","))):
        changed.pop(names.get(name, name), None)
    return changed


def _copy(item: Mapping[str, Any]) -> Json:
    """A separate copy of an item. Its attributes are text, numbers and flags, so nothing deeper needs copying."""
    return {name: dict(value) for name, value in item.items()}
