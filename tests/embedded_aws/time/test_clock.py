from __future__ import annotations

import datetime as dt
import threading
import time
from contextlib import closing
from itertools import count

import pytest

from embedded_aws.time.actors import Actor
from embedded_aws.time.clock import Clock, ClockError
from embedded_aws.time.turns import Turn, TurnError

START = 1_750_000_000.0


@pytest.fixture
def clock():
    with closing(Clock(START)) as running:
        yield running


def wait_until(has_happened):
    """Real time passes until work in other threads has happened, however slow the machine is."""
    end = time.monotonic() + 60
    while not has_happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.001)


def at(clock, log, name):
    return lambda: log.append((name, clock.now() - START))


def test_steps_to_the_earliest_due_time_first(clock):
    log = []
    clock.call_at(START + 20, at(clock, log, "later"), name="later")
    clock.call_at(START + 10, at(clock, log, "sooner"), name="sooner")
    clock.run_for(30)
    assert log == [("sooner", 10), ("later", 20)]
    assert clock.now() == START + 30


def test_equal_times_go_in_the_order_they_were_asked_for(clock):
    log = []
    for name in "abc":
        clock.call_at(START + 5, at(clock, log, name), name=name)
    clock.run_for(5)
    assert [name for name, _ in log] == ["a", "b", "c"]


def test_what_is_due_in_the_past_happens_at_once(clock):
    log = []
    clock.call_at(START - 100, at(clock, log, "late"), name="late")
    clock.run_for(0)
    assert log == [("late", 0)]


def test_a_cancelled_due_does_not_happen(clock):
    log = []
    clock.call_at(START + 1, at(clock, log, "x"), name="x").cancel()
    clock.run_for(2)
    assert log == []


def test_an_action_can_make_another_one_due_within_the_same_run(clock):
    log = []
    clock.call_at(START + 1, lambda: clock.call_at(START + 2, at(clock, log, "next"), name="next"), name="first")
    clock.run_for(3)
    assert log == [("next", 2)]


def test_an_hour_of_sleep_takes_no_real_time(clock):
    woke = []

    def work():
        clock.sleep(3600)
        woke.append(clock.now() - START)

    clock.spawn(work, name="sleeper")
    before = time.perf_counter()
    clock.run_until(lambda: bool(woke), limit=4000)
    assert woke == [3600]
    assert time.perf_counter() - before < 60


def test_time_stands_still_while_an_actor_works(clock):
    seen = []

    def work():
        seen.append(clock.now())
        time.sleep(0.02)
        seen.append(clock.now())

    clock.spawn(work, name="worker")
    clock.call_at(START + 0.001, lambda: seen.append("stepped"), name="step")
    clock.run_for(1)
    assert seen == [START, START, "stepped"]


def test_only_one_actor_runs_at_a_time_and_the_order_repeats():
    def run():
        with closing(Clock(START)) as clock:
            log, running = [], []

            def work(name, pause):
                for _ in range(20):
                    running.append(name)
                    assert len(running) == 1
                    log.append((name, clock.now()))
                    running.remove(name)
                    clock.sleep(pause)

            for name, pause in (("a", 3), ("b", 2), ("c", 3)):
                clock.spawn(lambda name=name, pause=pause: work(name, pause), name=name)
            clock.run_for(100)
            return log

    first = run()
    assert len(first) == 60
    assert run() == first


def test_a_signal_wakes_a_sleeper_at_once_and_says_so(clock):
    wake, outcomes = clock.signal(), []

    def sleeper():
        outcomes.append((clock.sleep(1000, wake=wake), clock.now() - START))

    clock.spawn(sleeper, name="sleeper")
    clock.call_at(START + 10, wake.set, name="wake")
    clock.run_for(2000)
    assert outcomes == [(True, 10)]


def test_an_uninterrupted_sleep_says_that_time_passed(clock):
    outcomes = []
    clock.spawn(lambda: outcomes.append(clock.sleep(5, wake=clock.signal())), name="sleeper")
    clock.run_for(10)
    assert outcomes == [False]


def test_a_woken_sleeper_acts_before_time_moves_on(clock):
    wake, log = clock.signal(), []

    def sleeper():
        clock.sleep(1000, wake=wake)
        log.append(("woken", clock.now() - START))

    clock.spawn(sleeper, name="sleeper")
    clock.call_at(START + 10, wake.set, name="wake")
    clock.call_at(START + 11, at(clock, log, "next"), name="next")
    clock.run_for(20)
    assert log == [("woken", 10), ("next", 11)]


