"""The table in the module's docstring, row by row. How the rows work together is checked in test_phases_model.py."""

from dataclasses import replace
from decimal import Decimal

import pytest

from canary.rules.rollouts.phases import (
    LATE_WRITER_SECONDS,
    SETTLE_SECONDS,
    AliasNames,
    Answer,
    Flip,
    Phase,
    PointAlias,
    RecoveryStage,
    RemoveCanary,
    doubt,
    find_drift,
    has_own_canary,
    is_at_rest,
    plan_pass,
)
from canary.rules.targets.live import LiveAlias
from canary.rules.targets.shifters import ShifterKind
from tests.builders import (
    BASE_VARIABLES,
    NEW,
    OLD,
    OVERRIDES,
    a_canary,
    a_live,
    a_rollout,
    a_snapshot,
    a_stage,
    a_target,
    aliases,
    an_intent,
)

NOW = 1000.0
BACK = (Phase.PREPARING, Phase.SHIFTING, Phase.PARKED, Phase.TAKING_ALL, Phase.ROLLING_BACK)
ALL = a_stage(a_canary(100))
FLIPPED = a_stage(a_canary(0), deployment_id="dep-new")
THEIRS = a_canary(20, deployment_id="dep-theirs", overrides={})
LIVE_TO_NEW = tuple(PointAlias(name, "live", version) for name, version in NEW.items())
LIVE_TO_OLD = tuple(PointAlias(name, "live", version) for name, version in OLD.items())
CANARY_TO_OLD = tuple(PointAlias(name, "canary", version) for name, version in OLD.items())
CANARY_READY = tuple(replace(move, or_else=NEW[move.function]) for move in CANARY_TO_OLD)


def a_standing(phase, recovery_stage=RecoveryStage.START, *, shifter=ShifterKind.STAGE, **changes):
    target = a_target() if shifter is ShifterKind.STAGE else a_target(stage=None)
    return replace(a_rollout(target=target, phase=phase, recovery_stage=recovery_stage).standing, **changes)


def a_promotion(recovery_stage=RecoveryStage.START, **changes):
    return a_standing(Phase.MOVING_BASE, recovery_stage, **changes)


def on_stage(stage, live=OLD, canary=NEW):
    return a_live(stage=stage, live=aliases(live), canary=aliases(canary))


def weighted(live):
    return a_live(shifter=ShifterKind.ALIAS, live=aliases(live))


def outcome(made):
    return made.moves, made.after.phase, made.after.recovery_stage, made.after.not_before - NOW, made.answer


@pytest.mark.parametrize("phase", BACK)
@pytest.mark.parametrize(
    ("recovery_stage", "stage", "moves", "leaves", "wait"),
    [
        (RecoveryStage.START, a_stage(a_canary()), (RemoveCanary(),), RecoveryStage.CLEARED, LATE_WRITER_SECONDS),
        (RecoveryStage.START, a_stage(), (), RecoveryStage.CLEARED, LATE_WRITER_SECONDS),
        (RecoveryStage.RETURNED, a_stage(a_canary()), (RemoveCanary(),), RecoveryStage.CLEARED, LATE_WRITER_SECONDS),
        (RecoveryStage.CLEARED, a_stage(), (), RecoveryStage.SETTLED, SETTLE_SECONDS),
        (RecoveryStage.CLEARED, a_stage(a_canary()), (RemoveCanary(),), RecoveryStage.SETTLED, SETTLE_SECONDS),
        (RecoveryStage.SETTLED, a_stage(a_canary()), (RemoveCanary(),), RecoveryStage.SETTLED, SETTLE_SECONDS),
    ],
)
def test_going_back_removes_the_canary_and_waits(phase, recovery_stage, stage, moves, leaves, wait):
    made = plan_pass(a_standing(phase, recovery_stage), on_stage(stage), NOW)
    assert outcome(made) == (moves, Phase.ROLLING_BACK, leaves, wait, Answer.WAIT)
    assert made.announced.phase is Phase.ROLLING_BACK


@pytest.mark.parametrize("phase", BACK)
def test_going_back_ends_with_the_canary_aliases_at_bases_version(phase):
    made = plan_pass(a_standing(phase, RecoveryStage.SETTLED), on_stage(a_stage()), NOW)
    assert (made.moves, made.after.phase, made.answer) == (CANARY_TO_OLD, Phase.ROLLED_BACK, Answer.SAFE)
    assert (made.after.recovery_stage, made.after.not_before) == (RecoveryStage.START, 0)
    assert made.announced.phase is Phase.ROLLING_BACK


