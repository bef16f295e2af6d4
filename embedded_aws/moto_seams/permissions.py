"""IAM's side of `embedded_aws.iam.permissions`: moto's roles and policies, read by moto's own policy evaluator.

The evaluator is fixed where it would break a proof of exact permissions. Patterns are IAM's, not regular expressions. A
condition that is not met silences its statement. Operators that moto would skip are evaluated or refused. A trust policy's
principal and effect count. A statement with an element that is not built is refused as a whole.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from moto.awslambda.models import lambda_backends
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import iam_backends
from moto.sts.exceptions import STSValidationError

from embedded_aws.awslambda.errors import InvalidParameterValueError
from embedded_aws.iam.identity import TRUST, Principal, Session, Statement, patterns
from embedded_aws.iam.permissions import AccessDeniedError
from embedded_aws.iam.service_permissions import check_machine, trace_execution
from embedded_aws.moto_seams.hooks import wrap
from embedded_aws.time.timestamps import epoch_of
from embedded_aws.wire.connection import Place
from embedded_aws.wire.errors import answer, denial
from embedded_aws.wire.refusal import NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from embedded_aws.iam.identity import Role, Verdict
    from embedded_aws.iam.permission_needs import Need
    from embedded_aws.iam.permissions import Permissions

_STATEMENT = "moto.iam.access_control.IAMPolicyStatement"
_ASSUME = "moto.sts.models.STSBackend.assume_role"
_CREATE_FUNCTION = "moto.awslambda.models.LambdaBackend.create_function"
_MACHINE_CALLS = [f"moto.stepfunctions.responses.StepFunctionResponse.{name}_state_machine" for name in ("create", "update")]
_START = "moto.stepfunctions.parser.models.StepFunctionsParserBackend.start_execution"
HOOKS = [
    _ASSUME,
    _CREATE_FUNCTION,
    *_MACHINE_CALLS,
    _START,
    *(f"{_STATEMENT}.{name}" for name in ("_check_conditions", "_check_element_matches", "is_action_permitted")),
    "moto.iam.models.iam_backends",
    "moto.awslambda.models.lambda_backends",
]
LONGEST_SESSION_POLICY = 2048
_NOT_BUILT = ("NotAction", "NotResource", "NotPrincipal")
_VERDICTS: Mapping[PermissionResult, Verdict] = {
    PermissionResult.PERMITTED: "allowed",
    PermissionResult.DENIED: "denied",
    PermissionResult.NEUTRAL: "neutral",
}


class Aws(Protocol):
    """What this seam needs from the embedded AWS."""

    @property
    def permissions(self) -> Permissions:
        """Who may do what."""

    @property
    def account(self) -> str:
        """The account's number."""


def install(aws: Aws) -> None:
    """Let the permissions of ``aws`` read moto's IAM, and tell them which sessions moto's STS creates."""
    aws.permissions.iam = _Iam(aws.account)
    wrap(_ASSUME, aws, _assume)
    wrap(_CREATE_FUNCTION, aws, _create_function)
    for name in _MACHINE_CALLS:
        wrap(name, aws, _set_machine)
    wrap(_START, aws, _start)


def _assume(original: Callable[..., Any], aws: Aws, backend: Any, **asked: Any) -> Any:  # noqa: ANN401 - moto's
    policy = _session_policy(asked.get("policy"))
    session = original(backend, **asked)
    principal = Principal(session.role_arn, session.session_name)
    aws.permissions.has_limits |= policy is not None
    aws.permissions.sessions[session.access_key_id] = Session(
        principal, epoch_of(session.expiration), session.secret_access_key, session.session_token, policy
    )
    return session


def _session_policy(text: str | None) -> Mapping[str, Any] | None:
    """The policy with which a role is assumed (docs/aws.md#session-policy)."""
    if not text:
        return None
    if len(text) > LONGEST_SESSION_POLICY:
        raise STSValidationError(
            f"1 validation error detected: Value '{text}' at 'policy' failed to satisfy constraint: "
            f"Member must have length less than or equal to {LONGEST_SESSION_POLICY}"
        )
    try:
        found = json.loads(text)
    except ValueError as error:
        raise MalformedPolicyDocument("This policy contains invalid Json") from error
    if not isinstance(found, dict) or "Statement" not in found:
        raise MalformedPolicyDocument("Syntax errors in policy.")
    return found


def _create_function(original: Callable[..., Any], aws: Aws, backend: Any, spec: dict[str, Any]) -> Any:  # noqa: ANN401 - moto's
    if aws.permissions.is_on and not aws.permissions.trusts(spec["Role"], "lambda.amazonaws.com"):
        raise InvalidParameterValueError("The role defined for the function cannot be assumed by Lambda.")
    return original(backend, spec)


