"""CloudFormation put together: stacks, what they make resources with, and the functions that answer for some of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from embedded_aws.cloudformation.custom import CustomResources, Replies
from embedded_aws.cloudformation.stacks import Stacks
from embedded_aws.cloudformation.workshop import Workshop

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from embedded_aws.cloudformation.custom import Invoke
    from embedded_aws.wire.connection import Connect


def create_stacks(
    connect: Connect,
    invoke: Invoke,
    replies: Replies,
    *,
    endpoint: Callable[[], str],
    ask: Callable[[str], str],
    now: Callable[[], float],
    rng: random.Random,
    place: tuple[str, str],
) -> Stacks:
    """The stacks of one ``place``, an account and a Region.

    ``invoke`` runs a function by its ARN, ``endpoint`` is the address that it can reach ``replies`` at, ``ask`` answers
    what nobody has recorded.
    """
    account, region = place

    def new_id() -> str:
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))

    custom = CustomResources(invoke, replies, endpoint=endpoint, new_id=new_id)
    workshop = Workshop(connect, custom.kind, ask=ask, rng=rng, account=account, region=region)
    return Stacks(connect, workshop, now=now, new_id=new_id, account=account, region=region)
