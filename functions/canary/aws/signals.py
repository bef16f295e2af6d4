"""How a signal to a rollout is kept: one item beside the rollout's record, which holds the newest signal alone.

Nobody has to own the rollout to write it, and writing it changes nothing of what its owner checks before its own writes. A
proof of who called leaves an item too, so that none is used for two calls.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canary.aws.errors import RecordSchemaError
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.steering import Signal

if TYPE_CHECKING:
    from canary.aws.table import Item


def signal_key(rollout_id: str) -> Item:
    """The key of a rollout's signal."""
    return {"pk": {"S": f"rollout#{rollout_id}"}, "sk": {"S": "signal"}}


def signal_of(item: Item | None) -> Signal | None:
    """The signal that an item holds.

    Raises:
        RecordSchemaError: someone edited it, or another version of the controller wrote it.

    """
    if item is None:
        return None
    try:
        return decode(Signal, json.loads(item["signal"]["S"]))
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise RecordSchemaError(
            f"the signal of {item['pk']['S']} cannot be read ({type(error).__name__}: {error}); "
            "delete the item, and call the verb again if it is still wanted"
        ) from error


def signal_item(rollout_id: str, signal: Signal) -> Item:
    """A signal as an item, with its number as an attribute that a condition can compare."""
    text = json.dumps(encode(signal))
    return {**signal_key(rollout_id), "signal_number": {"N": str(signal.number)}, "signal": {"S": text}}


PROOF_SECONDS = 3600
"""How long the item of a used proof is kept, at least: a proof is valid for a minute."""


def proof_item(request_id: str, used_at: float) -> Item:
    """The item of a proof that was used at `used_at` (epoch seconds), with an attribute that a condition can compare."""
    key: Item = {"pk": {"S": f"proof#{request_id}"}, "sk": {"S": "proof"}}
    return {**key, "use": {"N": "1"}, "expires_at": {"N": str(round(used_at) + PROOF_SECONDS)}}