def test_an_alias_that_is_where_it_belongs_is_not_moved():
    made = plan_pass(
        a_standing(Phase.SHIFTING, RecoveryStage.SETTLED), on_stage(a_stage(), canary={**NEW, "orders-read": "1"}), NOW
    )
    assert made.moves == CANARY_TO_OLD[1:]


@pytest.mark.parametrize("phase", BACK)
@pytest.mark.parametrize(
    ("recovery_stage", "leaves", "wait"),
    [
        (RecoveryStage.START, RecoveryStage.CLEARED, LATE_WRITER_SECONDS),
        (RecoveryStage.CLEARED, RecoveryStage.SETTLED, SETTLE_SECONDS),
        (RecoveryStage.SETTLED, RecoveryStage.SETTLED, SETTLE_SECONDS),
    ],
)
def test_going_back_by_weights_returns_every_live_alias(phase, recovery_stage, leaves, wait):
    split = {name: LiveAlias(OLD[name], {NEW[name]: Decimal("0.1")}) for name in OLD}
    made = plan_pass(a_standing(phase, recovery_stage, shifter=ShifterKind.ALIAS), weighted(split), NOW)
    assert outcome(made) == (LIVE_TO_OLD, Phase.ROLLING_BACK, leaves, wait, Answer.WAIT)


def test_going_back_by_weights_ends_with_nothing_left_to_move():
    made = plan_pass(a_standing(Phase.SHIFTING, RecoveryStage.SETTLED, shifter=ShifterKind.ALIAS), weighted(OLD), NOW)
    assert (made.moves, made.after.phase, made.answer) == ((), Phase.ROLLED_BACK, Answer.SAFE)


@pytest.mark.parametrize(
    ("recovery_stage", "live", "moves", "leaves"),
    [
        (RecoveryStage.START, on_stage(ALL), LIVE_TO_NEW, RecoveryStage.BASED),
        (RecoveryStage.START, on_stage(ALL, {**OLD, "orders-read": "2"}), LIVE_TO_NEW[1:], RecoveryStage.BASED),
        (RecoveryStage.START, on_stage(FLIPPED, NEW), (), RecoveryStage.BASED),
        (RecoveryStage.BASED, on_stage(ALL, NEW), (Flip(),), RecoveryStage.FLIPPED),
        (RecoveryStage.BASED, on_stage(FLIPPED, NEW), (), RecoveryStage.FLIPPED),
        (RecoveryStage.BASED, on_stage(ALL, {**NEW, "orders-read": "1"}), LIVE_TO_NEW[:1], RecoveryStage.BASED),
        (RecoveryStage.FLIPPED, on_stage(ALL, NEW), (Flip(),), RecoveryStage.FLIPPED),
        (RecoveryStage.FLIPPED, on_stage(FLIPPED, {**NEW, "orders-read": "1"}), LIVE_TO_NEW[:1], RecoveryStage.BASED),
    ],
)
def test_going_forward_moves_base_and_lets_it_settle_before_the_flip(recovery_stage, live, moves, leaves):
    made = plan_pass(a_promotion(recovery_stage), live, NOW)
    assert outcome(made) == (moves, Phase.MOVING_BASE, leaves, SETTLE_SECONDS, Answer.WAIT)


@pytest.mark.parametrize(
    ("stage", "moves"),
    [
        (FLIPPED, (RemoveCanary(),)),
        (replace(FLIPPED, canary=None), ()),
        (replace(FLIPPED, canary=a_canary(50, overrides={})), (RemoveCanary(),)),
    ],
)
def test_going_forward_ends_with_the_canary_gone(stage, moves):
    made = plan_pass(a_promotion(RecoveryStage.FLIPPED), on_stage(stage, NEW, OLD), NOW)
    assert (made.moves, made.after.phase, made.answer) == (moves, Phase.PROMOTED, Answer.SAFE)
    assert made.announced.phase is Phase.MOVING_BASE


def test_going_forward_ends_with_the_canary_aliases_where_a_revert_needs_them():
    made = plan_pass(a_promotion(RecoveryStage.FLIPPED), on_stage(FLIPPED, NEW, {**NEW, "orders-read": "1"}), NOW)
    assert made.moves == (RemoveCanary(), CANARY_READY[1])


def test_going_back_leaves_the_canary_aliases_ready_for_a_revert_of_the_release_before():
    snapshot = a_snapshot(canary={"orders-read": "0"})
    standing = a_standing(Phase.ROLLING_BACK, RecoveryStage.SETTLED, snapshot=snapshot)
    ready = (PointAlias("orders-read", "canary", "0", or_else="1"), CANARY_TO_OLD[1])
    made = plan_pass(standing, on_stage(a_stage()), NOW)
    assert (made.moves, made.answer) == (ready, Answer.SAFE)