def test_a_signal_wakes_a_sleeper_once_even_when_its_time_has_come_too(clock):
    wake, woke = clock.signal(), []

    def sleeper():
        woke.append(clock.sleep(10, wake=wake))
        woke.append(clock.sleep(10))

    clock.call_at(START + 10, wake.set, name="wake")  # queued before the sleeper's own timer, for the same time
    clock.spawn(sleeper, name="sleeper")
    clock.run_for(15)
    assert woke == [True]
    clock.run_for(5)
    assert woke == [True, False]


def test_a_signal_from_outside_wakes_a_sleeper_at_the_time_it_came(clock):
    wake, woke = clock.signal(), []

    def sleeper():
        clock.sleep(1000, wake=wake)
        woke.append(clock.now() - START)

    clock.spawn(sleeper, name="sleeper")
    clock.run_for(7)
    wake.set()
    clock.run_for(1)
    assert woke == [7]


def test_only_an_actor_may_sleep(clock):
    with pytest.raises(ClockError, match="only an actor can sleep"):
        clock.sleep(1)


def test_an_actor_can_wait_for_another_one(clock):
    log = []

    def worker():
        clock.sleep(5)
        log.append("worked")

    def boss():
        actor = clock.spawn(worker, name="worker")
        assert not actor.finished.wait(2)
        actor.finished.wait()
        log.append("done")

    clock.spawn(boss, name="boss")
    clock.run_for(10)
    assert log == ["worked", "done"]


def test_what_an_actor_raises_reaches_whoever_drives(clock):
    def work():
        raise LookupError("lost")

    clock.spawn(work, name="worker")
    with pytest.raises(LookupError, match="lost"):
        clock.run_for(1)


def test_reaching_the_limit_is_an_error_that_names_who_waits(clock):
    clock.spawn(lambda: clock.sleep(1e9), name="patient")
    with pytest.raises(ClockError, match="after 60 simulated seconds, at 2025-06-15T15:07:40Z; waiting: patient"):
        clock.run_until(lambda: False, limit=60)


def test_done_is_asked_before_anything_happens(clock):
    log = []
    clock.call_at(START, at(clock, log, "x"), name="x")
    clock.run_until(lambda: True, limit=1)
    assert log == []


def test_listeners_hear_of_every_stretch_of_time_once(clock):
    stretches = []
    clock.on_advance(lambda t0, t1: stretches.append((t0 - START, t1 - START)))
    clock.call_at(START + 10, lambda: None, name="x")
    clock.call_at(START + 10, lambda: None, name="y")
    clock.run_for(15)
    assert stretches == [(0, 10), (10, 15)]


def test_what_a_listener_makes_due_is_not_skipped(clock):
    log, stretches = [], []

    def listen(t0, t1):
        stretches.append((t0 - START, t1 - START))
        if t0 == START:
            clock.call_at(START + 4, at(clock, log, "arrival"), name="arrival")

    clock.on_advance(listen)
    clock.call_at(START + 10, at(clock, log, "x"), name="x")
    clock.run_for(10)
    assert log == [("arrival", 4), ("x", 10)]
    assert stretches == [(0, 10)]


def test_time_stands_still_while_a_guest_is_busy():
    with closing(Clock(START, speed=100_000)) as clock:
        clock.call_at(START + 1e9, lambda: None, name="far")
        clock.start()
        wait_until(lambda: clock.now() > START)
        with clock.busy():
            held = clock.now()
            time.sleep(0.02)
            assert clock.now() == held
        wait_until(lambda: clock.now() > held)


def test_a_guest_of_a_clock_with_a_speed_finds_the_time_that_it_is():
    real = [0.0]
    with closing(Clock(START, speed=1000, real=lambda: real[0])) as clock:
        clock.start()
        real[0] += 2.5
        with clock.busy():
            assert clock.now() == START + 2500


def test_a_guest_of_a_clock_that_lags_behind_finds_no_time_beyond_what_is_due():
    real, stretches, done = [0.0], [], []
    with closing(Clock(START, speed=1000, real=lambda: real[0])) as clock:
        clock.on_advance(lambda t0, t1: stretches.append((t0, t1)))
        clock.call_at(START + 10, lambda: done.append(clock.now()), name="shift")
        with clock.busy():
            pass
        clock._follow_real_time()
        real[0] += 500
        with clock.busy():  # before the clock's own thread has its turn
            assert (clock.now(), done) == (START + 10, [])
        assert stretches == [(START, START + 10)]