def _set_machine(original: Callable[..., Any], aws: Aws, response: Any) -> Any:  # noqa: ANN401 - moto's
    """Create or update a state machine, but not with a role that cannot log its executions."""
    asked = json.loads(response.body)
    try:
        if aws.permissions.is_on and "roleArn" in asked:
            named = Place(aws.account, response.region).arn("states", f"stateMachine:{asked.get('name')}")
            check_machine(aws.permissions, asked["roleArn"], asked, asked.get("stateMachineArn", named))
    except AccessDeniedError as error:
        refused = answer(denial("states", str(error)), {"content-type": "application/x-amz-json-1.0"})
        return refused.status, {**refused.headers, "status": refused.status}, refused.body.decode()
    return original(response)


def _start(original: Callable[..., Any], aws: Aws, backend: Any, state_machine_arn: str, *args: Any, **more: Any) -> Any:  # noqa: ANN401
    execution = original(backend, state_machine_arn, *args, **more)
    if aws.permissions.is_on:
        machine = backend.describe_state_machine(execution.state_machine_arn)
        if machine.tracingConfiguration.get("enabled"):
            trace_execution(aws.permissions, machine.roleArn)
    return execution


class _MotoRole(NamedTuple):
    """A role in moto."""

    arn: str
    version: Hashable
    moto: Any

    @property
    def statements(self) -> Sequence[Statement]:
        attached = [(policy.name, _default_document(policy)) for policy in self.moto.managed_policies.values()]
        documents = [*self.moto.policies.items(), *attached]
        return [each for policy, text in documents for each in _statements(self.arn, policy, text)]

    @property
    def trust(self) -> Sequence[Statement]:
        return list(_statements(self.arn, TRUST, self.moto.assume_role_policy_document))


class _Iam:
    """moto's IAM of one account."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._roles: dict[str, Any] = iam_backends[account]["aws"].roles
        self._known: dict[str, Any] = {}

    def role(self, arn: str) -> Role | None:
        role = self._find(arn)
        if role is None:
            return None
        if role.permissions_boundary_arn:
            raise NotBuiltError(f"permissions boundaries are not built, {arn} has one; leave it out")
        managed = tuple((policy.arn, policy.default_version_id) for policy in role.managed_policies.values())
        return _MotoRole(arn, (role.id, *role.policies.items(), *managed), role)

    def roles(self) -> Iterable[str]:
        return [role.arn for role in self._roles.values()]

    def tags_of(self, arn: str) -> Mapping[str, str]:
        if ":role/" in arn:
            role = self._find(arn)
            return {tag["Key"]: tag["Value"] for tag in role.tags} if role else {}
        if ":function:" not in arn:
            return {}
        region, function = arn.split(":")[3], arn.split(":")[6]
        functions = lambda_backends[self._account][region].iter_tagged_resources()
        return next((each.tags for each in functions if each.arn.rpartition(":")[2] == function), {})

    def _find(self, arn: str) -> Any:  # noqa: ANN401 - moto's role, or None
        """The role; moto would search through all of them on every call."""
        known = self._known.get(arn)
        if known is None or self._roles.get(known.id) is not known:
            known = self._known[arn] = next((role for role in self._roles.values() if role.arn == arn), None)
        return known

    def judge(self, statement: Mapping[str, Any], need: Need, context: Mapping[str, str]) -> tuple[Verdict, str, str]:
        evaluated = _Statement(statement)
        verdict = _VERDICTS[evaluated.is_action_permitted(need.action, need.resource, None, context)]
        if verdict != "allowed":
            return verdict, "", ""
        return verdict, evaluated.matching("Action", need.action), evaluated.matching("Resource", need.resource)

    def lets(self, statement: Mapping[str, Any], service: str, need: Need, context: Mapping[str, str]) -> Verdict:
        if not any(True for _ in _named(statement, service)):
            return "neutral"
        without = {name: value for name, value in statement.items() if name != "Principal"}
        verdict = _Statement(without).is_action_permitted(need.action, need.resource, None, context)
        return _VERDICTS[verdict]

    def trusts(self, statement: Mapping[str, Any], principal: Principal | str, context: Mapping[str, str]) -> Verdict:
        evaluated = _Statement(statement)
        is_meant = (
            any(_is_like("sts:AssumeRole", pattern, any_case=True) for pattern in patterns(statement, "Action"))
            and any(True for _ in _named(statement, principal))
            and evaluated._check_conditions(context)  # noqa: SLF001 - a seam
        )
        if not is_meant:
            return "neutral"
        return "allowed" if statement["Effect"] == "Allow" else "denied"

    def names_itself(self, statement: Mapping[str, Any], principal: Principal) -> bool:
        return any(name in {principal.role_arn, principal.arn} for name in _named(statement, principal))


class _Statement(IAMPolicyStatement):  # type: ignore[misc]  # moto is untyped here
    """moto's evaluator of one statement, fixed."""

    def __init__(self, statement: Mapping[str, Any]) -> None:
        for element in _NOT_BUILT:
            if element in statement:
                raise NotBuiltError(f"statements with {element} are not built; list the allowed elements instead")
        super().__init__(statement)

    def is_action_permitted(self, action: str, resource: str, principal: None, context: Mapping[str, str]) -> PermissionResult:
        """The statement's result; neutral while one of its conditions is not met."""
        if not self._check_conditions(context):
            return PermissionResult.NEUTRAL
        return super().is_action_permitted(action, resource, principal, context)

    def matching(self, element: str, value: str) -> str:
        """The first pattern of the element that the value matches."""
        is_action = element == "Action"
        return next(each for each in patterns(self._statement, element) if _is_like(value, each, any_case=is_action))

    def _check_element_matches(self, element: str, value: str) -> bool:
        return any(_is_like(value, each, any_case=element == "Action") for each in patterns(self._statement, element))

    def _check_conditions(self, context: Mapping[str, str] | None) -> bool:
        conditions = self._statement.get("Condition", {})
        return all(
            _is_met(operator, context or {}, key, [wanted] if isinstance(wanted, str) else wanted)
            for operator, keys in conditions.items()
            for key, wanted in keys.items()
        )