@pytest.mark.parametrize(
    ("phase", "found", "rests"),
    [
        *((Phase.PROMOTED, one, is_resting) for one, is_resting in (("1", True), ("2", True), ("0", False))),
        *((Phase.ROLLED_BACK, one, is_resting) for one, is_resting in (("0", True), ("1", True), ("2", False))),
    ],
)
def test_the_canary_aliases_rest_at_the_release_before_or_at_base(phase, found, rests):
    standing = a_standing(phase, snapshot=a_snapshot(canary={"orders-read": "0"}))
    is_new = phase is Phase.PROMOTED
    stage = a_stage(deployment_id="dep-new") if is_new else a_stage()
    live = a_live(stage=stage, live=aliases(NEW if is_new else OLD), canary=aliases(OLD, orders_read=found))
    assert is_at_rest(standing, live) is rests


def test_canary_aliases_that_base_calls_go_to_bases_own_versions():
    """Else base would serve the older code with its newer definition."""
    variables = {**BASE_VARIABLES, "lambdaAlias": "canary"}
    snapshot = a_snapshot(canary={"orders-read": "0"})
    back = a_standing(Phase.ROLLING_BACK, RecoveryStage.SETTLED, snapshot=snapshot)
    assert plan_pass(back, on_stage(a_stage(variables=variables)), NOW).moves == CANARY_TO_OLD


def test_a_promoted_variable_has_to_be_on_the_stage_before_it_counts_as_flipped():
    promotion = a_promotion(RecoveryStage.BASED, intent=an_intent(overrides={**OVERRIDES, "mode": "fast"}))
    canary = a_canary(0, overrides={**OVERRIDES, "mode": "fast"})
    half = a_stage(canary, deployment_id="dep-new")
    whole = replace(half, variables={"lambdaAlias": "live", "mode": "fast"})
    assert plan_pass(promotion, on_stage(half, NEW), NOW).moves == (Flip(),)
    assert plan_pass(promotion, on_stage(whole, NEW), NOW).moves == ()


@pytest.mark.parametrize(
    ("recovery_stage", "live", "moves"),
    [
        (RecoveryStage.START, weighted(OLD), LIVE_TO_NEW),
        (RecoveryStage.START, weighted(NEW), ()),
        (RecoveryStage.FLIPPED, weighted({**NEW, "orders-read": "1"}), LIVE_TO_NEW[:1]),
    ],
)
def test_going_forward_by_weights_moves_every_live_alias(recovery_stage, live, moves):
    made = plan_pass(a_promotion(recovery_stage, shifter=ShifterKind.ALIAS), live, NOW)
    assert outcome(made) == (moves, Phase.MOVING_BASE, RecoveryStage.FLIPPED, SETTLE_SECONDS, Answer.WAIT)


def test_going_forward_by_weights_ends_without_a_flip():
    made = plan_pass(a_promotion(RecoveryStage.FLIPPED, shifter=ShifterKind.ALIAS), weighted(NEW), NOW)
    assert (made.moves, made.after.phase, made.answer) == ((), Phase.PROMOTED, Answer.SAFE)


@pytest.mark.parametrize("recovery_stage", [RecoveryStage.START, RecoveryStage.BASED, RecoveryStage.FLIPPED])
def test_a_refused_promotion_is_doubted_once_a_late_writer_is_over(recovery_stage):
    doubted = doubt(a_promotion(recovery_stage), NOW)
    assert (doubted.recovery_stage, doubted.not_before) == (RecoveryStage.DOUBTED, NOW + LATE_WRITER_SECONDS)


@pytest.mark.parametrize("recovery_stage", [RecoveryStage.DOUBTED, RecoveryStage.RETREATING, RecoveryStage.RETURNED])
def test_a_doubted_promotion_that_is_refused_again_stays_where_it_is(recovery_stage):
    assert doubt(a_promotion(recovery_stage), NOW) == a_promotion(recovery_stage)


@pytest.mark.parametrize("phase", BACK)
def test_a_refused_rollback_is_tried_again(phase):
    assert doubt(a_standing(phase, RecoveryStage.CLEARED), NOW) == a_standing(phase, RecoveryStage.CLEARED)


def test_a_refused_promotion_by_weights_goes_back_at_once():
    refused = doubt(a_promotion(RecoveryStage.FLIPPED, shifter=ShifterKind.ALIAS, not_before=5.0), NOW)
    assert (refused.phase, refused.recovery_stage, refused.not_before) == (Phase.ROLLING_BACK, RecoveryStage.START, 0)


