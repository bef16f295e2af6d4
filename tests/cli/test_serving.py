"""What was served at some moment: before, during and after rollouts, and where the records leave it open."""

from dataclasses import replace

import pytest

from canary.rules.looks.replay import RecordedLook
from canary.rules.looks.verdict import VerdictKind
from canary.rules.reports.weights import WeightSet, weights_set
from canary.rules.rollouts.phases import Phase
from canary.rules.rollouts.rollout import StepState
from canary_cli.exits import CommandError, ExitCode
from canary_cli.serving import in_progress, parse_at, serving_at, serving_lines
from tests.builders import NEW, NOON, OLD, a_policy, a_rollout, a_snapshot

MINUTE = 60.0


def a_look(at, step, verdict=VerdictKind.CONTINUE):
    return RecordedLook(at, verdict, "as it is", step, (), 0.0, 0.0, {})


LOOKS = (
    a_look(NOON + 5 * MINUTE, 0),
    a_look(NOON + 15 * MINUTE, 0, VerdictKind.ADVANCE),
    a_look(NOON + 20 * MINUTE, 1),
    a_look(NOON + 30 * MINUTE, 1, VerdictKind.PROMOTE),
)
"""Of a rollout with 10 and 50 %, whose steps begin at minutes 1 and 15; each shift is followed by the start of its bake."""

SHIFTS = (NOON + MINUTE, NOON + MINUTE + 1, NOON + 15 * MINUTE, NOON + 15 * MINUTE + 1)


def a_finished(phase=Phase.PROMOTED, **changes):
    shifts = (*SHIFTS, NOON + 30 * MINUTE) if phase is Phase.PROMOTED else SHIFTS
    return a_rollout(
        policy=a_policy(10, 50),
        phase=phase,
        step=StepState(index=1),
        first_shift=SHIFTS[0],
        **{"shifts": shifts, "ended_at": NOON + 40 * MINUTE, **changes},
    )


def served(at, *rollouts, looks=LOOKS):
    return serving_at(rollouts or (a_finished(),), looks, NOON + at * MINUTE)


class TestWeights:
    def test_begin_with_each_step_and_end_with_all(self):
        assert weights_set(a_finished(), LOOKS) == (
            WeightSet(NOON + 1 * MINUTE, 0, 10.0),
            WeightSet(NOON + 15 * MINUTE, 1, 50.0),
            WeightSet(NOON + 30 * MINUTE, None, 100.0),
        )

    def test_are_none_before_the_first_shift(self):
        assert weights_set(a_rollout(), ()) == ()

    def test_have_a_step_that_was_not_looked_at_yet(self):
        rollout = a_finished(Phase.SHIFTING, ended_at=None)
        assert weights_set(rollout, LOOKS[:2])[-1] == WeightSet(NOON + 15 * MINUTE, 1, 50.0)

    def test_leave_out_a_step_whose_shift_is_not_recorded(self):
        rollout = a_finished(Phase.SHIFTING, ended_at=None, shifts=SHIFTS[:2])
        assert [weight.step for weight in weights_set(rollout, LOOKS[:2])] == [0]

    def test_are_all_where_a_rollback_began_while_base_drained(self):
        rollout = a_finished(Phase.ROLLED_BACK, drained_from=NOON + 31 * MINUTE, shifts=(*SHIFTS, NOON + 30 * MINUTE))
        assert weights_set(rollout, LOOKS)[-1].weight_percent == 100.0


