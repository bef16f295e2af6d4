"""Actors: threads that wait on the virtual clock and run only when the clock gives them the turn.

An actor gives the turn back only where it waits (`Signal.wait`, `Clock.sleep`) and where it ends. Between two such points
nothing else happens in the embedded AWS. Actors that are woken go into the clock's queue and run in that order, so every run
of a scenario is identical.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.time.turns import Turn

_here = threading.local()


class ActorEnded(BaseException):
    """Raised inside a waiting actor when its clock is closed; user code must not catch it."""


class Timer(Protocol):
    """Something that is due at a time."""

    def cancel(self) -> None:
        """It does not happen."""


class Timekeeper(Protocol):
    """What actors need of their clock."""

    @property
    def turn(self) -> Turn:
        """Who may act."""

    def now(self) -> float:
        """Epoch seconds."""

    def call_at(self, due: float, action: Callable[[], None], *, name: str) -> Timer:
        """Have ``action`` called at the epoch second ``due``."""

    def wait(self, actor: Actor, signal: Signal | None, seconds: float | None) -> bool:
        """Park ``actor`` until ``signal`` or until ``seconds`` have passed; true if it was the signal."""

    def sleep(self, seconds: float) -> bool:
        """Let simulated time pass in an actor's thread."""

    def forget(self, actor: Actor) -> None:
        """The actor has ended."""


class Actor:
    """One thread of control on the clock; `Clock.spawn` creates it."""

    def __init__(self, clock: Timekeeper, work: Callable[[], None], name: str) -> None:
        self.name = name
        self.finished = Signal(clock)
        self.clock = clock
        self._work = work
        self._error: BaseException | None = None
        self._ending = False
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @staticmethod
    def here() -> Actor | None:
        """The actor that the current thread belongs to; None outside actors."""
        return getattr(_here, "actor", None)

    def resume(self) -> None:
        """Let the actor run until it waits or ends; the driver of the clock calls this while it has the turn.

        Raises whatever the actor's work raised.
        """
        if self.finished.is_set():
            return
        if not self._thread.ident:
            self._thread.start()
        self._switch()
        if self.finished.is_set():
            self.clock.forget(self)
            self._thread.join()
        if self._error:
            raise self._error

    def park(self) -> None:
        """Give the turn back until `resume`; called from the actor's own thread."""
        if self._ending:
            raise ActorEnded
        self._back.release()
        self._go.acquire()
        if self._ending:
            raise ActorEnded

    def end(self) -> None:
        """Unwind the actor from its wait, and end its thread."""
        self._ending = True
        if not self._thread.ident:
            self.finished.set()
            return
        if not self.finished.is_set():
            self._switch()
        self._thread.join()

    def _switch(self) -> None:
        driver = threading.get_ident()
        self.clock.turn.hand_to(self._thread.ident or 0)
        self._go.release()
        self._back.acquire()
        self.clock.turn.hand_to(driver)

    def _run(self) -> None:
        _here.actor = self
        self._go.acquire()
        try:
            if not self._ending:
                self._work()
        except ActorEnded:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the driver, which raises it
            self._error = error
        self.finished.set()
        self._back.release()


class Waiter:
    """One actor's wait for a signal, a time, or whichever comes first."""

    __slots__ = ("_actor", "_timer", "was_signalled")

    def __init__(self, actor: Actor, timer: Timer | None) -> None:
        self.was_signalled = False
        self._actor = actor
        self._timer = timer

    def signal(self, clock: Timekeeper) -> None:
        """Queue the actor to go on at once."""
        self.was_signalled = True
        if self._timer:
            self._timer.cancel()
        clock.call_at(clock.now(), self._actor.resume, name=f"wake {self._actor.name}")


class Signal(threading.Event):
    """An event that actors wait for in simulated time."""

    def __init__(self, clock: Timekeeper) -> None:
        super().__init__()
        self._clock = clock
        self._waiters: list[Waiter] = []

    def set(self) -> None:
        """Set the event; its waiters continue once the caller's turn is over."""
        super().set()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.signal(self._clock)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the event is set, for at most ``timeout`` simulated seconds; returns whether it was set."""
        actor = Actor.here()
        if actor is None:
            return super().wait(timeout)
        if self.is_set():
            return True
        return self._clock.wait(actor, self, timeout)

    def add(self, waiter: Waiter) -> None:
        """Register ``waiter`` to be woken by the next `set`."""
        self._waiters.append(waiter)

    def discard(self, waiter: Waiter) -> None:
        """Remove a waiter that continued for another reason."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)
