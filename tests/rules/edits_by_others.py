"""What someone else may do to a target during a rollout, and how each case must end: one table of data.

An edit is a change to the small world of `safety_world`. In each phase the rollout's tasks see it (or do not), and the passes
bring the target to an ending. `docs/edits-by-others.md` is generated from this table with `python -m
tests.rules.edits_by_others`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from canary.rules.rollouts.drift_checks import (
    find_drift_in_bake,
    find_drift_since_check,
    find_edits_of_promoted,
    find_harmless_drift,
)
from canary.rules.rollouts.phases import SETTLE_SECONDS, Answer, Phase, PointAlias, RecoveryStage, plan_pass
from canary.rules.rollouts.rollout import StepState
from canary.rules.targets.shifters import ShifterKind
from tests.builders import a_rollout, a_target
from tests.rules.account_edits import account_table
from tests.rules.safety_world import (
    ALIAS_CASES,
    CANARY_PLACES,
    LIVE_PLACES,
    STAGE_CASES,
    STAGE_PLACE,
    Alias,
    Canary,
    Case,
    World,
    find_leftovers,
    live_of,
    pairs,
    with_variables,
)

PAGE = Path(__file__).parents[2] / "docs" / "edits-by-others.md"
BACK, DONE, OPERATOR, ON = "RolledBack", "Promoted", "NeedsOperator", "continues"


@dataclass(frozen=True)
class Moment:
    """A phase, and how far the rollout has come in it."""

    name: str
    phase: Phase
    recovery_stage: RecoveryStage = RecoveryStage.START
    percent: int | None = None
    is_moved: bool = False
    is_flipped: bool = False

    def __str__(self) -> str:
        return self.name

    def world(self, case: Case) -> World:
        """The target as the rollout has set it up by then."""
        new = [Alias(version) for version in case.versions(case.new.versions)]
        old = [Alias(version) for version in case.versions(case.old.live)]
        if not case.is_stage:
            percent = self.percent or 0
            split = [
                Alias(was.version, ((now.version, percent),) if percent else ()) for was, now in zip(old, new, strict=True)
            ]
            return World(0, (None, *(new if self.is_moved else split)))
        canary = None
        if self.percent is not None:
            canary = Canary(case.new.deployment_id, self.percent, pairs(case.new.overrides))
        stage = replace_stage(case.promoted() if self.is_flipped else case.rest(), canary)
        is_back = self.phase is Phase.ROLLING_BACK and self.recovery_stage is RecoveryStage.SETTLED
        return World(0, (stage, *(new if self.is_moved else old), *(old if is_back else new)))


def replace_stage(world: World, canary: Canary | None) -> object:
    return world.stage._replace(canary=canary)


PREPARING = Moment("preparing", Phase.PREPARING)
SHIFTING = Moment("shifting", Phase.SHIFTING, percent=10)
PARKED = Moment("parked", Phase.PARKED, percent=10)
TAKING_ALL = Moment("taking_all", Phase.TAKING_ALL, percent=100)
MOVING_BASE = Moment("moving_base, before the flip", Phase.MOVING_BASE, RecoveryStage.BASED, percent=100, is_moved=True)
FLIPPED = Moment(
    "moving_base, after the flip", Phase.MOVING_BASE, RecoveryStage.FLIPPED, percent=0, is_moved=True, is_flipped=True
)
WATCHED = Moment("watching", Phase.WATCHING, is_moved=True, is_flipped=True)
ROLLING_BACK = Moment("rolling_back", Phase.ROLLING_BACK, RecoveryStage.CLEARED)
MOMENTS = (PREPARING, SHIFTING, PARKED, TAKING_ALL, MOVING_BASE, FLIPPED, WATCHED, ROLLING_BACK)
LOOKS = (PREPARING, SHIFTING, PARKED, TAKING_ALL)
WITH_CANARY = (SHIFTING, PARKED, TAKING_ALL, MOVING_BASE, FLIPPED)


@dataclass(frozen=True)
class Edit:
    """One edit: what it is, how it changes the world, and how it ends; `also` has the moments that end differently.

    ON is the ending where the task sees no reason to stop, so the rollout continues.
    """

    name: str
    change: Callable[[Case, World], World]
    ending: str = BACK
    also: tuple[tuple[Moment, str], ...] = ()
    moments: tuple[Moment, ...] = MOMENTS
    case: Case = STAGE_CASES[0]

    def __str__(self) -> str:
        return self.name

    def ending_at(self, moment: Moment) -> str:
        """While a promoted release is watched, every edit of what base serves ends the watch, and nothing is undone."""
        return dict(self.also).get(moment, DONE if moment is WATCHED else self.ending)


def both(ending: str) -> tuple[tuple[Moment, str], ...]:
    """The same ending while a promotion moves base, before and after the flip."""
    return ((MOVING_BASE, ending), (FLIPPED, ending))


def on_stage(change: Callable[[Case, object], object]) -> Callable[[Case, World], World]:
    return lambda case, world: world.put(STAGE_PLACE, change(case, world.stage))


def on_canary(**changes: object) -> Callable[[Case, World], World]:
    return on_stage(lambda _, stage: stage._replace(canary=stage.canary._replace(**changes)))


def override(**changes: str | None) -> Callable[[Case, World], World]:
    def change(_: Case, stage: object) -> object:
        found = {**dict(stage.canary.overrides), **changes}
        kept = pairs({name: value for name, value in found.items() if value is not None})
        return stage._replace(canary=stage.canary._replace(overrides=kept))

    return on_stage(change)


def alias(place: int, version: Callable[[Case], str], *, percents: Callable[[Case], tuple] = lambda _: ()) -> Callable:
    return lambda case, world: world.put(place, Alias(version(case), percents(case)))


def old(case: Case) -> str:
    return case.versions(case.old.live)[0]


def new(case: Case) -> str:
    return case.versions(case.new.versions)[0]


def promotes(_: Case, stage: object) -> object:
    """The console's promotion: deployment and variables are copied, the canary stays at 0 %."""
    canary = stage.canary
    variables = pairs({**dict(stage.variables), **dict(canary.overrides)})
    return stage._replace(deployment=canary.deployment, variables=variables, canary=canary._replace(percent=0))


