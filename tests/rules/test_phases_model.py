"""Checks the passes against a small world, exhaustively.

A rollout is killed before, during or after each of its calls. From there on everything that may go wrong is tried, within a
budget: calls that are refused with and without effect, passes that are killed, aliases that cannot be read, a late writer whose
call takes effect at any moment of the time that is waited for it, a change by someone else. The passes must end at rest, and at
no time may a request be served by half a release.
"""

from dataclasses import replace
from typing import NamedTuple

import pytest

from canary.rules.rollouts import phases
from canary.rules.rollouts.phases import (
    LATE_WRITER_SECONDS,
    SETTLE_SECONDS,
    Answer,
    Phase,
    RecoveryStage,
    doubt,
    is_at_rest,
    plan_pass,
)
from canary.rules.targets.live import is_ours
from tests.rules.safety_world import (
    ALIAS_CASES,
    CANARY_PLACES,
    STAGE_CASES,
    STAGE_PLACE,
    Alias,
    Attach,
    Point,
    Remove,
    World,
    drifted_parts,
    find_leftovers,
    half_releases,
    has_canary_of_others,
    is_drift,
    is_served_whole,
    live_of,
    pairs,
    reached_places,
    script,
    serves_release_by_hand,
    strangers_changes,
    with_harmless_changes,
)


class Late(NamedTuple):
    """A call under way, which takes effect before its deadline if at all."""

    call: object
    deadline: int


class State(NamedTuple):
    """A dead rollout: the world, what its record says, the call that may still take effect, and what else may go wrong.

    `theirs` is the setting that someone else changed, with its new value.
    """

    world: World
    phase: Phase
    recovery_stage: RecoveryStage = RecoveryStage.START
    not_before: int = 0
    late: Late | None = None
    refusals: int = 0
    kills: int = 0
    strangers: int = 0
    theirs: tuple | None = None

    def key(self):
        now = self.world.now
        ghosts = frozenset((place, value, until - now) for place, value, until in self.world.ghosts)
        late = self.late and (self.late.call, self.late.deadline - now)
        return (self.world.places, ghosts, *self[1:3], max(0, self.not_before - now), late, *self[5:])

    def calm(self):
        """The state from which nothing more goes wrong."""
        return self._replace(late=None, refusals=0, kills=0, strangers=0)

    def after(self, standing, **changes):
        not_before = int(standing.not_before)
        return self._replace(phase=standing.phase, recovery_stage=standing.recovery_stage, not_before=not_before, **changes)


def killed_states(case, **budget):
    """The states in which a rollout may be found: killed before, during or after each of its calls."""
    world = case.rest()
    for wait, phase, recovery_stage, call in script(case):
        world = world.at(world.now + wait)
        late = Late(call, world.now + LATE_WRITER_SECONDS)
        yield State(world, phase, recovery_stage, **budget)
        yield State(world, phase, recovery_stage, late=late, **budget)
        world = call.on(world)
        yield State(world, phase, recovery_stage, **budget)
        yield State(world, phase, recovery_stage, late=late, **budget)


class UnsafeError(AssertionError):
    """The world is not as the design promises."""