@pytest.mark.parametrize(
    ("recovery_stage", "live", "moves", "leaves"),
    [
        (RecoveryStage.DOUBTED, on_stage(ALL, {**OLD, "orders-read": "2"}), (), RecoveryStage.RETREATING),
        (RecoveryStage.RETREATING, on_stage(ALL, {**OLD, "orders-read": "2"}), LIVE_TO_OLD[:1], RecoveryStage.RETURNED),
        (RecoveryStage.RETREATING, on_stage(ALL), (), RecoveryStage.RETURNED),
        (RecoveryStage.RETURNED, on_stage(ALL, {**OLD, "orders-read": "2"}), LIVE_TO_OLD[:1], RecoveryStage.RETURNED),
        (
            RecoveryStage.DOUBTED,
            on_stage(replace(ALL, variables={"lambdaAlias": "live", "theirs": "yes"})),
            (),
            RecoveryStage.RETREATING,
        ),
        (RecoveryStage.DOUBTED, on_stage(replace(ALL, variables={"lambdaAlias": "theirs"})), LIVE_TO_NEW, RecoveryStage.BASED),
        (RecoveryStage.DOUBTED, on_stage(replace(ALL, deployment_id="dep-theirs")), LIVE_TO_NEW, RecoveryStage.BASED),
        (RecoveryStage.DOUBTED, on_stage(FLIPPED, NEW), (), RecoveryStage.BASED),
        (RecoveryStage.RETREATING, on_stage(FLIPPED, {**OLD, "orders-read": "2"}), LIVE_TO_NEW[1:], RecoveryStage.BASED),
        (RecoveryStage.RETURNED, on_stage(FLIPPED), LIVE_TO_NEW, RecoveryStage.BASED),
    ],
)
def test_a_doubted_promotion_returns_live_only_while_base_has_no_traffic(recovery_stage, live, moves, leaves):
    made = plan_pass(a_promotion(recovery_stage), live, NOW)
    assert outcome(made) == (moves, Phase.MOVING_BASE, leaves, SETTLE_SECONDS, Answer.WAIT)


def test_a_returned_promotion_is_a_rollback():
    made = plan_pass(a_promotion(RecoveryStage.RETURNED), on_stage(ALL), NOW)
    expected = ((RemoveCanary(),), Phase.ROLLING_BACK, RecoveryStage.CLEARED, LATE_WRITER_SECONDS, Answer.WAIT)
    assert outcome(made) == expected
    assert (made.announced.phase, made.announced.recovery_stage) == (Phase.ROLLING_BACK, RecoveryStage.START)


@pytest.mark.parametrize("recovery_stage", [RecoveryStage.START, RecoveryStage.DOUBTED, RecoveryStage.BASED])
@pytest.mark.parametrize("stage", [a_stage(), a_stage(a_canary(50)), a_stage(a_canary(100, overrides={}))])
def test_live_aliases_return_when_base_has_traffic_before_the_flip(recovery_stage, stage):
    made = plan_pass(a_promotion(recovery_stage), on_stage(stage, {**OLD, "orders-read": "2"}), NOW)
    assert outcome(made) == (LIVE_TO_OLD[:1], Phase.MOVING_BASE, RecoveryStage.RETURNED, LATE_WRITER_SECONDS, Answer.WAIT)


@pytest.mark.parametrize("stage", [a_stage(), a_stage(a_canary(100, deployment_id="dep-old", overrides={})), a_stage(THEIRS)])
def test_a_flip_without_our_canary_is_impossible_and_goes_back(stage):
    made = plan_pass(a_promotion(RecoveryStage.BASED), on_stage(stage, NEW), NOW)
    assert outcome(made) == (LIVE_TO_OLD, Phase.MOVING_BASE, RecoveryStage.RETURNED, LATE_WRITER_SECONDS, Answer.WAIT)


def test_a_canary_that_lost_its_traffic_is_flipped_once_base_is_new():
    made = plan_pass(a_promotion(RecoveryStage.BASED), on_stage(a_stage(a_canary(50)), NEW), NOW)
    assert (made.moves, made.after.recovery_stage) == ((Flip(),), RecoveryStage.FLIPPED)


def test_a_release_of_code_alone_is_flipped_when_its_aliases_are_new_and_its_canary_has_nothing():
    intent = an_intent(deployment_id="dep-old")
    stage = a_stage(a_canary(0, deployment_id="dep-old"))
    assert plan_pass(a_promotion(intent=intent), on_stage(stage, NEW), NOW).after.recovery_stage is RecoveryStage.BASED
    assert plan_pass(a_promotion(intent=intent), on_stage(stage), NOW).after.recovery_stage is RecoveryStage.RETURNED


