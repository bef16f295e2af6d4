"""One scratch stage, which can be patched, read and called.

If AWS refuses a request as invalid, that answers the question. Any other refusal, such as a denial or a 501, does not, and is
raised to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.account.aws import Aws, RefusedError
from verify.scratch.patches import CANARY

if TYPE_CHECKING:
    from verify.scratch.patches import Operation

BASE_VARIABLES = {"arm": "base", "alias": "live"}
CANARY_OVERRIDES = {"arm": "canary", "alias": "canary"}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage by its names. ``address`` is its invoke URL, without a slash at the end."""

    aws: Aws
    rest_api_id: str
    name: str
    address: str

    def read(self) -> dict[str, Any]:
        """The stage as GetStage shows it."""
        return self.aws.call("apigateway", "get_stage", **self._names())

    def patch(self, *operations: Operation) -> dict[str, Any]:
        """Apply a patch list; return the stage afterwards.

        Raises:
            RefusedError: AWS refuses.
        """
        return self.aws.call("apigateway", "update_stage", **self._names(), patchOperations=list(operations))

    def try_patch(self, *operations: Operation) -> str | None:
        """Apply a patch list; return None if it was accepted, else how AWS refused it."""
        try:
            self.patch(*operations)
        except RefusedError as refusal:
            if not refusal.is_judgement:
                raise
            return str(refusal)
        return None

    def canary(self) -> dict[str, Any] | None:
        """The canary as GetStage shows it; None if there is none."""
        found: dict[str, Any] | None = self.read().get("canarySettings")
        return found

    def clear(self) -> None:
        """Remove the canary, if there is one."""
        if self.canary() is not None:
            self.patch({"op": "remove", "path": CANARY})

    def delete(self) -> None:
        """Remove the stage."""
        self.aws.call("apigateway", "delete_stage", **self._names())

    def _names(self) -> dict[str, str]:
        return {"restApiId": self.rest_api_id, "stageName": self.name}