class Model:
    """One explored case: every state that may follow, each once."""

    def __init__(self, case):
        self.case = case
        self.done = set()
        self.open = set()
        self.seen_harmless = set()
        self.seen_calls = set()
        self.served_whole = {}
        self.drifts = {}
        self.calm = {}
        self.endings = set()
        self.most_passes = 0
        self.most_passes_when_safe = 0
        self.most_seconds = 0

    def explore_all(self, **budget):
        """Try everything that may follow from every point at which the rollout is killed."""
        for state in killed_states(self.case, **budget):
            self.explore(state)

    def explore(self, state):
        """Try everything that may follow."""
        key = state.key()
        if key in self.open:
            raise UnsafeError(f"passes without end from {state}")
        if key in self.done:
            return
        self.open.add(key)
        for follower in self.followers(state):
            self.explore(follower)
        self.open.remove(key)
        self.done.add(key)
        if state.calm() != state:
            self.explore(state.calm())
        else:
            self.measure(state)

    def measure(self, state):
        """From here on nothing goes wrong: how many passes, and how long until base or the promoted release has all traffic."""
        times = self.until_the_end(state)
        safe = [seconds for seconds, is_safe in times if is_safe]
        self.most_passes = max(self.most_passes, len(times))
        self.most_passes_when_safe = max(self.most_passes_when_safe, len(safe))
        self.most_seconds = max([self.most_seconds, *safe[:1]])

    def until_the_end(self, state):
        """(seconds from this state, whether it is safe) for this calm state and each that follows."""
        key = state.key()
        if key not in self.calm:
            times = [(0, self.is_served_whole(state.world))]
            if followers := [*self.followers(state)]:
                (follower,) = followers
                wait = follower.world.now - state.world.now
                times += [(wait + seconds, is_safe) for seconds, is_safe in self.until_the_end(follower)]
            self.calm[key] = times
        return self.calm[key]

    def is_served_whole(self, world):
        """As in the small world, whose answer depends on the settings alone."""
        if world.places not in self.served_whole:
            self.served_whole[world.places] = is_served_whole(self.case, world)
        return self.served_whole[world.places]

    def followers(self, state):
        """The states after one more pass, whatever happens in it; none at the end."""
        now = max(state.world.now, state.not_before)
        waiting = state.late if state.late and state.late.deadline > now else None
        present = state._replace(world=state.world.at(now), late=waiting)
        yield from self.passes(present)
        if state.late:
            yield from self.landings(state, now)
            yield state._replace(world=state.world.at(now + 45), late=waiting)
        if state.strangers:
            for place, value in strangers_changes(self.case, present.world):
                theirs = {"strangers": state.strangers - 1, "theirs": (place, value)}
                yield from self.passes(present._replace(world=present.world.put(place, value), **theirs))

    def landings(self, state, now):
        """The late call takes effect before the pass reads, or between its reading and its moves."""
        world, late = state.world, state.late
        landed = self.make(state, world.at(min(now, late.deadline)), [late.call])
        yield from self.passes(state._replace(world=landed.at(now), late=None))
        if late.deadline >= now:
            yield from self.passes(state._replace(world=world.at(now), late=None), lands=late.call)

    def passes(self, state, lands=None):
        """One pass as the executor makes it, with everything that may happen in it."""
        now = state.world.now
        standing = replace(
            self.case.standing, phase=state.phase, recovery_stage=state.recovery_stage, not_before=state.not_before
        )
        planned = plan_pass(standing, live_of(state.world), now)
        if self.case.is_stage:
            self.check_harmless_changes(state, standing, planned)
        if planned.blocked:
            assert not planned.moves
            self.check_blocked(state, planned)
            yield from self.undone(state.after(planned.after))
            return
        calls = [self.case.call(move) for move in planned.moves]
        self.check_ownership(state, calls)
        world = self.make(state, state.world, [lands]) if lands else state.world
        if state.refusals:
            yield from self.refused(state._replace(world=world, refusals=state.refusals - 1), planned, calls)
            yield from self.unreadable(state._replace(world=world, refusals=state.refusals - 1), standing)
        if state.kills:
            yield from self.killed(state._replace(kills=state.kills - 1).after(planned.announced), world, calls)
        yield from self.ended(state, planned, self.make(state, world, calls))

    def ended(self, state, planned, world):
        """A pass that goes as planned."""
        after = planned.after
        if planned.answer is Answer.WAIT:
            yield state.after(after, world=world)
        elif is_at_rest(after, live_of(world)):
            self.check_end(state._replace(world=world), after.phase, planned.found)
        else:
            last = RecoveryStage.FLIPPED if after.phase is Phase.PROMOTED else RecoveryStage.SETTLED
            not_before = world.now + SETTLE_SECONDS
            yield state.after(replace(planned.announced, recovery_stage=last, not_before=not_before), world=world)

    def refused(self, state, planned, calls):
        """One call is refused, with or without effect, or all of them are."""
        doubted = doubt(planned.announced, state.world.now)
        if calls:
            yield state.after(doubted)
            yield state.after(doubted, world=self.make(state, state.world, calls))
        if len(calls) > 1:
            for index in range(len(calls)):
                yield state.after(doubted, world=self.make(state, state.world, calls[:index] + calls[index + 1 :]))

    def unreadable(self, state, standing):
        """An alias cannot be read: a rollback removes the canary all the same."""
        if standing.phase is Phase.MOVING_BASE or not self.case.is_stage:
            yield state.after(doubt(standing, state.world.now))
            return
        canary = live_of(state.world).stage.canary
        calls = [Remove()] if canary and is_ours(canary, self.case.new) else []
        yield state._replace(
            phase=Phase.ROLLING_BACK, recovery_stage=RecoveryStage.START, world=self.make(state, state.world, calls)
        )

    def killed(self, state, world, calls):
        """The pass is killed before, during and after each call, before it records anything more."""
        for call in calls:
            if state.late is None:
                yield state._replace(world=world, late=Late(call, world.now + LATE_WRITER_SECONDS))
            world = self.make(state, world, [call])
            yield state._replace(world=world)

    def make(self, state, world, calls):
        """The world after these calls by the controller, each checked."""
        for call in calls:
            after = call.on(world) or world
            if after is not world and self.case.is_stage and not state.theirs:
                self.check_call(world, call, after)
            world = after
        return world

    def check_call(self, world, call, after):
        """No request reaches what is moved, and half a release serves none; checked once for all that requests may see."""
        seen = [(each.places, frozenset((place, value) for place, value, _ in each.ghosts)) for each in (world, after)]
        known = (type(call), call, *seen)
        if known in self.seen_calls:
            return
        self.seen_calls.add(known)
        if isinstance(call, Point) and call.place in set(reached_places(world)):
            raise UnsafeError(f"{call} although requests reach it in {world}")
        if mixed := [*half_releases(self.case, after)]:
            raise UnsafeError(f"{call} lets a request be served by {mixed} in {after}")

    def check_ownership(self, state, calls):
        """No call touches a setting that someone else made."""
        for call in calls:
            place = call.place if isinstance(call, Point) else STAGE_PLACE
            after = call.on(state.world) or state.world
            if place in self.drifted_places(state):
                parts = [tuple(drifted_parts(self.case, world)) for world in (state.world, after)]
                assert parts[0] == parts[1], f"{call} in {state}"
                assert place not in CANARY_PLACES, f"{call} although base is served by it in {state}"

    def check_harmless_changes(self, state, standing, planned):
        """Whatever happens to a variable that both arms share, the pass is the same, and reports it.

        What a pass does depends on the settings and on what the record says, not on the time of day, so each is checked once.
        """
        known = (state.world.places, state.phase, state.recovery_stage, state.not_before <= state.world.now)
        if known in self.seen_harmless:
            return
        self.seen_harmless.add(known)
        live = live_of(with_harmless_changes(state.world))
        other = plan_pass(standing, live, state.world.now)
        assert replace(other, found=planned.found) == planned, f"{other} in {state}"
        if planned.answer is Answer.SAFE:
            assert all(any(name in one for one in other.found) for name in ("colour", "shape", "theirs"))
            assert is_at_rest(planned.after, live) == is_at_rest(planned.after, live_of(state.world))

    def check_blocked(self, state, planned):
        """Only someone else's change can block the rollout; in a rollback nothing that it can remove serves requests."""
        self.endings.add("blocked")
        assert state.theirs, f"blocked by {planned.blocked} in {state}"
        if planned.after.phase is Phase.ROLLING_BACK and self.case.is_stage:
            canary = state.world.stage.canary
            assert canary is None or has_canary_of_others(self.case, state.world.stage), f"{planned.blocked} in {state}"

    def undone(self, state):
        """A person removes what blocks the rollback: then the passes do end at rest."""
        if state.phase is not Phase.ROLLING_BACK:
            return
        rest = self.case.rest()
        place = state.theirs[0]
        world = state.world.put(place, rest.places[place])
        assert world is not state.world, f"there is nothing to undo in {state}"
        yield state._replace(world=world.at(world.now + 300), theirs=None)

    def drifted_places(self, state):
        """Where someone else's setting is not this rollout's business, and what must not move while it is there."""
        if not state.theirs:
            return ()
        place = state.theirs[0]
        value = state.world.places[place]
        if (place, value) not in self.drifts:
            self.drifts[place, value] = is_drift(self.case, place, value)
        if not self.drifts[place, value]:
            return ()
        keeps_canaries = place == STAGE_PLACE and (
            serves_release_by_hand(self.case, state.world)
            or (has_canary_of_others(self.case, value) and value.canary.percent > 0)
        )
        return (place, *CANARY_PLACES) if keeps_canaries else (place,)

    def check_end(self, state, phase, found):
        """The end is as the phase promises, except for someone else's changes, which are reported."""
        self.endings.add(phase)
        if self.case.is_stage and (canary := state.world.stage.canary) and canary.percent:
            raise UnsafeError(f"{phase} is claimed while a canary has weight after {state}")
        if phase is Phase.ROLLED_BACK and (left := [*find_leftovers(self.case, state.world)]):
            raise UnsafeError(f"{phase} is claimed although {left} serve the release after {state}")
        wanted = self.case.promoted() if phase is Phase.PROMOTED else self.case.rest()
        other = [place for place, value in enumerate(state.world.places) if value != wanted.places[place]]
        allowed = {*self.drifted_places(state), *(state.theirs[:1] if state.theirs else ())}
        if other and not (found and {*other} <= allowed):
            raise UnsafeError(f"{phase} is claimed with {found} after {state}")
        if state.late and not state.theirs and self.make(state, state.world, [state.late.call]).places != wanted.places:
            raise UnsafeError(f"{state.late} undoes {phase} after its end")


