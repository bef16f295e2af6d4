"""Every stage as the data plane sees it: its present settings, and for a while after a change also the previous ones.

Decides which settings a request sees. The gateway reports changes to it, and it prepares each change for serving once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.apigateway.stages.control_plane import Moment
from embedded_aws.dataplane.serving import Parts, ServingStage
from embedded_aws.time.propagation import PROPAGATION_SECONDS, Propagation

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from embedded_aws.apigateway.stages.control_plane import Gateway
    from embedded_aws.dataplane.serving import Account
    from embedded_aws.wire.unknowns import Unknowns


class StageHistory:
    """The stages of one gateway. ``before_change`` is called while a stage's old settings are still the newest."""

    def __init__(
        self,
        gateway: Gateway,
        unknowns: Unknowns,
        *,
        now: Callable[[], float],
        rng: random.Random,
        owner: Account,
        before_change: Callable[[], None],
    ) -> None:
        self.propagation_seconds = PROPAGATION_SECONDS
        self._gateway = gateway
        self._unknowns = unknowns
        self._now = now
        self._rng = rng
        self._owner = owner
        self._parts = Parts(owner, unknowns.ask)
        self._before_change = before_change
        self._stages: dict[tuple[str, str], Propagation[ServingStage | None]] = {}
        gateway.settings_changed(self._on_change)

    def seen(self, api_id: str, stage_name: str, at: float) -> ServingStage | None:
        """The stage as a request at ``at`` sees it; None if that request sees no stage."""
        known = self._stages.get((api_id, stage_name))
        if known is None:
            stage = self._made_ready(api_id, stage_name)
            if stage is None:
                return None
            known = self._stages[api_id, stage_name] = Propagation(stage)
        return known.seen(at, self._rng)

    def clear(self) -> None:
        """Forget every stage."""
        self._stages.clear()
        self._parts = Parts(self._owner, self._unknowns.ask)

    def _on_change(self, api_id: str, stage_name: str, moment: Moment) -> None:
        known = self._stages.get((api_id, stage_name))
        if moment is Moment.BEFORE:
            self._before_change()
            if known is None:
                self._stages[api_id, stage_name] = Propagation(self._made_ready(api_id, stage_name))
        elif known is not None:
            # A new stage is visible at once. Only settings that replace others propagate slowly.
            is_late = known.newest is not None and self._unknowns.ask("stage-propagation") == "within-30-seconds"
            known.seconds = self.propagation_seconds if is_late else 0.0
            known.change(self._now(), self._made_ready(api_id, stage_name))

    def _made_ready(self, api_id: str, stage_name: str) -> ServingStage | None:
        settings = self._gateway.settings(api_id, stage_name)
        return ServingStage(settings, self._parts) if settings else None
