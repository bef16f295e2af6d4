"""What each verb answers with under `-o json`: one object, or with `watch` one a line. Errors are on stderr."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canary.rules.failures.broken import WhatBroke
from canary.rules.rollouts.phases import Phase
from canary_cli.adopting.answers import Adoption
from canary_cli.arms.comparing import Arm
from canary_cli.backtest.running import Backtest
from canary_cli.doctor.findings import Diagnosis
from canary_cli.drilling.scores import ScoreSheet
from canary_cli.exits import ExitCode
from canary_cli.importing.carried import Remark
from canary_cli.planning.prospect import Prospect
from canary_cli.schemas.shapes import Optional, Shapes
from canary_cli.serving import Serving
from canary_cli.status_view import Served, Status
from canary_cli.stories.history_view import History
from canary_cli.stories.story import Story
from canary_cli.trying.answers import Trial

DIALECT = "https://json-schema.org/draft/2020-12/schema"

PLAN = {
    "account": str | None,
    "region": str,
    "target": str,
    "live": Served | None,
    "changes": tuple[str, ...],
    "aws": str,
}
"""Where a verb acts, what is live there, what will change, and the same call as a line for the AWS CLI."""

REPLY = {
    "answer": str,
    "rollout": Optional(str),
    "phase": Optional(str),
    "reason": Optional(str),
    "wait_seconds": Optional(float | None),
    "within_seconds": Optional(int),
}
"""What the controller's function says."""

RELEASE = {"functions": Mapping[str, str], "deployment": str | None}
TAKEN_BACK = {
    "revert": Optional(str),
    "execution": Optional(str),
    "takes_back": Optional(str | None),
    "now": Optional(RELEASE),
    "afterwards": Optional(RELEASE),
    "unproven": Optional(str),
}
"""Which release an abort, a rollback or a revert takes back, and what base serves now and afterwards."""

LOGS = {"rollout": str | None, "is_time_cut": bool, "dollars_per_gb": float}
NAMES = {"target": str, "rollout_id": str}
EVENTS: Mapping[str, Mapping[str, object]] = {
    "begun": {"event": "begun", "verb": str, **PLAN, **NAMES, "execution": str, "watch": str},
    "checking": {"event": "checking", **NAMES},
    "look": {
        "event": "look",
        **NAMES,
        "looked_at": float,
        "step": int,
        "steps": int,
        "weight_percent": float,
        "canary": Arm,
        "base": Arm,
        "log_e": float,
        "verdict": str,
        "reason": str,
    },
    "phase": {"event": "phase", **NAMES, "seen_at": float, "phase": Phase},
    "ending": {"event": "ending", **NAMES, "outcome": str, "reason": str, "exit_code": ExitCode},
    "trouble": {"event": "trouble", "code": str, "message": str, "fix": str},
    "timeout": {"event": "timeout", "resume": tuple[str, ...], "exit_code": ExitCode},
    "detached": {"event": "detached", "resume": tuple[str, ...], "exit_code": ExitCode},
    "aborted": {"event": "aborted", "target": str, **REPLY},
    "nothing": {"event": "nothing", "target": str | None},
}
"""What happens to a rollout that is watched, by the word in ``event``."""

DRY_RUN = {"verb": "start", "dry_run": bool, **PLAN, "exit_code": ExitCode}
CODED: Mapping[str, dict[str, object]] = {
    "doctor": {"exit_code": ExitCode},
    "plan": {"verb": "plan", "exit_code": ExitCode},
    "backtest": {"verb": "backtest", "exit_code": ExitCode},
    "adopt": {"exit_code": ExitCode},
    "try": {"verb": "try", "exit_code": ExitCode},
    "drill": {"exit_code": ExitCode},
}
"""What these verbs answer with besides what they found or did."""

ONLY_PRICE = {
    **CODED["backtest"],
    "dry_run": bool,
    "target": str,
    "most_starts": int,
    "most_metrics": int,
    "most_dollars": float,
}
"""What a backtest would read."""

ERROR = {"code": str, "message": str, "fix": str, "exit_code": ExitCode}
BEGUN = ("begun", "checking", "ending")
WATCHED = ("checking", "look", "phase", "ending", "trouble", "timeout", "detached", "aborted")


def _events(*names: str) -> tuple[object, ...]:
    return tuple(EVENTS[name] for name in names)


def _verb(name: str) -> tuple[object, ...]:
    return ({"verb": name, **PLAN, **REPLY},)


ANSWERS: Mapping[str, tuple[object, ...]] = {
    "doctor": (Diagnosis,),
    "plan": (Prospect,),
    "backtest": (Backtest,),
    "adopt": (Adoption,),
    "try": (Trial,),
    "drill": (ScoreSheet,),
    "status": (Status, {"targets": tuple[Status, ...]}),
    "watch": _events(*WATCHED, "nothing"),
    "history": (History, Serving),
    "explain": (Story, {"rollout": None, "target": str, "events": tuple[str, ...]}),
    "start": _events("begun", *WATCHED),
    "import": ({"file": str, "remarks": tuple[Remark, ...]},),
    "ci": _events("begun", *WATCHED),
    "advance": _events("begun", *WATCHED),
    **{name: _verb(name) for name in ("abort", "pause", "resume", "promote", "note")},
    **{name: ({"verb": name, **PLAN, **REPLY, **TAKEN_BACK}, *_events(*WATCHED)) for name in ("rollback", "revert")},
    "logs": (WhatBroke,),
    "dashboard": ({"event": "serving", "url": str, "region": str, "allows_verbs": bool},),
    "error": (ERROR,),
}
"""What each verb may answer with; ``error`` is what each verb says on stderr when it fails."""


def schema_of_answer(name: str) -> dict[str, Any]:
    """The schema of one line of a verb's JSON."""
    shapes = Shapes()
    found = [shapes.schema(shape) for shape in ANSWERS[name]]
    if name == "start":
        found.append({"allOf": [shapes.schema(DRY_RUN), shapes.schema(Prospect)]})
    if name in CODED:
        found = [{"allOf": [*found, shapes.schema(CODED[name])]}]
    if name == "backtest":
        found.append(shapes.schema(ONLY_PRICE))
    if name == "logs":
        found = [{"allOf": [*found, shapes.schema(LOGS)]}]
    schema = found[0] if len(found) == 1 else {"anyOf": found}
    return {"$schema": DIALECT, **schema, **({"$defs": shapes.defs} if shapes.defs else {})}