@pytest.mark.parametrize("case", STAGE_CASES, ids=str)
def test_the_promotion_itself_serves_no_half_release(case):
    model, world = Model(case), case.rest()
    for wait, phase, _, call in script(case):
        world = model.make(State(world, phase), world.at(world.now + wait), [call])
    assert world.places == case.promoted().places


@pytest.mark.parametrize("case", STAGE_CASES, ids=str)
def test_a_revert_that_finds_its_canary_aliases_ready_needs_no_settle(case):
    new = [Alias(version) for version in case.versions(case.new.versions)]
    world = case.rest()._replace(places=(*case.rest().places[:3], *new))
    overrides = pairs(case.new.overrides)
    calls = [Attach(100, case.new.deployment_id, overrides)]
    Model(case).make(State(world, Phase.TAKING_ALL), world, calls)  # raises where a request meets half of a release


MUCH = pytest.mark.slow
"""The larger budgets, which take minutes."""


@pytest.mark.parametrize(("refusals", "kills"), [(2, 1), pytest.param(3, 2, marks=MUCH)])
@pytest.mark.parametrize("case", [*STAGE_CASES, *ALIAS_CASES], ids=str)
def test_every_dead_rollout_comes_to_rest_within_the_passes_promised(case, refusals, kills):
    model = Model(case)
    model.explore_all(refusals=refusals, kills=kills)
    assert model.endings == {Phase.PROMOTED, Phase.ROLLED_BACK}
    assert model.most_passes == (5 if case.is_stage else 3)
    assert model.most_passes_when_safe <= 3
    assert model.most_seconds <= (120 if case.is_stage else 60)