class TestServing:
    def test_is_what_a_rollout_found_before_the_first_one(self):
        found = served(-60)
        assert (found.base.versions, found.base.deployment_id, found.canary) == (OLD, "dep-old", None)
        assert "this is what rollout run-1 found" in found.doubts[0]

    def test_is_base_alone_before_the_first_shift(self):
        found = served(0.5)
        assert (found.base.versions, found.canary, found.rollout, found.doubts) == (OLD, None, "run-1", ())

    @pytest.mark.parametrize(("at", "percent"), [(2, 10.0), (14, 10.0), (16, 50.0), (29, 50.0)])
    def test_is_both_arms_during_the_steps(self, at, percent):
        found = served(at)
        assert (found.base.versions, found.canary.versions, found.weight_percent) == (OLD, NEW, percent)
        assert found.canary.variables == {"lambdaAlias": "canary"}
        assert found.doubts == ()

    def test_is_in_doubt_while_a_weight_is_being_set(self):
        assert "some requests still saw no canary" in served(1.2).doubts[0]
        assert "some requests still saw 10 %" in served(15.2).doubts[0]

    def test_is_the_release_alone_while_base_moves(self):
        found = served(35)
        assert found.weight_percent == 100.0
        assert found.doubts == ("base was moving to the release, which had all traffic meanwhile",)

    def test_is_the_release_after_its_promotion(self):
        found = served(60)
        assert (found.base.versions, found.base.deployment_id, found.canary) == (NEW, "dep-new", None)
        assert found.base.variables == {"lambdaAlias": "live"}

    def test_is_the_old_base_after_a_rollback(self):
        assert served(60, a_finished(Phase.ROLLED_BACK)).base.versions == OLD

    def test_is_at_most_the_weight_once_the_last_look_is_past(self):
        back = (*LOOKS[:3], a_look(NOON + 30 * MINUTE, 1, VerdictKind.ROLL_BACK))
        found = served(31, a_finished(Phase.ROLLED_BACK), looks=back)
        assert found.weight_percent == 50.0
        assert found.doubts == ("the rollout was being rolled back or about to be, so the canary had at most this weight",)

    def test_is_of_the_newest_rollout_where_an_older_one_never_ended(self):
        older = a_finished(Phase.SHIFTING, rollout_id="run-0", started_at=NOON - 3600, ended_at=None)
        assert in_progress((older, a_finished()), NOON + 2 * MINUTE).rollout_id == "run-1"

    def test_is_in_doubt_where_the_next_rollout_found_something_else(self):
        later = a_finished(rollout_id="run-2", started_at=NOON + 7200, snapshot=a_snapshot(live=OLD), ended_at=NOON + 9999)
        found = served(60, a_finished(), later)
        assert found.base.versions == NEW
        assert "someone changed the target before" in found.doubts[0]
        assert "rollout run-2 found base at orders-read version 1" in found.doubts[0]

    def test_is_in_no_doubt_where_the_next_rollout_found_what_the_last_one_left(self):
        left = replace(a_snapshot(), live=NEW, deployment_id="dep-new")
        later = a_finished(rollout_id="run-2", started_at=NOON + 7200, snapshot=left, ended_at=NOON + 9999)
        assert served(60, a_finished(), later).doubts == ()

    def test_is_unknown_without_rollouts(self):
        found = serving_at((), (), NOON)
        assert (found.base, found.doubts) == (None, ("no rollout of this target is recorded",))


class TestLines:
    def test_name_both_arms_with_their_shares(self):
        lines = [*serving_lines(served(20))]
        assert lines[0].endswith("rollout run-1 was in progress")
        assert lines[1].startswith("  base    50 %  orders-read version 1, orders-write version 5, deployment dep-old")
        assert lines[2].startswith("  canary  50 %  orders-read version 2, orders-write version 6, deployment dep-new")

    def test_name_base_alone(self):
        assert next(serving_lines(served(60))).endswith("base had all traffic")

    def test_say_what_is_not_known(self):
        lines = [*serving_lines(serving_at((), (), NOON))]
        assert lines[0].endswith("not known")
        assert lines[1] == "  no rollout of this target is recorded"


class TestInstant:
    def test_is_read_with_its_zone(self):
        assert parse_at("2026-01-31T12:00Z") == NOON
        assert parse_at("2026-01-31T13:00+01:00") == NOON

    def test_without_a_zone_is_of_this_machine(self):
        assert abs(parse_at("2026-01-31 12:00") - NOON) <= 14 * 3600

    def test_must_be_one(self):
        with pytest.raises(CommandError, match="got 'yesterday'") as caught:
            parse_at("yesterday")
        assert caught.value.exit_code is ExitCode.USAGE
