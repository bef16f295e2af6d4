"""What each variable of an access-log format prints: one table, from AWS's page on them.

Decides how a variable may be used in a JSON line. AWS's page lists the variables and what they contain. That a missing value
prints `-`, and which texts are escaped, is known from published logs (docs/aws.md#access-log-variables).
"""

from __future__ import annotations

import enum
import re
from types import MappingProxyType

VARIABLE = re.compile(r"\$context(?:\.[A-Za-z0-9_]+)+")
"""A variable as API Gateway writes it; it ends before the first character that is not a letter, digit, `_` or `.`."""


class Prints(enum.Enum):
    """What a variable prints, which decides how it may be used in a JSON line.

    ``NUMBER``: a number for every request, so it needs no quotes. ``NUMBER_OR_DASH``: a number, or `-` if a request has
    none. ``TEXT``: API Gateway's own ids, names and words, or `-`; none of their characters needs escaping.
    ``UNTRUSTED_TEXT``: text that a client, an authorizer or a function controls, or `-`. ``QUOTED_TEXT``: text with its own
    quotes, or `-` without quotes, so neither form is valid JSON for every request.
    """

    NUMBER = enum.auto()
    NUMBER_OR_DASH = enum.auto()
    TEXT = enum.auto()
    UNTRUSTED_TEXT = enum.auto()
    QUOTED_TEXT = enum.auto()


_BY_KIND = {
    Prints.NUMBER: "requestTimeEpoch responseLatency status",
    Prints.NUMBER_OR_DASH: """
        authenticate.latency authenticate.status authorize.latency authorize.status authorizer.integrationLatency
        authorizer.integrationStatus authorizer.latency authorizer.status integration.integrationStatus integration.latency
        integration.status integration.timeToAllHeaders integration.timeToFirstContent integrationLatency
        integrationStatus responseLength responseOverride.status waf.latency waf.status
    """,
    Prints.TEXT: """
        accountId apiId authorizer.requestId awsEndpointRequestId cipherSuite customDomain.basePathMatched deploymentId
        domainName
        domainPrefix endpointType error.responseType extendedRequestId httpMethod identity.accountId identity.apiKeyId
        identity.cognitoAuthenticationType identity.cognitoIdentityId identity.cognitoIdentityPoolId
        identity.principalOrgId identity.sourceIp identity.vpcId identity.vpceId integration.requestId
        integration.responseTransferMode isCanaryRequest protocol requestTime resourceId resourcePath stage tlsVersion
        wafResponseCode webaclArn
    """,
    Prints.UNTRUSTED_TEXT: """
        authenticate.error authorize.error authorizer.error authorizer.principalId error.message error.validationErrorString
        identity.apiKey identity.caller identity.clientCert.clientCertPem identity.clientCert.issuerDN
        identity.clientCert.serialNumber identity.clientCert.subjectDN identity.clientCert.validity.notAfter
        identity.clientCert.validity.notBefore identity.cognitoAuthenticationProvider identity.user identity.userAgent
        identity.userArn integration.error integrationErrorMessage path requestId waf.error xrayTraceId
    """,
    Prints.QUOTED_TEXT: "error.messageString",
}
_TABLE = MappingProxyType({f"$context.{name}": kind for kind, names in _BY_KIND.items() for name in names.split()})

HARMLESS = frozenset({"$context.identity.userAgent", "$context.requestId"})
"""Untrusted texts that never break a quoted string: a user agent's quotes and backslashes are escaped, and a request id that
the client sends is a UUID or is replaced (docs/aws.md#access-log-variables)."""

INSTEAD = MappingProxyType({"$context.error.messageString": "$context.error.message"})
"""By variable, the one that says the same and can be quoted."""


def kind_of(variable: str) -> Prints:
    """What a variable prints. One that AWS's page does not list may print anything, including `-`.

    So may those whose names the user chooses: an authorizer's properties, claims, overrides of headers and parameters.
    """
    return _TABLE.get(variable, Prints.UNTRUSTED_TEXT)