READ = LIVE_PLACES[0]
CODE_ALONE = STAGE_CASES[1]
BY_WEIGHTS = ALIAS_CASES[0]
THEIRS = Canary("dep-theirs", 20)

EDITS = (
    Edit(
        "the canary is removed",
        on_stage(lambda _, stage: stage._replace(canary=None)),
        also=((FLIPPED, DONE),),
        moments=WITH_CANARY,
    ),
    Edit("the canary's weight becomes 0 %", on_canary(percent=0), also=both(DONE), moments=WITH_CANARY),
    Edit("the canary's weight becomes 90 %", on_canary(percent=90), also=both(DONE), moments=WITH_CANARY),
    Edit("an override is added to the canary", override(extra="x"), also=both(DONE), moments=WITH_CANARY),
    Edit("the canary's alias override becomes live", override(lambdaAlias="live"), also=both(DONE), moments=WITH_CANARY),
    Edit("the canary's alias override is removed", override(lambdaAlias=None), also=both(DONE), moments=WITH_CANARY),
    Edit("the canary gets base's deployment", on_canary(deployment="dep-old"), also=((FLIPPED, DONE),), moments=WITH_CANARY),
    Edit(
        "the canary gets another deployment", on_canary(deployment="dep-theirs"), also=((FLIPPED, DONE),), moments=WITH_CANARY
    ),
    Edit(
        "the canary is replaced by one with another deployment and no override",
        on_stage(lambda _, stage: stage._replace(canary=THEIRS)),
        OPERATOR,
    ),
    Edit(
        "the canary is replaced by one with another deployment and no override, at 0 %",
        on_stage(lambda _, stage: stage._replace(canary=THEIRS._replace(percent=0))),
        also=((FLIPPED, OPERATOR),),
    ),
    Edit("the console's own promotion", on_stage(promotes), OPERATOR, moments=WITH_CANARY),
    Edit(
        "the console's own promotion, of a release of code alone",
        on_stage(promotes),
        OPERATOR,
        moments=WITH_CANARY,
        case=CODE_ALONE,
    ),
    Edit(
        "base gets the canary's deployment",
        on_stage(lambda case, stage: stage._replace(deployment=case.new.deployment_id)),
        OPERATOR,
        also=(*both(DONE), (WATCHED, ON)),
    ),
    Edit(
        "base gets another deployment",
        on_stage(lambda _, stage: stage._replace(deployment="dep-theirs")),
        also=both(OPERATOR),
    ),
    Edit(
        "base's alias variable becomes canary",
        on_stage(lambda _, stage: with_variables(stage, lambdaAlias="canary")),
        also=both(OPERATOR),
    ),
    Edit(
        "base's alias variable becomes another alias",
        on_stage(lambda _, stage: with_variables(stage, lambdaAlias="other")),
        also=both(OPERATOR),
    ),
    Edit(
        "a variable that both arms share is changed",
        on_stage(lambda _, stage: with_variables(stage, colour="blue")),
        ON,
        also=((ROLLING_BACK, BACK), *both(DONE), (WATCHED, ON)),
    ),
    Edit("a live alias gets the release's version", alias(READ, new), also=(*both(DONE), (WATCHED, ON))),
    Edit("a live alias goes back to the old version", alias(READ, old), DONE, moments=(MOVING_BASE, FLIPPED, WATCHED)),
    Edit("a live alias gets another version", alias(READ, lambda _: "9"), also=both(OPERATOR)),
    Edit(
        "a live alias is split between the old version and the release's",
        alias(READ, old, percents=lambda case: ((new(case), 30),)),
        also=both(DONE),
    ),
    Edit(
        "a live alias is split between another version and the release's",
        alias(READ, lambda _: "9", percents=lambda case: ((new(case), 30),)),
        OPERATOR,
    ),
    Edit(
        "a canary alias gets the old version", alias(CANARY_PLACES[0], old), also=((PREPARING, ON), (WATCHED, ON), *both(DONE))
    ),
    Edit(
        "a canary alias gets another version",
        alias(CANARY_PLACES[0], lambda _: "9"),
        also=((PREPARING, ON), (WATCHED, ON), *both(DONE)),
    ),
    Edit(
        "by weights: an alias loses its weights",
        alias(READ, old),
        also=((MOVING_BASE, DONE),),
        moments=(SHIFTING, PARKED, TAKING_ALL, MOVING_BASE, ROLLING_BACK),
        case=BY_WEIGHTS,
    ),
    Edit(
        "by weights: an alias gets another version",
        alias(READ, lambda _: "9"),
        also=((MOVING_BASE, OPERATOR),),
        moments=(SHIFTING, PARKED, TAKING_ALL, MOVING_BASE, ROLLING_BACK),
        case=BY_WEIGHTS,
    ),
    Edit(
        "by weights: an alias is split with another version",
        alias(READ, old, percents=lambda _: (("9", 30),)),
        OPERATOR,
        moments=(SHIFTING, PARKED, TAKING_ALL, MOVING_BASE, ROLLING_BACK),
        case=BY_WEIGHTS,
    ),
)