def test_a_guest_gets_its_turn_from_a_clock_that_never_rests():
    with closing(Clock(START)) as clock:
        beats = []

        def beat():
            beats.append(clock.now())
            clock.call_at(clock.now() + 60, beat, name="beat")

        beat()
        clock.start()
        for _ in range(20):
            with clock.busy():
                count = len(beats)
                time.sleep(0.001)
                assert len(beats) == count
        wait_until(lambda: len(beats) > 20)
        clock.stop()


def test_being_busy_twice_in_one_thread_is_harmless(clock):
    with clock.busy(), clock.busy():
        pass
    clock.run_for(1)


def test_a_clock_that_idles_notifications_what_a_guest_makes_due():
    with closing(Clock(START)) as clock:
        happened = threading.Event()
        clock.start()
        time.sleep(0.01)
        with clock.busy():
            clock.call_at(START + 3600, happened.set, name="x")
        assert happened.wait(60)
        assert clock.now() == START + 3600


def test_a_clock_with_a_speed_keeps_pace_with_real_time():
    with closing(Clock(START, speed=1000)) as clock:
        clock.call_at(START + 100, lambda: None, name="x")
        before = time.monotonic()
        clock.run_for(100)
        assert 0.1 <= time.monotonic() - before < 50


def test_a_clock_with_a_speed_moves_between_due_times_too():
    real = count(step=0.01)
    with closing(Clock(START, speed=1000, real=lambda: next(real))) as clock:
        stretches = []
        clock.on_advance(lambda t0, t1: stretches.append((t0, t1)))
        clock.run_for(60)
        assert len(stretches) >= 2
        assert [t1 for _, t1 in stretches[:-1]] == [t0 for t0, _ in stretches[1:]]
        assert stretches[-1][1] == START + 60


def test_a_clock_that_drives_itself_cannot_be_driven_from_outside(clock):
    clock.start()
    with pytest.raises(ClockError, match="driven by a thread of its own"):
        clock.run_for(1)


def test_a_failing_step_of_a_clock_that_drives_itself_is_logged_and_time_goes_on(clock, caplog):
    happened = threading.Event()

    def fail():
        raise ValueError("no")

    clock.call_at(START + 1, fail, name="fail")
    clock.call_at(START + 2, happened.set, name="next")
    clock.start()
    assert happened.wait(60)
    assert "a step at 1750000001.000 failed" in caplog.text


def test_closing_unwinds_every_actor_and_leaves_no_thread():
    before = set(threading.enumerate())
    clock = Clock(START)
    cleaned = []

    def work():
        try:
            clock.sleep(1e6)
        finally:
            cleaned.append(Actor.here().name)

    for name in "abc":
        clock.spawn(work, name=name)
    clock.run_for(1)
    clock.spawn(work, name="never begun")
    clock.close()
    assert cleaned == ["a", "b", "c"]
    assert set(threading.enumerate()) <= before


def test_an_actor_that_has_ended_leaves_no_thread(clock):
    before = set(threading.enumerate())
    clock.spawn(lambda: clock.sleep(5), name="sleeper")
    clock.run_for(1)
    assert {thread.name for thread in set(threading.enumerate()) - before} == {"sleeper"}
    clock.run_for(5)
    assert set(threading.enumerate()) <= before


def test_process_time_follows_the_clock_and_comes_back(clock):
    before = time.time()
    with clock.governing_process_time():
        assert time.time() == START
        clock.run_for(90)
        assert time.time() == START + 90
        assert dt.datetime.now(dt.UTC).timestamp() == START + 90
    assert time.time() >= before


def test_timeouts_stay_real_under_process_time(clock):
    with clock.governing_process_time():
        before = time.monotonic()
        assert not threading.Event().wait(0.03)
        assert time.monotonic() - before > 0.02


def test_a_guest_whom_the_acting_thread_waits_for_is_told_so():
    turn = Turn(patience=0.01)
    errors = []

    def guest():
        try:
            with turn.as_guest():
                pass
        except TurnError as error:
            errors.append(str(error))

    with turn.as_driver():
        thread = threading.Thread(target=guest, name="helper")
        thread.start()
        thread.join()
    assert errors
    assert "its holder waits for thread helper" in errors[0]


def test_a_hurried_clock_waits_for_no_real_time_and_follows_its_speed_again_afterwards():
    real, log = count(step=10.0), []
    with closing(Clock(START, speed=2.0, real=lambda: next(real))) as clock:
        clock.call_at(START + 7200, at(clock, log, "two hours"), name="two hours")
        clock.hurry(7200)
        clock.run_for(7200)
        assert log == [("two hours", 7200)]
        assert next(real) < 1000  # of the hour that its speed would take
        before = next(real)
        clock.run_for(600)
        assert next(real) - before >= 300
