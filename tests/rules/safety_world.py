"""A target as a small world: its settings, what a request may still see of them, and the calls that change them.

For SETTLE_SECONDS after a change each request sees either the old or the new value. Nothing here uses AWS or the passes' code.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import product
from typing import NamedTuple

from canary.rules.rollouts.phases import (
    SETTLE_SECONDS,
    AliasNames,
    Flip,
    Phase,
    PointAlias,
    RecoveryStage,
    RemoveCanary,
    Standing,
)
from canary.rules.targets.live import Live, LiveAlias, LiveCanary, LiveStage
from canary.rules.targets.shifters import ShifterKind
from tests.builders import BASE_VARIABLES, OLD, STAGE, a_snapshot, an_intent

FUNCTIONS = tuple(OLD)
STAGE_PLACE = 0
LIVE_PLACES = (1, 2)
CANARY_PLACES = (3, 4)


class Canary(NamedTuple):
    deployment: str
    percent: int
    overrides: tuple = ()


class Stage(NamedTuple):
    deployment: str
    variables: tuple
    canary: Canary | None = None


class Alias(NamedTuple):
    version: str
    percents: tuple = ()


class World(NamedTuple):
    now: int
    places: tuple
    ghosts: frozenset = frozenset()

    def put(self, place, value):
        if self.places[place] == value:
            return self
        ghost = (place, self.places[place], self.now + SETTLE_SECONDS)
        places = (*self.places[:place], value, *self.places[place + 1 :])
        return World(self.now, places, self.ghosts | {ghost})

    def at(self, now):
        return World(now, self.places, frozenset(ghost for ghost in self.ghosts if ghost[2] > now))

    def seen(self, place):
        return {self.places[place], *(value for where, value, _ in self.ghosts if where == place)}

    @property
    def stage(self):
        return self.places[STAGE_PLACE]


def pairs(mapping):
    return tuple(sorted(mapping.items()))


# The calls, as AWS carries them out; None means that AWS refuses.


class Attach(NamedTuple):
    """The patch list of the first shift."""

    percent: int
    deployment: str
    overrides: tuple

    def on(self, world):
        return world.put(0, world.stage._replace(canary=Canary(self.deployment, self.percent, self.overrides)))


class Percent(NamedTuple):
    """The patch list of a later shift; without a canary it creates one of the stage's own deployment."""

    percent: int

    def on(self, world):
        canary = world.stage.canary or Canary(world.stage.deployment, 0)
        return world.put(0, world.stage._replace(canary=canary._replace(percent=self.percent)))


class Remove(NamedTuple):
    def on(self, world):
        return world.put(0, world.stage._replace(canary=None))


class Promote(NamedTuple):
    variables: tuple

    def on(self, world):
        stage = world.stage
        if stage.canary is None:
            return None
        variables = pairs({**dict(stage.variables), **dict(self.variables)})
        return world.put(0, Stage(stage.canary.deployment, variables, stage.canary._replace(percent=0)))


class Point(NamedTuple):
    place: int
    alias: Alias

    def on(self, world):
        return world.put(self.place, self.alias)


@dataclass(frozen=True)
class Case:
    """One target and one release."""

    name: str
    standing: Standing

    def __str__(self):
        return self.name

    @property
    def is_stage(self):
        return self.standing.shifter is ShifterKind.STAGE

    def versions(self, which):
        return tuple(which[name] for name in FUNCTIONS)

    @property
    def old(self):
        return self.standing.snapshot

    @property
    def new(self):
        return self.standing.intent

    @property
    def promoted_variables(self):
        return pairs({**self.old.variables, **self.new.promoted_variables})

    def rest(self):
        old = [Alias(version) for version in self.versions(self.old.live)]
        if not self.is_stage:
            return World(0, (None, *old))
        return World(0, (Stage(self.old.deployment_id, pairs(self.old.variables)), *old, *old))

    def promoted(self):
        new = [Alias(version) for version in self.versions(self.new.versions)]
        if not self.is_stage:
            return World(0, (None, *new))
        old = [Alias(version) for version in self.versions(self.old.live)]
        return World(0, (Stage(self.new.deployment_id, self.promoted_variables), *new, *old))

    def call(self, move):
        """A pass's move as a call."""
        match move:
            case RemoveCanary():
                return Remove()
            case Flip():
                return Promote(pairs(self.new.promoted_variables))
            case PointAlias():
                places = LIVE_PLACES if move.alias == "live" else CANARY_PLACES
                return Point(places[FUNCTIONS.index(move.function)], Alias(move.version))