TELLING = {"code only", "a variable changed", "all new by weights", "one function by weights"}
"""The cases in which someone else's changes are always tried; the larger budgets add a refusal and a death."""


def strangers_cases():
    for case in (*STAGE_CASES, *ALIAS_CASES):
        if case.name in TELLING:
            yield pytest.param(case, 0, id=str(case))
            yield pytest.param(case, 1, id=f"{case} and a refusal", marks=MUCH)
        else:
            yield pytest.param(case, 0, id=str(case), marks=MUCH)


@pytest.mark.parametrize(("case", "refusals"), [*strangers_cases()])
def test_what_someone_else_changed_is_left_and_the_passes_still_end(case, refusals):
    model = Model(case)
    model.explore_all(refusals=refusals, kills=refusals, strangers=1)
    assert model.endings == {Phase.PROMOTED, Phase.ROLLED_BACK, "blocked"}


@pytest.mark.parametrize(("patience", "seconds"), [("SETTLE_SECONDS", 29), ("LATE_WRITER_SECONDS", 25)])
def test_the_model_notices_a_wait_that_is_too_short(monkeypatch, patience, seconds):
    monkeypatch.setattr(phases, patience, seconds)
    model = Model(STAGE_CASES[0])
    with pytest.raises(UnsafeError):
        model.explore_all(refusals=1, kills=1)