def _is_met(operator: str, context: Mapping[str, str], key: str, wanted: Sequence[str]) -> bool:
    """Whether one condition is met. A key that the request does not have meets only a negated condition."""
    known = {name.lower(): value for name, value in context.items()}
    value = known.get(key.lower())
    match operator:
        case "StringEquals" | "StringNotEquals":
            return (value in wanted) is (operator == "StringEquals")
        case "StringLike":
            return value is not None and any(_is_like(value, each) for each in wanted)
        case "Bool":
            return value is not None and value.lower() in {each.lower() for each in wanted}
        case "ArnLike" | "ArnEquals":
            return value is not None and any(_is_arn_like(value, each) for each in wanted)
        case "IpAddress" | "NotIpAddress":
            return (value is not None and _is_in(value, wanted)) is (operator == "IpAddress")
        case "DateLessThan" | "DateGreaterThanEquals":
            return value is not None and _is_at(operator, _instant(value), [_instant(each) for each in wanted])
        case _:
            raise NotBuiltError(f"the condition operator {operator} is not built; build it in {__name__}")


def _is_at(operator: str, instant: float, wanted: Sequence[float]) -> bool:
    """Whether the instant compares so with one of the others."""
    return instant < max(wanted) if operator == "DateLessThan" else instant >= min(wanted)


def _instant(text: str) -> float:
    """A date of a condition, in epoch seconds; IAM also takes those themselves."""
    return float(text) if text.replace(".", "", 1).isdigit() else datetime.fromisoformat(text).timestamp()


def _is_in(address: str, networks: Sequence[str]) -> bool:
    found = ip_address(address)
    return any(found in ip_network(network, strict=False) for network in networks)


def _is_arn_like(arn: str, pattern: str) -> bool:
    """Compare each of an ARN's six parts by itself: a wildcard does not reach into the next part."""
    parts, wanted = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(wanted) and all(_is_like(*pair) for pair in zip(parts, wanted, strict=True))


def _is_like(value: str, pattern: str, *, any_case: bool = False) -> bool:
    return _compiled(pattern, any_case=any_case).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str, *, any_case: bool) -> re.Pattern[str]:
    """Compile IAM's wildcards: ``*`` is any text, ``?`` any one character, and nothing else is special."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if any_case else 0))


def _named(statement: Mapping[str, Any], principal: Principal | str) -> Iterator[str]:
    """The names in a trust statement's Principal that mean this role or service."""
    given = statement.get("Principal", {})
    if given == "*":
        given = {"AWS": "*"}
    if isinstance(principal, str):
        yield from (name for name in patterns(given, "Service") if name == principal)
        yield from (name for name in patterns(given, "AWS") if name == "*")
        return
    account = principal.role_arn.split(":")[4]
    meant = {"*", account, f"arn:aws:iam::{account}:root", principal.role_arn, principal.arn}
    yield from (name for name in patterns(given, "AWS") if name in meant)


def _statements(role: str, policy: str, text: str) -> Iterator[Statement]:
    found = json.loads(text)["Statement"]
    for place, elements in enumerate([found] if isinstance(found, dict) else found):
        yield Statement(role, policy, str(elements.get("Sid") or place), elements)


def _default_document(policy: Any) -> str:  # noqa: ANN401 - moto's
    return str(next(version.document for version in policy.versions if version.is_default))