@dataclass(frozen=True)
class Outcome:
    """The outcome of an edit: what the task said (empty: it continues), what the passes moved and said, and the ending."""

    seen: tuple[str, ...]
    told: tuple[str, ...]
    done: tuple[str, ...]
    ending: str
    world: World


def outcome(edit: Edit, moment: Moment) -> Outcome:
    """The rollout's task looks at the target; then the passes run to their end."""
    case = edit.case
    world = edit.change(case, moment.world(case))
    seen = _look(case, moment, world)
    if moment is WATCHED and seen:
        return Outcome(seen, (), (), DONE, world)
    if not seen and moment in (*LOOKS, WATCHED):
        told = find_harmless_drift(_rollout(case, moment), live_of(world))
        return Outcome((), told, (), ON, world)
    return _pass(case, moment, world, seen)


def _rollout(case: Case, moment: Moment) -> object:
    target = a_target() if case.standing.shifter is ShifterKind.STAGE else a_target(stage=None)
    rollout = a_rollout(target=target, phase=moment.phase, recovery_stage=moment.recovery_stage, step=StepState(index=0))
    return replace(rollout, snapshot=case.old, intent=case.new)


def _look(case: Case, moment: Moment, world: World) -> tuple[str, ...]:
    rollout, live = _rollout(case, moment), live_of(world)
    match moment.phase:
        case Phase.PREPARING:
            return find_drift_since_check(rollout, live)
        case Phase.SHIFTING | Phase.PARKED | Phase.TAKING_ALL:
            return find_drift_in_bake(rollout, live)
        case Phase.WATCHING:
            return find_edits_of_promoted(rollout, live)
        case _:
            return ()