def a_case(name, *, shifter=ShifterKind.STAGE, mode=None, **intent):
    """`mode`: the value of a variable of base that some releases change; without it base has no such variable."""
    stage = STAGE if shifter is ShifterKind.STAGE else None
    names = dict.fromkeys(FUNCTIONS, "live")
    canaries = dict.fromkeys(FUNCTIONS, "canary") if stage else {}
    wanted = an_intent(stage=stage, **intent)
    variables = {**BASE_VARIABLES, "colour": "red", "shape": "round", **({"mode": mode} if mode else {})}
    snapshot = a_snapshot(stage=stage, **({"variables": variables} if stage else {}))
    return Case(name, Standing(Phase.PREPARING, shifter, snapshot, wanted, AliasNames(names, canaries)))


FAST = {"lambdaAlias": "canary", "mode": "fast"}
STAGE_CASES = (
    a_case("all new"),
    a_case("code only", deployment_id="dep-old"),
    a_case("deployment only", versions=OLD),
    a_case("one function", versions={**OLD, "orders-write": "6"}),
    a_case("variables too", overrides=FAST),
    a_case("variables and code", deployment_id="dep-old", overrides=FAST),
    a_case("variables and deployment", versions=OLD, overrides=FAST),
    a_case("variables alone", versions=OLD, deployment_id="dep-old", overrides=FAST),
    a_case("a variable changed", mode="slow", versions=OLD, deployment_id="dep-old", overrides=FAST),
    a_case("code, and a variable that base has", mode="fast", deployment_id="dep-old", overrides=FAST),
)
ALIAS_CASES = (
    a_case("all new by weights", shifter=ShifterKind.ALIAS),
    a_case("one function by weights", shifter=ShifterKind.ALIAS, versions={**OLD, "orders-write": "6"}),
)


def live_of(world):
    return _live(world.places)


@cache
def _live(places):
    stage, *aliases = places
    found = [LiveAlias(a.version, {version: Decimal(w) / 100 for version, w in a.percents}) for a in aliases]
    canary = stage and stage.canary
    return Live(
        stage=stage
        and LiveStage(
            stage.deployment,
            dict(stage.variables),
            canary and LiveCanary(canary.deployment, Decimal(canary.percent), dict(canary.overrides)),
        ),
        live=dict(zip(FUNCTIONS, found[:2], strict=True)),
        canary=dict(zip(FUNCTIONS, found[2:], strict=True)) if stage else {},
    )


# A rollout as the machine makes it: what the record says, and the next call.


def script(case):
    """(seconds since the previous call, phase, recovery stage, call), in order."""
    return [*(_stage_script(case) if case.is_stage else _alias_script(case))]


def _stage_script(case):
    overrides = pairs(case.new.overrides)
    for place, version in zip(CANARY_PLACES, case.versions(case.new.versions), strict=True):
        yield 0, Phase.PREPARING, RecoveryStage.START, Point(place, Alias(version))
    yield SETTLE_SECONDS, Phase.SHIFTING, RecoveryStage.START, Attach(10, case.new.deployment_id, overrides)
    yield 60, Phase.SHIFTING, RecoveryStage.START, Percent(50)
    yield 60, Phase.TAKING_ALL, RecoveryStage.START, Percent(100)
    yield 120, Phase.MOVING_BASE, RecoveryStage.START, Point(LIVE_PLACES[0], Alias(case.versions(case.new.versions)[0]))
    yield 0, Phase.MOVING_BASE, RecoveryStage.START, Point(LIVE_PLACES[1], Alias(case.versions(case.new.versions)[1]))
    yield SETTLE_SECONDS, Phase.MOVING_BASE, RecoveryStage.BASED, Promote(pairs(case.new.promoted_variables))
    yield SETTLE_SECONDS, Phase.MOVING_BASE, RecoveryStage.FLIPPED, Remove()
    for place, version in zip(CANARY_PLACES, case.versions(case.old.live), strict=True):
        yield 0, Phase.MOVING_BASE, RecoveryStage.FLIPPED, Point(place, Alias(version))


