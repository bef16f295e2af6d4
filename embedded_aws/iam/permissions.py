"""IAM as the embedded AWS enforces it: checks a role's calls against its policies and remembers what allowed them.

Decides who calls (the role whose session signed the request, else the role of the function that is running) and whether
its policies allow the call. A call under a session policy must also be allowed by that policy, even while other policies
are not enforced. Calls with the embedded AWS's own credentials may do anything. The IAM seam evaluates single statements;
resource policies count only where a service itself calls. What AWS also checks, and this does not:
docs/aws.md#not-enforced.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from embedded_aws.iam.identity import patterns
from embedded_aws.iam.permission_needs import Need, needs_of
from embedded_aws.wire.errors import Refusal, denial, expired
from embedded_aws.wire.presigned import find_flaw
from embedded_aws.wire.request import signature_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from embedded_aws.iam.identity import Iam, Principal, Role, Session, Statement, Verdict
    from embedded_aws.wire.presigned import Presigned


RESOURCE_TAG = "aws:ResourceTag/"
CURRENT_TIME = "aws:CurrentTime"


class Grant(NamedTuple):
    """What allowed a call: a statement, and the patterns in it that matched."""

    role: str
    policy: str
    statement: str
    action: str
    resource: str


class Unused(NamedTuple):
    """A statement that allowed nothing, or an action or resource of one that was never needed."""

    role: str
    policy: str
    statement: str
    element: Literal["statement", "action", "resource"]
    pattern: str


class Denial(NamedTuple):
    """A call that was refused."""

    principal: str
    action: str
    resource: str
    reason: str


class AccessDeniedError(Exception):
    """IAM denies the call; clients see the text."""


class Permissions:
    """Who may do what in one embedded AWS; off until `enforce`. ``has_limits``: whether any session has a policy of its own."""

    def __init__(self, now: Callable[[], float], *, account: str) -> None:
        self.is_on = False
        self.has_limits = False
        self.used: Counter[Grant] = Counter()
        self.denied: Counter[Denial] = Counter()
        self.sessions: dict[str, Session] = {}
        self.secrets: dict[str, str] = {}
        self.iam: Iam | None = None
        self._now = now
        self._account = account
        self._here = threading.local()
        self._verdicts: dict[Hashable, tuple[Hashable, str | None, tuple[Grant, ...]]] = {}

    def enforce(self) -> None:
        """From now on roles can do what their policies allow, and nothing else."""
        self.is_on = True

    def relax(self) -> None:
        """From now on every caller may do everything."""
        self.is_on = False

    def forget(self) -> None:
        """Start counting again what is used and what is denied."""
        self.used.clear()
        self.denied.clear()

    # Who calls.

    @contextmanager
    def acting(self, principal: Principal | None) -> Iterator[None]:
        """While in the block, this thread acts for the principal; with None, as AWS itself."""
        outer, self._here.principal = getattr(self._here, "principal", None), principal
        try:
            yield
        finally:
            self._here.principal = outer

    def refuse(self, environ: dict[str, Any]) -> Refusal | None:
        """The refusal of a request; None if it may be answered."""
        signature = signature_of(environ) if self.is_on or self.has_limits else None
        if signature is None:
            return None
        session = self.sessions.get(signature.access_key_id)
        if not (self.is_on or (session and session.policy)):
            return None
        if session is not None and session.expires <= self._now():
            return expired(signature.service)
        principal = session.principal if session else getattr(self._here, "principal", None)
        if principal is None:
            return None
        try:
            for need in needs_of(environ, signature, self._account):
                if self.is_on:
                    self._check_call(principal, need)
                if session and session.policy:
                    self._check_session(session.principal, session.policy, need)
        except AccessDeniedError as error:
            return denial(signature.service, str(error))
        return None

    def refuse_presigned(self, presigned: Presigned, environ: dict[str, Any]) -> Refusal | None:
        """The refusal of a presigned request by its signature; None if it is right, or of a key whose secret is not known."""
        session = self.sessions.get(presigned.access_key_id)
        secret = session.secret if session else self.secrets.get(presigned.access_key_id)
        if session is not None and session.expires <= self._now():
            return expired(presigned.service)
        if not secret:
            return None
        return find_flaw(presigned, environ, secret=secret, token=session.token if session else "", now=self._now())

    # What is allowed.

    def check(self, principal: Principal, action: str, *resources: str) -> None:
        """Check that a role's policies allow an action on each resource.

        Raises:
            AccessDeniedError: they do not.

        """
        for resource in resources or ("*",):
            self._check(principal, Need(action, resource))

    def allows(self, principal: Principal, action: str, *resources: str) -> bool:
        """The same check with a boolean result, for what AWS does not report to its caller."""
        try:
            self.check(principal, action, *resources)
        except AccessDeniedError:
            return False
        return True

    def trusts(self, role_arn: str, service: str, context: Mapping[str, str] | None = None) -> bool:
        """Whether the role exists and the service may assume it; ``context`` says on whose behalf, by AWS's condition keys."""
        role = self._iam.role(role_arn)
        return role is not None and self._trusted_by(role, service, context or {}) is not None

    def check_service(self, service: str, need: Need, policy: Mapping[str, Any] | None, context: Mapping[str, str]) -> None:
        """Check that a receiver's own policy lets a service act on it; ``context`` as in `trusts`.

        Raises:
            AccessDeniedError: there is no policy, or it does not allow the action.

        """
        given = (policy or {}).get("Statement", [])
        statements = [given] if isinstance(given, dict) else given
        verdicts = {self._iam.lets(statement, service, need, context) for statement in statements}
        if "denied" in verdicts or "allowed" not in verdicts:
            reason = f"because no resource-based policy allows the {need.action} action"
            self.denied[Denial(service, need.action, need.resource, reason)] += 1
            raise AccessDeniedError(
                f"{service} is not authorized to perform: {need.action} on resource: {need.resource} {reason}"
            )

    def verdict(
        self, policy: Mapping[str, Any], need: Need, context: Mapping[str, str], *, service: str | None = None
    ) -> Verdict:
        """The verdict of a policy that the caller passes in, denials first. ``service``: whom its principals must name."""
        given = policy.get("Statement", [])
        statements = [given] if isinstance(given, dict) else given
        found: set[Verdict] = {
            self._iam.judge(each, need, context)[0] if service is None else self._iam.lets(each, service, need, context)
            for each in statements
        }
        return "denied" if "denied" in found else "allowed" if "allowed" in found else "neutral"

    def _check_call(self, principal: Principal, need: Need) -> None:
        if need.action == "sts:AssumeRole":
            self._check_assuming(principal, need)
        else:
            self._check(principal, need)

    def _check_session(self, principal: Principal, policy: Mapping[str, Any], need: Need) -> None:
        """Check that a session policy allows what its role may do (docs/aws.md#session-policy)."""
        context = {**self._tags_of(need.resource), CURRENT_TIME: datetime.fromtimestamp(self._now(), UTC).isoformat()}
        match self.verdict(policy, need, context):
            case "denied":
                self._deny(principal, need, "with an explicit deny in a session policy")
            case "neutral":
                self._deny(principal, need, f"because no session policy allows the {need.action} action")

    def _check_assuming(self, principal: Principal, need: Need) -> None:
        """Both sides must allow it, unless the trust policy of the assumed role names the caller itself."""
        role = self._iam.role(need.resource)
        context = {"aws:PrincipalArn": principal.role_arn, "aws:PrincipalAccount": principal.role_arn.split(":")[4]}
        trusting = self._trusted_by(role, principal, context) if role else None
        if trusting is None:
            self._deny(principal, need, "")
        elif not self._iam.names_itself(trusting.elements, principal):
            self._check(principal, need)

    def _trusted_by(self, role: Role, principal: Principal | str, context: Mapping[str, str]) -> Statement | None:
        verdicts = [(self._iam.trusts(each.elements, principal, context), each) for each in role.trust]
        if any(verdict == "denied" for verdict, _ in verdicts):
            return None
        found = next((each for verdict, each in verdicts if verdict == "allowed"), None)
        if found is not None:
            self.used[Grant(found.role, found.policy, found.name, "sts:AssumeRole", "")] += 1
        return found

    def _check(self, principal: Principal, need: Need) -> None:
        reason, grants = self._decide(principal, need)
        self.used.update(grants)
        if reason is not None:
            self._deny(principal, need, reason)

    def _decide(self, principal: Principal, need: Need) -> tuple[str | None, tuple[Grant, ...]]:
        """Why the need is denied, if it is, and what allows it; cached per version of the role unless tags count."""
        role = self._iam.role(principal.role_arn)
        version = role.version if role else None
        key = (principal.role_arn, need)
        known = self._verdicts.get(key)
        if known is None or known[0] != version:
            statements = role.statements if role else ()
            asks_for_tags = any(_asks_for_tags(each.elements) for each in statements)
            known = (version, *self._evaluate(statements, need, self._tags_of(need.resource) if asks_for_tags else {}))
            if not asks_for_tags:
                self._verdicts[key] = known
        return known[1], known[2]

    def _tags_of(self, resource: str) -> dict[str, str]:
        """A resource's tags, by IAM's condition keys (docs/aws.md#resource-tags)."""
        return {f"{RESOURCE_TAG}{key}": value for key, value in self._iam.tags_of(resource).items()}

    def _evaluate(
        self, statements: Sequence[Statement], need: Need, context: Mapping[str, str]
    ) -> tuple[str | None, tuple[Grant, ...]]:
        grants = []
        for statement in statements:
            verdict, action, resource = self._iam.judge(statement.elements, need, context)
            if verdict == "denied":
                return "with an explicit deny in an identity-based policy", ()
            if verdict == "allowed":
                grants.append(Grant(statement.role, statement.policy, statement.name, action, resource))
        if grants:
            return None, tuple(grants)
        return f"because no identity-based policy allows the {need.action} action", ()

    def _deny(self, principal: Principal, need: Need, reason: str) -> None:
        self.denied[Denial(principal.arn, need.action, need.resource, reason)] += 1
        text = f"User: {principal.arn} is not authorized to perform: {need.action} on resource: {need.resource} {reason}"
        raise AccessDeniedError(text.rstrip())

    # What was used.

    def unused(self, roles: Iterable[str] | None = None) -> list[Unused]:
        """What no call needed, in the policies of these roles or of all."""
        return [each for arn in (self._iam.roles() if roles is None else roles) for each in self._unused_of(arn)]

    def _unused_of(self, arn: str) -> Iterator[Unused]:
        role = self._iam.role(arn)
        for statement in role.statements if role else ():
            named = (statement.role, statement.policy, statement.name)
            grants = [grant for grant in self.used if grant[:3] == named]
            if not grants:
                yield Unused(*named, "statement", "")
                continue
            matched = {grant.action for grant in grants}, {grant.resource for grant in grants}
            yield from (
                Unused(*named, "action", each) for each in patterns(statement.elements, "Action") if each not in matched[0]
            )
            yield from (
                Unused(*named, "resource", each) for each in patterns(statement.elements, "Resource") if each not in matched[1]
            )

    @property
    def _iam(self) -> Iam:
        if self.iam is None:
            raise LookupError("these permissions have no IAM; open the embedded AWS first")
        return self.iam


def _asks_for_tags(statement: Mapping[str, Any]) -> bool:
    conditions = statement.get("Condition", {}).values()
    return any(key.lower().startswith(RESOURCE_TAG.lower()) for keys in conditions for key in keys)
