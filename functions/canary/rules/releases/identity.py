"""Which release a rollout brings, whatever its input named. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReleaseIdentity:
    """Which release a rollout brings.

    ``code`` is a SHA-256 of versions and variables. The definition is known by its fingerprint or by the deployment that froze
    it, since a newer controller may make another fingerprint of it. Both are None where the target has no stage.
    """

    code: str
    fingerprint: str | None
    deployment_id: str | None

    def is_same_as(self, other: ReleaseIdentity) -> bool:
        """Whether both are one release."""
        own, others = ({one.fingerprint, one.deployment_id} - {None} for one in (self, other))
        return self.code == other.code and (bool(own & others) or own == others)
