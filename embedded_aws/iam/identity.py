"""The embedded AWS's view of IAM: role sessions, policy statements, and the protocols that read them.

Holds values and protocols only; the seam implements the protocols, and `permissions` makes the decisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from embedded_aws.iam.permission_needs import Need

TRUST = "(trust)"
"""The policy name that stands for the role's trust policy."""

Verdict = Literal["allowed", "denied", "neutral"]


class Principal(NamedTuple):
    """A session of a role."""

    role_arn: str
    session: str

    @property
    def arn(self) -> str:
        """The session's own ARN, which omits the role's path."""
        account, name = self.role_arn.split(":")[4], self.role_arn.rpartition("/")[2]
        return f"arn:aws:sts::{account}:assumed-role/{name}/{self.session}"


class Session(NamedTuple):
    """The session behind a set of temporary credentials, valid until an epoch second, with what signs its requests.

    ``policy``: the session policy with which the role was assumed, as IAM's JSON; None without one.
    """

    principal: Principal
    expires: float
    secret: str = ""
    token: str = ""
    policy: Mapping[str, Any] | None = None


class Statement(NamedTuple):
    """One statement of a role's policy, named by its Sid or else by its position; ``elements`` is IAM's JSON."""

    role: str
    policy: str
    name: str
    elements: Mapping[str, Any]


class Role(Protocol):
    """A role as IAM has it now; ``version`` changes whenever one of its policies does."""

    @property
    def version(self) -> Hashable: ...  # noqa: D102
    @property
    def statements(self) -> Sequence[Statement]: ...  # noqa: D102
    @property
    def trust(self) -> Sequence[Statement]: ...  # noqa: D102


class Iam(Protocol):
    """IAM: its roles, and how it evaluates a statement."""

    def role(self, arn: str) -> Role | None:
        """The role; None if it does not exist."""

    def roles(self) -> Iterable[str]:
        """The ARNs of all roles."""

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """The tags of a role or function (for a version or alias those of its function); empty for anything else."""

    def judge(self, statement: Mapping[str, Any], need: Need, context: Mapping[str, str]) -> tuple[Verdict, str, str]:
        """The statement's verdict on the need, with its action and resource patterns that matched."""

    def trusts(self, statement: Mapping[str, Any], principal: Principal | str, context: Mapping[str, str]) -> Verdict:
        """Whether a trust policy's statement allows a session or a service to assume the role."""

    def lets(self, statement: Mapping[str, Any], service: str, need: Need, context: Mapping[str, str]) -> Verdict:
        """The verdict of a resource policy's statement on a service."""

    def names_itself(self, statement: Mapping[str, Any], principal: Principal) -> bool:
        """Whether a trust policy's statement names the role itself, in which case the role needs no policy of its own."""


def patterns(statement: Mapping[str, Any], element: str) -> list[str]:
    """An element of a statement as a list; the JSON may hold one string or several."""
    found = statement.get(element, [])
    return [found] if isinstance(found, str) else list(found)
