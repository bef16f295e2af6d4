"""Time in an account and in an emulator, which may fall behind the speed that was set."""

from __future__ import annotations

import pytest

from verify.account.clock import BELIEF_SECONDS, LONGEST_LAG_SECONDS, AwsClock

START = 1_000.0
SPEED = 60.0


class Machine:
    """This machine's clock, and an emulator on it whose time runs at its own rate, in ticks of a quarter of a second."""

    def __init__(self, rate: float = SPEED) -> None:
        self.real = 0.0
        self.rate = rate
        self.asked = 0

    def now(self) -> float:
        return self.real

    def pause(self, seconds: float) -> None:
        self.real += max(seconds, 0.001)

    @property
    def emulated(self) -> float:
        return START + self.real // 0.25 * 0.25 * self.rate

    def ask(self) -> float:
        self.asked += 1
        self.real += 0.01
        return self.emulated

    def clock(self) -> AwsClock:
        return AwsClock(START, speed=SPEED, ask=self.ask, real=self.now, pause=self.pause)


@pytest.mark.parametrize("rate", [SPEED, SPEED / 2, SPEED / 10])
def test_a_wait_ends_when_the_emulators_time_has_come_however_slow_it_is(rate: float) -> None:
    machine = Machine(rate)
    clock = machine.clock()

    for number in range(1, 50):
        clock.sleep(60.0)
        missing = number * 60.0 - (machine.emulated - START)
        assert missing <= (0.25 + BELIEF_SECONDS) * SPEED, "a tick, and for how long an old answer counts; it does not add up"


def test_an_emulator_that_keeps_up_is_not_waited_for() -> None:
    machine = Machine()
    clock = machine.clock()

    clock.sleep(600.0)

    assert machine.real < 600.0 / SPEED + 1.0
    assert clock.now() - START == pytest.approx(600.0, abs=SPEED)


def test_short_waits_do_not_ask_each_time() -> None:
    machine = Machine()
    clock = machine.clock()

    for _ in range(100):
        clock.sleep(0.5)

    assert machine.asked < 10


def test_time_is_the_emulators_own_after_each_wait_however_far_it_has_fallen_behind() -> None:
    machine = Machine(SPEED / 10)
    clock = machine.clock()
    for _ in range(50):
        machine.real += 0.3
        clock.sleep(1.0)

        assert clock.now() - machine.emulated <= (0.25 + BELIEF_SECONDS) * SPEED


def test_an_emulator_whose_time_stands_still_is_not_waited_for_without_end() -> None:
    machine = Machine(0.0)
    clock = machine.clock()

    clock.sleep(6_000.0)

    assert machine.real < 6_000.0 / SPEED + LONGEST_LAG_SECONDS + 1.0


def test_an_account_is_asked_for_its_time_once() -> None:
    machine = Machine(1.0)
    clock = AwsClock(START, real=machine.now, pause=machine.pause)

    clock.sleep(5.0)

    assert clock.now() == START + 5.0
    assert machine.asked == 0