def _alias_script(case):
    ways = list(zip(LIVE_PLACES, case.versions(case.old.live), case.versions(case.new.versions), strict=True))
    moved = [way for way in ways if way[1] != way[2]]
    for phase, percent in ((Phase.SHIFTING, 10), (Phase.SHIFTING, 50), (Phase.TAKING_ALL, 100)):
        for index, (place, old, new) in enumerate(moved):
            yield 60 if index == 0 else 0, phase, RecoveryStage.START, Point(place, Alias(old, ((new, percent),)))
    for index, (place, _, new) in enumerate(ways):
        yield 60 if index == 0 else 0, Phase.MOVING_BASE, RecoveryStage.START, Point(place, Alias(new))


def half_releases(case, world):
    """Every way in which a request may be served by neither the complete old nor the complete new release."""
    for stage in world.seen(STAGE_PLACE):
        canary = stage.canary
        if canary is None or canary.percent < 100:
            yield from _mixed(case, world, stage.deployment, stage.variables)
        if canary and canary.percent > 0:
            variables = pairs({**dict(stage.variables), **dict(canary.overrides)})
            yield from _mixed(case, world, canary.deployment, variables)


def _mixed(case, world, deployment, variables):
    places = CANARY_PLACES if dict(variables)["lambdaAlias"] == "canary" else LIVE_PLACES
    mode = dict(variables).get("mode")
    wholes = (
        (case.old.deployment_id, case.versions(case.old.live), case.old.variables.get("mode")),
        (case.new.deployment_id, case.versions(case.new.versions), dict(case.promoted_variables).get("mode")),
    )
    for served in product(*(world.seen(place) for place in places)):
        if (deployment, tuple(alias.version for alias in served), mode) not in wholes:
            yield deployment, served, mode


def reached_places(world):
    """The versions of the aliases that some request may reach."""
    for stage in world.seen(STAGE_PLACE):
        canary = stage.canary
        if canary is None or canary.percent < 100:
            yield from LIVE_PLACES
        if canary and canary.percent > 0:
            yield from CANARY_PLACES if dict(canary.overrides).get("lambdaAlias") == "canary" else LIVE_PLACES


def is_served_whole(case, world):
    """Whether base, or the whole promoted release, has all traffic."""
    if case.is_stage:
        canary = world.stage.canary
        return (canary is None or canary.percent == 0) and not [*half_releases(case, world.at(world.now + SETTLE_SECONDS))]
    versions = [world.places[place].version for place in LIVE_PLACES]
    is_split = any(world.places[place].percents for place in LIVE_PLACES)
    return not is_split and versions in ([*case.old.live.values()], [*case.new.versions.values()])


def strangers_changes(case, world):
    """What someone else may do to the target."""
    old, new = (which["orders-read"] for which in (case.old.live, case.new.versions))
    for alias in (
        Alias(old),
        Alias(new),
        Alias("9"),
        Alias(old, ((new, 20),)),
        Alias(old, (("9", 20),)),
        Alias("9", ((new, 20),)),
    ):
        yield LIVE_PLACES[0], alias
    if not case.is_stage:
        return
    stage = world.stage
    yield CANARY_PLACES[0], Alias("9")
    for changed in (*_changes_of_base(case, stage), *_canaries(stage), *_edits_of_the_canary(case, stage)):
        yield STAGE_PLACE, changed


def _changes_of_base(case, stage):
    """Deployment and variables, in parts and as in a promotion by hand."""
    for deployment in ("dep-theirs", case.old.deployment_id, case.new.deployment_id):
        yield stage._replace(deployment=deployment)
    yield with_variables(stage, theirs="yes")
    yield with_variables(stage, lambdaAlias="canary")
    yield with_variables(stage, lambdaAlias="other")
    if "mode" in case.new.overrides:
        for mode in ("odd", "fast", None):
            yield with_variables(stage, mode=mode)
    if canary := stage.canary:
        by_hand = pairs({**dict(stage.variables), **dict(canary.overrides)})
        yield Stage(canary.deployment, by_hand, canary._replace(percent=0))
        yield Stage(canary.deployment, by_hand)


def _canaries(stage):
    """The canary removed or replaced: by a copy of the rollout's own, or by three that serve something else."""
    yield stage._replace(canary=None)
    yield stage._replace(canary=Canary(stage.deployment, 50))
    yield stage._replace(canary=Canary("dep-theirs", 20))
    yield stage._replace(canary=Canary("dep-theirs", 0))
    yield stage._replace(canary=Canary("dep-theirs", 20, (("lambdaAlias", "live"),)))
    yield stage._replace(canary=Canary("dep-theirs", 20, (("lambdaAlias", "canary"),)))


