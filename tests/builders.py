"""Test objects with defaults for whatever a test does not care about.

All tests use one target: the stage `prod` of an API with the functions orders-read (version 1, the release brings 2) and
orders-write (version 5, the release brings 6). With `stage=None` the aliases of the same functions split the traffic.
"""

from dataclasses import replace
from decimal import Decimal

from canary.rules.checks.function_checks import FunctionSurvey, VersionState
from canary.rules.checks.stage_checks import StageSurvey
from canary.rules.checks.survey import Survey
from canary.rules.definitions.fingerprint import fingerprint
from canary.rules.judging.families import Family
from canary.rules.releases.plan import Plan
from canary.rules.releases.readings import Definitions, Deployed
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import Rollout
from canary.rules.targets.live import Intent, Live, LiveAlias, LiveCanary, LiveStage, Snapshot
from canary.rules.targets.policy import STANDARD, Step
from canary.rules.targets.shifters import ShifterKind
from canary.rules.targets.target import Stage, Target, TargetFunction
from tests.rules.api_world import ORDERS, read

NOON = 1_769_860_800.0
"""2026-01-31T12:00:00Z, the start of a minute."""

STAGE = Stage("a1b2c3d4e5", "prod", "lambdaAlias")
OLD = {"orders-read": "1", "orders-write": "5"}
NEW = {"orders-read": "2", "orders-write": "6"}
BASE_VARIABLES = {"lambdaAlias": "live"}
OVERRIDES = {"lambdaAlias": "canary"}
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:canary-rollout:run-1"


UNWATCHED = replace(STANDARD, watch_seconds=0)
"""`standard` without a watch after the promotion: for everything that ends with it."""


def a_policy(*percents, bake_seconds=900, **changes):
    """`standard` without a watch, with these percentages as steps if any are given."""
    steps = tuple(Step(Decimal(str(percent)), bake_seconds) for percent in percents)
    return replace(UNWATCHED, **({"steps": steps} if steps else {}), **changes)


def a_target(*names, stage=STAGE, **changes):
    functions = tuple(TargetFunction(name, "live", "canary" if stage else None) for name in names or OLD)
    target = Target("orders", functions, UNWATCHED, stage, "/apigw/orders-prod" if stage else None)
    return replace(target, **changes)


def a_snapshot(*, stage=STAGE, **changes):
    snapshot = Snapshot(OLD, "dep-old", BASE_VARIABLES, OLD) if stage else Snapshot(OLD)
    return replace(snapshot, **changes)


def an_intent(*, stage=STAGE, **changes):
    intent = Intent(NEW, "dep-new", OVERRIDES, "lambdaAlias") if stage else Intent(NEW)
    return replace(intent, **changes)


FAMILIES = {
    "errors": Family.ERRORS,
    "function_errors": Family.ERRORS,
    "client_errors": Family.CLIENT_ERRORS,
    "slow_p50": Family.SLOW,
    "slow_p90": Family.SLOW,
    "slow_p99": Family.SLOW,
    "slow_250ms": Family.SLOW,
    "business_CheckoutFailed": Family.BUSINESS,
    "business_PaymentFailed": Family.BUSINESS,
}
"""Metrics as the sources call them, each with its family."""


def families(*metrics):
    return {metric: FAMILIES[metric] for metric in metrics}


def a_rollout(*, target=None, policy=None, **changes):
    """A rollout of the complete release, before its first change."""
    target = target or a_target()
    rollout = Rollout(
        rollout_id="run-1",
        execution=EXECUTION,
        target=target,
        plan=Plan(policy or target.policy, 60),
        snapshot=a_snapshot(stage=target.stage),
        intent=an_intent(stage=target.stage),
        phase=Phase.PREPARING,
        started_at=NOON,
    )
    return replace(rollout, **changes)


def a_canary(percent=10, **changes):
    return replace(LiveCanary("dep-new", Decimal(str(percent)), OVERRIDES), **changes)


def a_stage(canary=None, **changes):
    return replace(LiveStage("dep-old", BASE_VARIABLES, canary), **changes)


def aliases(versions, **moved):
    """Live aliases at these versions; `moved` gives a version or a whole alias by function (underscores for dashes)."""
    changed = {name.replace("_", "-"): alias for name, alias in moved.items()}
    found = {**versions, **changed}
    return {name: alias if isinstance(alias, LiveAlias) else LiveAlias(alias) for name, alias in found.items()}


def a_live(*, shifter=ShifterKind.STAGE, **changes):
    """The target at rest before the rollout: both aliases of each function at the old version, no canary."""
    if shifter is ShifterKind.ALIAS:
        return replace(Live(None, aliases(OLD), {}), **changes)
    return replace(Live(a_stage(), aliases(OLD), aliases(OLD)), **changes)


def a_function_survey(version="1", newest="2", **changes):
    survey = FunctionSurvey(LiveAlias(version), LiveAlias(version), newest, VersionState(newest))
    return replace(survey, **changes)


DEFINITION = read(ORDERS)
"""The API of these builders: the sample's three routes on its two functions."""


def a_definitions(*, present=DEFINITION, base=DEFINITION, is_promoted=False, **changes):
    """The readings of the API; with `is_promoted` the records say that base serves the current definition."""
    recorded = fingerprint(present) if is_promoted else None
    return replace(Definitions(Deployed("dep-old", base, recorded=recorded), present), **changes)


def a_stage_survey(**changes):
    from canary.rules.targets.access_log import LOG_FORMAT

    survey = StageSurvey(a_stage(), "/apigw/orders-prod", LOG_FORMAT, definitions=a_definitions(), api_name="orders-api")
    return replace(survey, **changes)


def a_survey(*, target=None, **changes):
    """A survey in which nothing prevents a start."""
    stage = (target or a_target()).stage
    survey = Survey(
        functions={name: a_function_survey(OLD[name], NEW[name]) for name in OLD},
        stage=a_stage_survey() if stage else None,
        alarms=(),
    )
    return replace(survey, **changes)