@pytest.mark.parametrize(
    ("recovery_stage", "live", "announced"),
    [
        (RecoveryStage.START, on_stage(ALL), RecoveryStage.START),
        (RecoveryStage.BASED, on_stage(ALL, NEW), RecoveryStage.BASED),
        (RecoveryStage.BASED, on_stage(ALL), RecoveryStage.START),
        (RecoveryStage.FLIPPED, on_stage(ALL, NEW), RecoveryStage.BASED),
        (RecoveryStage.BASED, on_stage(a_stage(), NEW), RecoveryStage.RETREATING),
        (RecoveryStage.RETURNED, on_stage(ALL, NEW), RecoveryStage.RETREATING),
        (RecoveryStage.DOUBTED, on_stage(FLIPPED), RecoveryStage.DOUBTED),
        (RecoveryStage.RETREATING, on_stage(ALL, NEW), RecoveryStage.RETREATING),
    ],
)
def test_a_pass_that_dies_half_way_is_made_again_with_its_settle(recovery_stage, live, announced):
    made = plan_pass(a_promotion(recovery_stage), live, NOW)
    assert made.moves
    assert made.announced == a_promotion(announced)


def test_a_canary_removed_at_the_last_moment_settles_too_when_the_pass_dies():
    made = plan_pass(a_standing(Phase.SHIFTING, RecoveryStage.SETTLED), on_stage(a_stage(a_canary())), NOW)
    assert made.announced == a_standing(Phase.ROLLING_BACK, RecoveryStage.CLEARED)


@pytest.mark.parametrize(
    "recovery_stage",
    [RecoveryStage.BASED, RecoveryStage.FLIPPED, RecoveryStage.DOUBTED, RecoveryStage.RETREATING, RecoveryStage.RETURNED],
)
def test_a_stage_of_the_way_forward_means_the_first_one_of_a_rollback(recovery_stage):
    made = plan_pass(a_standing(Phase.ROLLING_BACK, recovery_stage), on_stage(a_stage(a_canary())), NOW)
    assert (made.moves, made.after.recovery_stage) == ((RemoveCanary(),), RecoveryStage.CLEARED)
    assert made.announced.recovery_stage not in {RecoveryStage.CLEARED, RecoveryStage.SETTLED}


def test_a_pass_without_moves_announces_no_other_recovery_stage():
    made = plan_pass(a_standing(Phase.ROLLING_BACK, RecoveryStage.CLEARED), on_stage(a_stage()), NOW)
    assert made.announced == a_standing(Phase.ROLLING_BACK, RecoveryStage.CLEARED)


@pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.ROLLED_BACK, Phase.REFUSED])
def test_a_terminal_phase_is_safe_and_has_no_moves(phase):
    made = plan_pass(a_standing(phase), on_stage(ALL), NOW)
    assert (made.moves, made.after, made.answer) == ((), a_standing(phase), Answer.SAFE)


@pytest.mark.parametrize("phase", [Phase.MOVING_BASE, *BACK])
def test_nothing_is_changed_before_its_time(phase):
    standing = a_standing(phase, not_before=NOW + 1)
    made = plan_pass(standing, on_stage(ALL), NOW)
    assert (made.moves, made.after, made.answer) == ((), standing, Answer.WAIT)
    assert plan_pass(standing, on_stage(ALL), NOW + 1).moves


def test_a_phase_is_over_or_has_a_direction_or_is_watched():
    assert {phase for phase in Phase if not phase.is_terminal} == {Phase.MOVING_BASE, Phase.WATCHING, *BACK}


def test_a_pass_on_a_watched_release_ends_the_watch_and_moves_nothing():
    made = plan_pass(a_standing(Phase.WATCHING), on_stage(ALL), NOW)
    assert (made.moves, made.after.phase, made.answer) == ((), Phase.PROMOTED, Answer.SAFE)


# Drift.


def test_a_canary_of_someone_else_is_left_and_told():
    made = plan_pass(a_standing(Phase.SHIFTING), on_stage(a_stage(THEIRS)), NOW)
    assert made.moves == ()
    assert made.found == ("the stage has a canary that is not this rollout's: deployment dep-theirs at 20 %; left as found",)


