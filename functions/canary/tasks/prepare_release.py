"""PrepareRelease: everything the canary needs before it gets traffic: frozen history, deployment, canary aliases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from canary.aws.definitions import DefinitionReader
from canary.aws.errors import OwnershipLostError, StateChangedError
from canary.aws.histories import read_histories
from canary.aws.metrics import MetricReader
from canary.aws.shifters import shifter_for
from canary.aws.stages import Stages
from canary.edge.events import TaskEvent
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.judging import evidence_json
from canary.rules.judging.beginning import begin_evidence
from canary.rules.judging.families import stakes
from canary.rules.judging.history import to_json as history_to_json
from canary.rules.looks.effects import requests_needed_by_step
from canary.rules.rollouts.drift_checks import find_drift_since_check
from canary.rules.rollouts.phases import Phase, PointAlias
from canary.tasks.common.entry import Handler, Json, Tools, on

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.rules.rollouts.rollout import Rollout
    from canary.rules.targets.target import Stage


def prepare_release(event: TaskEvent, tools: Tools) -> Json:
    """Freeze the history, find or create the deployment, point the canary aliases. Base stays unchanged throughout.

    A revert is not judged, so it needs no history, and its deployment exists.

    Raises:
        StateChangedError: the target has changed since the checks.

    """
    owned = tools.records.read_owned(event.rollout_id, event.execution, target=event.target)
    if owned.rollout.phase is not Phase.PREPARING:
        raise OwnershipLostError(f"rollout {event.rollout_id} is already {owned.rollout.phase}; it cannot be prepared again")
    shifter = shifter_for(owned.rollout.target, tools.clients, lambda: tools.records.check(owned))
    if changes := find_drift_since_check(owned.rollout, shifter.read_live()):
        raise StateChangedError(f"{'; '.join(changes)}; start the rollout again")
    if not owned.rollout.evidence and owned.rollout.reverts is None:
        owned = _freeze_history(event, tools, owned)
    if owned.rollout.target.stage and owned.rollout.intent.deployment_id is None:
        owned = _make_deployment(tools, owned, owned.rollout.target.stage)
    for function, alias in owned.rollout.standing.aliases.canary.items():
        shifter.make(PointAlias(function, alias, owned.rollout.intent.versions[function]), owned.rollout.intent)
    tools.logger.info("release prepared", rollout=event.rollout_id, intent=owned.rollout.intent.versions)
    beginning = "TAKE_ALL" if owned.rollout.reverts else "SHIFT"
    return {
        "beginning": beginning,
        "canary": dict(owned.rollout.intent.versions),
        "wait_seconds": owned.rollout.seconds_to_settle(event.now),
    }


def _freeze_history(event: TaskEvent, tools: Tools, owned: Owned) -> Owned:
    metrics = MetricReader(tools.clients.of(owned.rollout.target).cloudwatch)
    frozen = read_histories(metrics, owned.rollout, owned.rollout.plan.api_name, event.now)
    evidence = begin_evidence(
        frozen.minutes,
        families=frozen.families,
        stakes=stakes(frozen.families),
        alpha=owned.rollout.plan.policy.alpha,
    )
    rollout = replace(
        owned.rollout,
        limits_ms=frozen.limits_ms,
        habits={metric: habit for metric, habit in frozen.habits.items() if metric in frozen.families},
        evidence=evidence_json.to_json(evidence),
        needed=requests_needed_by_step(owned.rollout.plan.policy, evidence),
        plan=replace(owned.rollout.plan, notes=(*owned.rollout.plan.notes, *frozen.notes)),
        tally=replace(owned.rollout.tally, metrics_requested=owned.rollout.tally.metrics_requested + metrics.requested),
    )
    return tools.records.write(owned, rollout, history=history_to_json(evidence.history))


def _make_deployment(tools: Tools, owned: Owned, stage: Stage) -> Owned:
    """A deployment of the definition that was checked.

    No call reads what a deployment froze (docs/aws.md#export-document). So the definition is read before and after: if it is
    the same both times, the deployment froze the same. A deployment from an earlier call whose reply was lost is used only if
    no one has edited the definition since.

    Raises:
        StateChangedError: someone has edited the definition since the checks.

    """
    rollout = owned.rollout
    client: Any = tools.clients.of(rollout.target).apigateway
    stages = Stages(client, stage, lambda: tools.records.check(owned))
    mark = f"canary rollout {rollout.rollout_id}"
    made = stages.find_deployment(mark)
    if made is None:
        _require_definition(client, stage, rollout)
        made = stages.make_deployment(mark)
    _require_definition(client, stage, rollout)
    return tools.records.write(owned, _with_deployment(rollout, made))


def _require_definition(client: Any, stage: Stage, rollout: Rollout) -> None:  # noqa: ANN401 - botocore's client
    if fingerprint(DefinitionReader(client, stage.rest_api_id).read_present()) != rollout.plan.fingerprint:
        raise StateChangedError("the API's definition was edited since it was checked; start the rollout again")


def _with_deployment(rollout: Rollout, deployment_id: str) -> Rollout:
    return replace(rollout, intent=replace(rollout.intent, deployment_id=deployment_id))


handler = Handler(on(TaskEvent), prepare_release)
