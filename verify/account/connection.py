"""The connection to an account: boto3's credentials and clients, each of which tries a call once.

It decides what is wrong if there is no connection. It reads the time from AWS's first answer, and from an emulator repeatedly,
because throttles, metrics and log lines follow AWS's clock.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from verify.account.aws import Aws, Place
from verify.account.clock import AwsClock

if TYPE_CHECKING:
    from collections.abc import Mapping

ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=10, read_timeout=30)


class NoWayError(Exception):
    """AWS cannot be reached, or does not accept these credentials."""


def reach(profile: str | None, region: str | None, endpoint_url: str | None, speed: float) -> Aws:
    """The account of the credentials; ``speed`` is an emulator's seconds per second of this machine.

    Raises:
        NoWayError: the profile does not exist, no Region is set, or AWS does not answer or does not accept the credentials.
    """
    session = _session(profile, region)

    @cache
    def connect(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        return session.client(service, endpoint_url=endpoint_url, config=ONCE)

    try:
        caller = connect("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise NoWayError(f"AWS does not say who you are ({error}); check credentials, Region and network") from error
    place = Place(caller["Arn"].split(":")[1], caller["Account"], session.region_name)

    def ask() -> float:
        return _date_of(connect("sts").get_caller_identity())

    return Aws(connect, AwsClock(_date_of(caller), speed=speed, ask=ask if endpoint_url else None), place)


def _date_of(answer: Mapping[str, Any]) -> float:
    """AWS's time of its answer."""
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()


def _session(profile: str | None, region: str | None) -> boto3.Session:
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise NoWayError(f"{str(error).lower()}; name another one with --profile") from error
    if session.region_name is None:
        raise NoWayError("no Region is set; name one with --region or in AWS_DEFAULT_REGION")
    return session