@pytest.mark.parametrize("shifter", list(ShifterKind))
def test_an_alias_at_a_strange_version_is_left_and_told(shifter):
    live = a_live(shifter=shifter, live=aliases(OLD, orders_read="9"))
    made = plan_pass(a_standing(Phase.ROLLING_BACK, RecoveryStage.SETTLED, shifter=shifter), live, NOW)
    assert made.after.phase is Phase.ROLLED_BACK
    assert made.found == ("alias orders-read:live points at 9, which this rollout did not set; left as found",)


@pytest.mark.parametrize(
    ("shifter", "alias", "is_in_the_way"),
    [
        (ShifterKind.STAGE, LiveAlias("9", {"2": Decimal("0.1")}), True),
        (ShifterKind.STAGE, LiveAlias("2", {"9": Decimal("0.1")}), True),
        (ShifterKind.STAGE, LiveAlias("1", {"9": Decimal("0.1")}), False),
        (ShifterKind.ALIAS, LiveAlias("9", {"2": Decimal("0.1")}), True),
        (ShifterKind.ALIAS, LiveAlias("1", {"9": Decimal("0.1")}), True),
        (ShifterKind.ALIAS, LiveAlias("9"), False),
    ],
)
def test_a_rollback_does_not_end_while_someones_split_of_an_alias_is_in_the_way(shifter, alias, is_in_the_way):
    live = a_live(shifter=shifter, live=aliases(OLD, orders_read=alias))
    made = plan_pass(a_standing(Phase.ROLLING_BACK, RecoveryStage.SETTLED, shifter=shifter), live, NOW)
    assert (made.answer is Answer.REFUSED) is is_in_the_way
    assert (made.blocked or "").startswith("someone else split alias orders-read:live between") is is_in_the_way


EDITED = (
    a_canary(50, overrides={**OVERRIDES, "extra": "x"}),
    a_canary(50, overrides={"lambdaAlias": "live"}),
    a_canary(100, overrides={}),
    a_canary(50, deployment_id="dep-old"),
    a_canary(50, deployment_id="dep-theirs"),
)


@pytest.mark.parametrize("phase", BACK)
@pytest.mark.parametrize("canary", EDITED)
def test_a_canary_that_someone_edited_is_taken_away_all_the_same(phase, canary):
    assert plan_pass(a_standing(phase), on_stage(a_stage(canary)), NOW).moves == (RemoveCanary(),)


@pytest.mark.parametrize("canary", EDITED)
def test_a_canary_that_someone_edited_under_a_promoted_base_is_flipped_or_taken_away(canary):
    made = plan_pass(a_promotion(RecoveryStage.FLIPPED), on_stage(replace(FLIPPED, canary=canary), NEW, OLD), NOW)
    assert made.moves == ((Flip(),) if canary.deployment_id == "dep-new" and canary.overrides else (RemoveCanary(),))


@pytest.mark.parametrize("canary", EDITED[3:])
def test_a_canary_of_another_deployment_is_never_flipped(canary):
    made = plan_pass(a_promotion(RecoveryStage.BASED), on_stage(a_stage(canary), NEW), NOW)
    assert (made.moves, made.after.recovery_stage) == (LIVE_TO_OLD, RecoveryStage.RETURNED)


@pytest.mark.parametrize("recovery_stage", [RecoveryStage.CLEARED, RecoveryStage.SETTLED])
@pytest.mark.parametrize(
    ("stage", "live", "canary", "why"),
    [
        (a_stage(THEIRS), OLD, NEW, "someone else's canary of deployment dep-theirs has 20 % of the requests"),
        (a_stage(deployment_id="dep-new"), OLD, NEW, "someone else gave the stage the release's deployment dep-new"),
        (a_stage(deployment_id="dep-new"), NEW, NEW, "someone else gave the stage the release's deployment dep-new"),
    ],
)
def test_a_rollback_does_not_end_while_someone_keeps_weight_on_the_release_or_a_canary(
    recovery_stage, stage, live, canary, why
):
    made = plan_pass(a_standing(Phase.ROLLING_BACK, recovery_stage), on_stage(stage, live, canary), NOW)
    assert (made.moves, made.answer, made.after.recovery_stage) == ((), Answer.REFUSED, RecoveryStage.CLEARED)
    assert made.blocked.startswith(why)
    assert made.blocked.endswith("and this rollout ends by itself")


def test_a_rollback_ends_after_a_settle_once_someone_took_the_other_canary_away():
    blocked = plan_pass(a_standing(Phase.ROLLING_BACK, RecoveryStage.SETTLED), on_stage(a_stage(THEIRS)), NOW)
    made = plan_pass(blocked.after, on_stage(a_stage()), NOW + 300)
    assert (made.after.recovery_stage, made.after.not_before) == (RecoveryStage.SETTLED, NOW + 300 + SETTLE_SECONDS)


