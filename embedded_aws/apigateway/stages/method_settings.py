"""Method settings of a stage: throttling, caching, logging and metrics by method path.

Decides which defaults a first setting brings with it, and how a patch's string becomes a value (docs/aws.md#method-settings).
The patch table decides which paths lead here.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from embedded_aws.apigateway.errors import BadRequestError
from embedded_aws.apigateway.stages.stage import MethodSettings, Setting, refuse_malformed
from embedded_aws.wire.unknowns import Unknowns

EVERY_METHOD = "*/*"
DEFAULTS: Final[Mapping[str, Setting]] = MappingProxyType(
    {
        "metricsEnabled": False,
        "dataTraceEnabled": False,
        "throttlingBurstLimit": 5000,
        "throttlingRateLimit": 10000.0,
        "cachingEnabled": False,
        "cacheTtlInSeconds": 300,
        "cacheDataEncrypted": False,
        "requireAuthorizationForCacheControl": True,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    }
)


def _parse_flag(value: str) -> bool:
    return value.lower() == "true"


def _parse_rate(value: str) -> float:
    rate = float(value)
    if not math.isfinite(rate):
        raise ValueError(f"{value} is not a rate; use a finite number")
    return rate


_SETTINGS: Final[Mapping[str, tuple[str, Callable[[str], Setting]]]] = MappingProxyType(
    {
        "metrics/enabled": ("metricsEnabled", _parse_flag),
        "logging/dataTrace": ("dataTraceEnabled", _parse_flag),
        "logging/loglevel": ("loggingLevel", str),
        "throttling/burstLimit": ("throttlingBurstLimit", int),
        "throttling/rateLimit": ("throttlingRateLimit", _parse_rate),
        "caching/ttlInSeconds": ("cacheTtlInSeconds", int),
        "caching/enabled": ("cachingEnabled", _parse_flag),
        "caching/dataEncrypted": ("cacheDataEncrypted", _parse_flag),
        "caching/requireAuthorizationForCacheControl": ("requireAuthorizationForCacheControl", _parse_flag),
        "caching/unauthorizedCacheControlHeaderStrategy": ("unauthorizedCacheControlHeaderStrategy", str),
    }
)
# AWS's own list from its refusal, including its missing blank.
_REFUSAL = (
    "[.../metrics/enabled, .../logging/dataTrace, .../logging/loglevel,.../throttling/burstLimit, "
    ".../throttling/rateLimit, .../caching/ttlInSeconds, .../caching/enabled, .../caching/dataEncrypted, "
    ".../caching/requireAuthorizationForCacheControl, .../caching/unauthorizedCacheControlHeaderStrategy]"
)


def replace_setting(
    settings: MethodSettings, method: str, path: str, *, value: str | None, unknowns: Unknowns
) -> MethodSettings:
    """The settings with one setting of `method` ("*/*" or "<resource>/<verb>") replaced; a new method starts from "*/*"."""
    if path not in _SETTINGS:
        raise BadRequestError(f"Invalid method setting path: {path}. Must be one of: {_REFUSAL}")
    name, parse = _SETTINGS[path]
    try:
        parsed = parse(value or "")
    except ValueError:
        refuse_malformed(value, unknowns=unknowns)
        return settings
    start = settings.get(method) or settings.get(EVERY_METHOD) or DEFAULTS
    return MappingProxyType({**settings, method: MappingProxyType({**start, name: parsed})})


def remove_settings(settings: MethodSettings, method: str) -> MethodSettings:
    """The settings without those of one method; AWS answers every removal of an unknown path with this message."""
    if method not in settings:
        raise BadRequestError(f"Cannot remove method setting {method} because there is no method setting for this method ")
    return MappingProxyType({key: value for key, value in settings.items() if key != method})