def _edits_of_the_canary(case, stage):
    canary = stage.canary
    if canary is None:
        return
    overrides = dict(canary.overrides)
    for percent in (0, 50, 100):
        yield stage._replace(canary=canary._replace(percent=percent))
    for edited in (
        {**overrides, "extra": "x"},
        {**overrides, "lambdaAlias": "live"},
        {name: value for name, value in overrides.items() if name != "lambdaAlias"},
    ):
        yield stage._replace(canary=canary._replace(overrides=pairs(edited)))
        yield stage._replace(canary=canary._replace(percent=100, overrides=pairs(edited)))
    for deployment in (case.old.deployment_id, "dep-theirs"):
        yield stage._replace(canary=canary._replace(deployment=deployment))
        yield stage._replace(canary=canary._replace(deployment=deployment, percent=100))


def with_harmless_changes(world):
    """What someone else may do at any time: add, change and remove variables that both arms share."""
    return world.put(STAGE_PLACE, with_variables(world.stage, theirs="yes", colour="blue", shape=None))


def with_variables(stage, **changes):
    """A stage with these variables changed; None removes one."""
    variables = {**dict(stage.variables), **changes}
    return stage._replace(variables=pairs({name: value for name, value in variables.items() if value is not None}))


def is_drift(case, place, value):
    """Whether this rollout never meant to have that there; a canary alias belongs to the rollout, wherever it points."""
    places = [None] * 5
    places[place] = value
    return any(drifted_parts(case, World(0, tuple(places))))


def drifted_parts(case, world):
    """The live aliases and stage settings that are neither old nor new."""
    for place, function in zip(LIVE_PLACES, FUNCTIONS, strict=True):
        alias = world.places[place]
        known = {case.old.live[function], case.new.versions[function]}
        yield alias if alias and not {alias.version, *dict(alias.percents)} <= known else None
    stage = world.stage or Stage("", ())
    yield stage.deployment == "dep-theirs"
    variables = dict(stage.variables)
    yield "theirs" in variables
    yield variables.get("lambdaAlias") == "canary"
    known = {case.old.variables.get("mode"), case.new.overrides.get("mode")}
    yield bool(world.stage) and variables.get("mode") not in known and (variables.get("mode"),)
    yield has_canary_of_others(case, stage)


def has_canary_of_others(case, stage):
    """Whether the stage has a canary that serves neither the release's deployment nor its canary aliases.

    A canary that serves the same as base does not matter: the rollout's own late writer can leave one.
    """
    canary = stage.canary
    if canary is None or canary.deployment == case.new.deployment_id:
        return False
    is_shadow = canary == Canary(stage.deployment, canary.percent) and stage.deployment == case.old.deployment_id
    return dict(canary.overrides).get("lambdaAlias") != "canary" and not is_shadow


def serves_release_by_hand(case, world):
    """Whether base serves the complete release through the canary aliases, or has its deployment after a promotion by hand."""
    stage, canaries = world.stage, tuple(world.places[place].version for place in CANARY_PLACES)
    is_new = stage.deployment == case.new.deployment_id
    is_whole = canaries == case.versions(case.new.versions) and {*case.promoted_variables} - {*stage.variables} <= {
        ("lambdaAlias", "live")
    }
    return (
        dict(stage.variables)["lambdaAlias"] == "canary" and is_new and (is_whole or stage.deployment != case.old.deployment_id)
    )


def find_leftovers(case, world):
    """The parts of the release that still serve requests although the rollout is rolled back."""
    if case.is_stage:
        stage, canaries = world.stage, [world.places[place] for place in CANARY_PLACES]
        if stage.deployment == case.new.deployment_id != case.old.deployment_id:
            yield "base's deployment"
        if dict(stage.variables)["lambdaAlias"] == "canary" and [alias.version for alias in canaries] != [
            *case.old.live.values()
        ]:
            yield "base's alias"
    for place, function in zip(LIVE_PLACES, FUNCTIONS, strict=True):
        alias, new, old = world.places[place], case.new.versions[function], case.old.live[function]
        if new != old and new in {alias.version, *dict(alias.percents)}:
            yield f"the live alias of {function}"
