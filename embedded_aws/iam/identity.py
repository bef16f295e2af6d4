"""IAM as the embedded AWS knows it: sessions of roles, statements of policies, and what reads them.

Values and what is asked of IAM only; the seam answers, `permissions` decides with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from embedded_aws.iam.permission_needs import Need

TRUST = "(trust)"
"""In place of a policy's name: who may assume the role."""

Verdict = Literal["allowed", "denied", "neutral"]


class Principal(NamedTuple):
    """A session of a role."""

    role_arn: str
    session: str

    @property
    def arn(self) -> str:
        """The session's own ARN, which leaves the role's path out."""
        account, name = self.role_arn.split(":")[4], self.role_arn.rpartition("/")[2]
        return f"arn:aws:sts::{account}:assumed-role/{name}/{self.session}"


class Session(NamedTuple):
    """What a set of temporary credentials stands for, until an epoch second."""

    principal: Principal
    expires: float


class Statement(NamedTuple):
    """One statement of a policy of a role, by its Sid or else its place; ``elements`` is IAM's JSON."""

    role: str
    policy: str
    name: str
    elements: Mapping[str, Any]


class Role(Protocol):
    """A role as IAM has it now; ``version`` differs whenever a policy of it does."""

    @property
    def version(self) -> Hashable: ...  # noqa: D102
    @property
    def statements(self) -> Sequence[Statement]: ...  # noqa: D102
    @property
    def trust(self) -> Sequence[Statement]: ...  # noqa: D102


class Iam(Protocol):
    """IAM: its roles, and how it reads a statement."""

    def role(self, arn: str) -> Role | None:
        """The role; None if there is none."""

    def roles(self) -> Iterable[str]:
        """Every role's ARN."""

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """The tags of a role or function, those of the function for a version or alias of it; none of anything else."""

    def judge(self, statement: Mapping[str, Any], need: Need, context: Mapping[str, str]) -> tuple[Verdict, str, str]:
        """What the statement says to that, and its action and resource patterns that matched."""

    def trusts(self, statement: Mapping[str, Any], principal: Principal | str, context: Mapping[str, str]) -> Verdict:
        """Whether a statement of a trust policy lets a session or a service assume the role."""

    def lets(self, statement: Mapping[str, Any], service: str, need: Need, context: Mapping[str, str]) -> Verdict:
        """What a statement of a resource's own policy says to a service."""

    def names_itself(self, statement: Mapping[str, Any], principal: Principal) -> bool:
        """Whether a trust policy's statement names the role itself, so that it needs no policy of its own."""


def patterns(statement: Mapping[str, Any], element: str) -> list[str]:
    """An element of a statement, which may be one text or several."""
    found = statement.get(element, [])
    return [found] if isinstance(found, str) else list(found)
