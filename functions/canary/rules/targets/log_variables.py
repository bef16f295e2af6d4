"""What each variable of an access-log format prints: one table, from AWS's page on them.

Decides how a variable may stand in a JSON line. The page names the variables and what they hold; that a missing value prints
`-`, and which texts are escaped, is known from logs that people have shown (docs/aws.md#access-log-variables).
"""

from __future__ import annotations

import enum
import re
from types import MappingProxyType

VARIABLE = re.compile(r"\$context(?:\.[A-Za-z0-9_]+)+")
"""A variable as API Gateway writes it; what follows a character that is no letter, digit, `_` or `.` is text."""


class Prints(enum.Enum):
    """What a variable prints, which decides how it may stand in a JSON line.

    ``NUMBER``: a number for every request, so it may stand without quotes. ``NUMBER_OR_DASH``: a number, or `-` where a request
    has none. ``TEXT``: ids, names and words of API Gateway's own, or `-`; no character of them needs escaping.
    ``UNTRUSTED_TEXT``: what a client, an authorizer or a function can write, or `-`. ``QUOTED_TEXT``: text with quotes of its
    own, or `-` without any, so neither form is JSON for every request.
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
"""Untrusted texts that leave a quoted string whole: quotes and backslashes of a user agent come escaped, and a request id of
the client's is a UUID or is replaced (docs/aws.md#access-log-variables)."""

INSTEAD = MappingProxyType({"$context.error.messageString": "$context.error.message"})
"""By variable, the one that says the same and can stand in quotes."""


def kind_of(variable: str) -> Prints:
    """What a variable prints. One that the page does not name may print anything, `-` too.

    So may those whose names are the user's own: an authorizer's properties, claims, overrides of headers and parameters.
    """
    return _TABLE.get(variable, Prints.UNTRUSTED_TEXT)