def test_a_live_alias_that_someone_moved_to_the_release_goes_back_with_the_canary():
    made = plan_pass(a_standing(Phase.SHIFTING), on_stage(a_stage(a_canary()), {**OLD, "orders-read": "2"}), NOW)
    assert made.moves == (RemoveCanary(), *LIVE_TO_OLD[:1])
    assert made.found == ()


def test_a_deployment_unknown_to_the_rollback_is_reported():
    made = plan_pass(a_standing(Phase.SHIFTING, RecoveryStage.SETTLED), on_stage(a_stage(deployment_id="dep-theirs")), NOW)
    assert made.after.phase is Phase.ROLLED_BACK
    assert made.found == (
        "the stage's deployment is dep-theirs, which this rollout did not set (it found dep-old); left as found",
    )


CODE_ALONE = an_intent(deployment_id="dep-old")
BY_HAND = a_stage(variables=OVERRIDES)


def test_a_canary_alias_through_which_base_serves_the_whole_release_is_not_moved():
    standing = a_standing(Phase.SHIFTING, RecoveryStage.SETTLED, intent=CODE_ALONE)
    made = plan_pass(standing, on_stage(BY_HAND), NOW)
    assert (made.moves, made.answer) == ((), Answer.REFUSED)
    assert made.blocked == (
        "someone else made base call the alias canary, so it serves the whole release; "
        "set the stage's variable lambdaAlias to live again, and this rollout ends by itself"
    )
    assert not is_at_rest(replace(standing, phase=Phase.ROLLED_BACK), on_stage(BY_HAND))


@pytest.mark.parametrize(
    ("intent", "canary"),
    [
        (an_intent(), NEW),
        (CODE_ALONE, {**NEW, "orders-read": "1"}),
        (replace(CODE_ALONE, overrides={**OVERRIDES, "mode": "fast"}), NEW),
    ],
)
def test_canary_aliases_through_which_base_serves_half_a_release_go_back_and_make_it_whole(intent, canary):
    standing = a_standing(Phase.SHIFTING, RecoveryStage.SETTLED, intent=intent)
    made = plan_pass(standing, on_stage(BY_HAND, canary=canary), NOW)
    assert {move.alias for move in made.moves} == {"canary"}
    assert made.after.phase is Phase.ROLLED_BACK
    assert made.found == ('the stage\'s variable lambdaAlias is "canary", which this rollout did not set (it was "live")',)


def test_variables_that_someone_changed_are_told():
    stage = a_stage(variables={"lambdaAlias": "canary", "theirs": "yes"})
    assert find_drift(a_standing(Phase.SHIFTING), on_stage(stage)) == (
        'the stage\'s variable lambdaAlias is "canary", which this rollout did not set (it was "live")',
        'someone else changed stage variable theirs from absent to "yes"; both arms see it',
    )


def test_what_the_promotion_sets_is_no_drift():
    promotion = a_promotion(intent=an_intent(overrides={**OVERRIDES, "mode": "fast"}))
    stage = a_stage(deployment_id="dep-new", variables={"lambdaAlias": "live", "mode": "fast"})
    assert find_drift(promotion, on_stage(stage, NEW)) == ()


def test_a_target_without_a_stage_has_no_drift_of_one():
    assert find_drift(a_standing(Phase.SHIFTING, shifter=ShifterKind.ALIAS), weighted(OLD)) == ()


@pytest.mark.parametrize(
    ("live", "why"),
    [
        (on_stage(replace(FLIPPED, canary=THEIRS), NEW), "the stage has a canary that is not this rollout's"),
        (on_stage(replace(ALL, deployment_id="dep-theirs"), NEW), "the stage's deployment is dep-theirs"),
        (on_stage(replace(FLIPPED, variables=OVERRIDES), NEW), 'the stage\'s variable lambdaAlias is "canary"'),
        (on_stage(ALL, {**NEW, "orders-read": "9"}), "alias orders-read:live points at 9"),
        (on_stage(None, NEW), "the stage is gone"),
    ],
)
def test_a_promotion_that_someone_stands_in_the_way_of_is_blocked(live, why):
    made = plan_pass(a_promotion(RecoveryStage.FLIPPED), live, NOW)
    assert (made.moves, made.after, made.answer) == ((), a_promotion(RecoveryStage.FLIPPED), Answer.REFUSED)
    assert made.blocked.startswith(why)


