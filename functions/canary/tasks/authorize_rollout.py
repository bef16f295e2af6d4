"""AuthorizeRollout: the verbs that let a release skip care, in a function of its own, so that IAM tells who may do that.

Promote asks for the promotion that every rollout makes: the next look hears it, and drain and commit point follow. What vetoes
a promotion refuses it here at once, so that the caller hears why; the look and the drain check the same again.

`start_below_floor` starts a rollout whose policy is below its target's floor.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, assert_never

from canary.aws.alarms import read_alarms
from canary.edge.request import parse_authorizer_call
from canary.rules.judging import evidence_json
from canary.rules.judging.history import from_json as history_from_json
from canary.rules.looks.alarm_readings import alarms_against
from canary.rules.looks.proof import prove
from canary.rules.rollouts.report import iso
from canary.rules.rollouts.steering import AuthorizerVerb, SignalVerb
from canary.rules.rollouts.upgrades import upgrade_history
from canary.rules.targets.alarms import target_alarms
from canary.tasks.entry import Handler, Json, Tools, as_it_is
from canary.tasks.start_below_floor import start_below_floor
from canary.tasks.steer import refuse, send

if TYPE_CHECKING:
    from canary.aws.record_reads import Owned
    from canary.edge.request import AuthorizerCall
    from canary.rules.rollouts.rollout import Rollout


def authorize_rollout(event: Json, tools: Tools) -> Json:
    """What the verb did, or REFUSED with every problem of the call."""
    call, problems = parse_authorizer_call(event)
    if call is None:
        return refuse("", problems)
    match call.verb:
        case AuthorizerVerb.PROMOTE:
            return _promote(call, tools)
        case AuthorizerVerb.START_BELOW_FLOOR:
            return start_below_floor(call, tools)
        case _:
            assert_never(call.verb)


def _promote(call: AuthorizerCall, tools: Tools) -> Json:
    find_veto = partial(_find_veto, tools=tools, tolerated=call.tolerate_alarms)
    tolerated = call.tolerate_alarms
    return send(SignalVerb.PROMOTE, call.target, tools, reason=call.reason, tolerated_alarms=tolerated, find_veto=find_veto)


def _find_veto(owned: Owned, *, tools: Tools, tolerated: tuple[str, ...]) -> str | None:
    """Why this canary may not be promoted now; None where nothing speaks against it."""
    rollout = owned.rollout
    return _alarm_veto(rollout, tools, tolerated) or _blind_veto(rollout) or _judge_veto(owned, tools)


def _alarm_veto(rollout: Rollout, tools: Tools, tolerated: tuple[str, ...]) -> str | None:
    ours, users = [alarm.name for alarm in target_alarms(rollout.target)], rollout.target.alarms
    if unknown := {*tolerated} - {*ours, *users}:
        found = f"{', '.join(sorted(unknown))} is no alarm of {rollout.target.name}"
        return f"{found}; tolerate_alarms takes: {', '.join((*ours, *users))}"
    alarms = read_alarms(tools.clients.of(rollout.target).cloudwatch, ours, users)
    against = alarms_against(alarms, (*rollout.tolerated_alarms, *tolerated))
    return f"{against}; fix the cause, or name the alarm in tolerate_alarms if it only fires" if against else None


def _blind_veto(rollout: Rollout) -> str | None:
    if rollout.blind_since is None:
        return None
    return f"looks have not seen everything since {iso(rollout.blind_since)}; fix what their verdicts name, and promote then"


def _judge_veto(owned: Owned, tools: Tools) -> str | None:
    rollout = owned.rollout
    history = history_from_json(upgrade_history(tools.records.read_history(rollout.rollout_id)))
    return prove(rollout, evidence_json.from_json(rollout.evidence, history), now=owned.read_at).condemned


handler = Handler(as_it_is, authorize_rollout)
