"""What botocore works out anew for each request, although for a request inside this process the answer is known.

    user agent    which does not change while a client lives
    endpoint      which is the address that the client was given
    proxy         which is never asked
    signature     which the embedded AWS does not check, except in presigned URLs; it reads whose it is

Requests to other addresses are left alone: each gets its full signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.compat import get_current_datetime
from botocore.endpoint import EndpointCreator
from botocore.regions import EndpointRulesetResolver
from botocore.useragent import UserAgentString

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSRequest

SIGNED = "SignedHeaders=host;x-amz-date, Signature=unchecked"


def patches(takes: Callable[[object], bool]) -> tuple[tuple[type, str, Callable[..., Any]], ...]:
    """Class, method and replacement; ``takes`` says whether a request to a URL stays in this process."""
    return (
        (UserAgentString, "to_string", _remembered(UserAgentString.to_string)),
        (EndpointRulesetResolver, "construct_endpoint", _endpoint(takes, EndpointRulesetResolver.construct_endpoint)),
        (EndpointCreator, "_get_proxies", _proxies(takes, EndpointCreator._get_proxies)),  # noqa: SLF001 - botocore has no other place
        (SigV4Auth, "add_auth", _sign(takes, SigV4Auth.add_auth)),
    )


def _remembered(original: Callable[..., str]) -> Callable[..., str]:
    def to_string(agent: Any) -> str:  # noqa: ANN401 - botocore's
        config = agent._client_config  # noqa: SLF001 - a client's agent is a copy of its session's, with this changed
        known = vars(agent).get("_told")
        if known is None or known[0] is not config:
            known = agent._told = (config, original(agent))  # noqa: SLF001 - the copy that belongs to this agent
        return str(known[1])

    return to_string


def _endpoint(takes: Callable[[object], bool], original: Callable[..., Any]) -> Callable[..., Any]:
    def construct_endpoint(resolver: Any, operation_model: Any, call_args: Any, request_context: Any) -> Any:  # noqa: ANN401 - botocore's
        known = vars(resolver).setdefault("_told", {})
        asked = (operation_model.name, (call_args or {}).get("EndpointId"))
        if asked not in known:
            found = original(resolver, operation_model, call_args, request_context)
            if not takes(found.url) or operation_model.service_model.service_name == "s3":  # S3's depends on the bucket
                return found
            known[asked] = found
        return known[asked]

    return construct_endpoint


def _proxies(takes: Callable[[object], bool], original: Callable[..., Any]) -> Callable[..., Any]:
    def get_proxies(creator: Any, url: str) -> Any:  # noqa: ANN401 - botocore's
        return {} if takes(url) else original(creator, url)

    return get_proxies


def _sign(takes: Callable[[object], bool], original: Callable[..., Any]) -> Callable[..., Any]:
    def add_auth(auth: SigV4Auth, request: AWSRequest) -> Any:  # noqa: ANN401 - botocore's
        if type(auth) is not SigV4Auth or auth.credentials is None or not takes(request.url):
            return original(auth, request)
        request.context["timestamp"] = get_current_datetime().strftime(SIGV4_TIMESTAMP)
        auth._modify_request_before_signing(request)  # noqa: SLF001 - adds the date and the session's token
        request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, {SIGNED}"
        return None

    return add_auth
