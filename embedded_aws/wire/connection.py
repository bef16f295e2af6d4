"""How code reaches an AWS account: what makes its clients, and where the account is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Connect = Callable[[str], Any]
"""Creates the boto3 client of a service, with Region, endpoint and credentials."""


class Place(NamedTuple):
    """An account and a Region of it."""

    account: str
    region: str

    @classmethod
    def find(cls, connect: Connect) -> Place:
        """The account and Region that these clients work in."""
        sts = connect("sts")
        return cls(sts.get_caller_identity()["Account"], sts.meta.region_name)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource there."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"