def test_a_promotion_by_weights_is_blocked_by_a_strange_version():
    made = plan_pass(a_promotion(RecoveryStage.FLIPPED, shifter=ShifterKind.ALIAS), weighted({**NEW, "orders-read": "9"}), NOW)
    assert made.answer is Answer.REFUSED
    assert made.blocked == "alias orders-read:live points at 9, which this rollout did not set; left as found"


def test_a_further_variable_is_no_obstacle_to_a_promotion_and_is_reported():
    stage = replace(FLIPPED, variables={"lambdaAlias": "live", "theirs": "yes"})
    made = plan_pass(a_promotion(RecoveryStage.FLIPPED), on_stage(stage, NEW), NOW)
    assert made.after.phase is Phase.PROMOTED
    assert made.found == ('someone else changed stage variable theirs from absent to "yes"; both arms see it',)


def test_a_promoted_variable_that_someone_changed_is_an_obstacle():
    promotion = a_promotion(RecoveryStage.FLIPPED, intent=an_intent(overrides={**OVERRIDES, "mode": "fast"}))
    stage = replace(FLIPPED, variables={"lambdaAlias": "live", "mode": "odd"}, canary=None)
    made = plan_pass(promotion, on_stage(stage, NEW), NOW)
    assert (made.moves, made.answer) == ((), Answer.REFUSED)
    assert made.blocked == 'the stage\'s variable mode is "odd", which this rollout did not set (it was absent)'


def test_a_stage_that_is_gone_takes_no_live_alias_along():
    made = plan_pass(a_promotion(), on_stage(None, {**OLD, "orders-read": "2"}), NOW)
    assert (made.moves, made.after.recovery_stage) == (LIVE_TO_OLD[:1], RecoveryStage.RETURNED)


@pytest.mark.parametrize(
    ("stage", "is_own"),
    [
        (None, False),
        (a_stage(), False),
        (a_stage(a_canary()), True),
        (a_stage(a_canary(deployment_id="dep-old", overrides={})), True),
        (a_stage(a_canary(overrides={})), True),
        (a_stage(a_canary(deployment_id="dep-theirs")), True),
        (a_stage(THEIRS), False),
        (a_stage(a_canary(deployment_id="dep-theirs", overrides={}), deployment_id="dep-theirs"), False),
    ],
)
def test_a_canary_is_ours_or_the_shadow_that_a_late_percent_leaves(stage, is_own):
    assert has_own_canary(a_standing(Phase.SHIFTING), stage) is is_own


@pytest.mark.parametrize(
    ("phase", "live", "rests"),
    [
        (Phase.ROLLED_BACK, a_live(), True),
        (Phase.ROLLED_BACK, on_stage(a_stage(a_canary()), OLD, OLD), False),
        (Phase.ROLLED_BACK, on_stage(a_stage(), OLD, NEW), False),
        (Phase.ROLLED_BACK, on_stage(a_stage(), NEW, OLD), False),
        (Phase.ROLLED_BACK, on_stage(a_stage(), {**OLD, "orders-read": "9"}, OLD), True),
        (Phase.ROLLED_BACK, on_stage(a_stage(THEIRS), OLD, OLD), False),
        (Phase.ROLLED_BACK, on_stage(a_stage(replace(THEIRS, percent=Decimal(0))), OLD, OLD), True),
        (Phase.ROLLED_BACK, on_stage(a_stage(deployment_id="dep-new"), OLD, OLD), False),
        (Phase.ROLLED_BACK, on_stage(a_stage(variables=OVERRIDES), OLD, OLD), True),
        (Phase.PROMOTED, on_stage(a_stage(), NEW, NEW), False),
        (Phase.PROMOTED, on_stage(a_stage(deployment_id="dep-theirs"), NEW, NEW), False),
        (Phase.PROMOTED, on_stage(a_stage(THEIRS, deployment_id="dep-new"), NEW, NEW), False),
        (Phase.PROMOTED, on_stage(replace(FLIPPED, canary=None), NEW, NEW), True),
        (Phase.PROMOTED, on_stage(FLIPPED, NEW, NEW), False),
        (Phase.PROMOTED, on_stage(replace(FLIPPED, canary=None), OLD, NEW), False),
    ],
)
def test_a_target_rests_when_nothing_of_the_rollout_is_left(phase, live, rests):
    assert is_at_rest(a_standing(phase), live) is rests


def test_a_function_without_aliases_of_ours_is_not_moved():
    standing = a_promotion(aliases=AliasNames({"orders-write": "live"}, {"orders-write": "canary"}))
    assert plan_pass(standing, on_stage(ALL), NOW).moves == LIVE_TO_NEW[1:]