def _pass(case: Case, moment: Moment, world: World, seen: tuple[str, ...]) -> Outcome:
    standing = replace(case.standing, phase=moment.phase, recovery_stage=moment.recovery_stage)
    told: list[str] = []
    done: list[str] = []
    for _ in range(9):
        planned = plan_pass(standing, live_of(world), world.now)
        told += [one for one in (*planned.found, *([planned.blocked] if planned.blocked else [])) if one not in told]
        for move in planned.moves:
            world = case.call(move).on(world)
            done += [_named(move)]
        if planned.answer is Answer.REFUSED:
            return Outcome(seen, tuple(told), tuple(done), OPERATOR, world)
        standing = planned.after
        if planned.answer is Answer.SAFE:
            return Outcome(seen, tuple(told), tuple(done), DONE if standing.phase is Phase.PROMOTED else BACK, world)
        world = world.at(max(world.now, int(standing.not_before)) + SETTLE_SECONDS)
    raise AssertionError(f"the passes do not end: {case} in {moment} from {world}")


def _named(move: object) -> str:
    if isinstance(move, PointAlias):
        return f"{move.function}:{move.alias} to {move.version}"
    return {"RemoveCanary": "canary removed", "Flip": "stage flipped"}[type(move).__name__]


def is_right(edit: Edit, moment: Moment, found: Outcome) -> None:
    """Check what must be true of every outcome, whatever the table says."""
    canary = found.world.stage.canary if edit.case.is_stage else None
    assert canary is None or canary.percent == 0 or moment is WATCHED or found.ending in {OPERATOR, ON}, (
        f"weight is left by {edit} in {moment}"
    )
    assert found.ending != BACK or not [*find_leftovers(edit.case, found.world)], f"the release is left by {edit} in {moment}"
    if found.ending == OPERATOR:
        assert "someone else" in found.told[-1] or "which this rollout did not set" in found.told[-1] or canary


INTRODUCTION = """# Edits by others

What someone else may do to a target during a rollout, what the rollout says and does, and how it ends. This page is generated
with `python -m tests.rules.edits_by_others` from the table that the tests run. The reasons are in
[0018](decisions/0018-whose-canary-it-is.md).

In every table the release brings the deployment `dep-new` to a stage on `dep-old`, and new versions of two functions. "Said"
is what appears in the rollout's reason and in its events. "Done" are the calls of the passes that follow. `NeedsOperator` keeps
the lock, and the sweeper ends the rollout once a person has undone the named edit. While a promoted release is watched, an
edit of what base serves ends the watch: the rollout ends as `Promoted`, a notification names the edit, and nothing is undone.
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(_chapter(moment) for moment in MOMENTS) + account_table()


def _chapter(moment: Moment) -> str:
    rows = [_row(edit, moment) for edit in EDITS if moment in edit.moments]
    head = "| edit | said | done | ends |\n|---|---|---|---|\n"
    return f"\n## In {moment}\n\n{head}" + "".join(rows)


def _row(edit: Edit, moment: Moment) -> str:
    found = outcome(edit, moment)
    said = [*found.seen, *(one for one in found.told if one not in found.seen)]
    return f"| {edit} | {'; '.join(said) or 'nothing'} | {'; '.join(found.done) or 'nothing'} | {found.ending} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
