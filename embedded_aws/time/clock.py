"""The virtual clock: a queue of due times that steps to the earliest one when nothing is running.

Decides when things happen and in which order; callers say what happens. Time stands still while anything runs (the driver's
step, an actor, a guest; see `turns`) and moves between steps. It jumps to the next due time, or, if a speed is set, moves
along with real time. This is the only module of the embedded AWS that reads a real clock.
"""

from __future__ import annotations

import heapq
import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import time_machine

from embedded_aws.time.actors import Actor, Signal, Waiter
from embedded_aws.time.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

TICK_SECONDS = 0.25  # real time: how often a clock with a speed moves on when nothing is due

_log = logging.getLogger(__name__)


class ClockError(RuntimeError):
    """The clock cannot do what it was asked, or a run did not finish within its limit."""


@dataclass(order=True, slots=True)
class Due:
    """Something that happens at a time. Entries with equal times run in the order in which they were queued."""

    at: float
    order: int
    name: str = field(compare=False)
    action: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        """Cancel it."""
        self.action = None


class Clock:
    """Simulated time from the epoch second ``start``.

    ``speed`` is simulated seconds per real second; None means as fast as possible. ``real`` is the clock that a speed follows,
    in seconds since any moment.
    """

    def __init__(self, start: float, *, speed: float | None = None, real: Callable[[], float] = time.monotonic) -> None:
        self.turn = Turn()
        self._now = start
        self._speed = speed
        self._real = real
        self._queue: list[Due] = []
        self._orders = 0
        self._announced = start
        self._listeners: list[Callable[[float, float], None]] = []
        self._followers: list[Callable[[float], object]] = []
        self._actors: set[Actor] = set()
        self._anchor: tuple[float, float] | None = None
        self._hurried_until = start
        self._driver: threading.Thread | None = None
        self._is_stopping = False
        self._is_closed = False

    def now(self) -> float:
        """Epoch seconds."""
        return self._now

    def call_at(self, due: float, action: Callable[[], None], *, name: str) -> Due:
        """Call ``action`` at the epoch second ``due``; if that is past, at once, after everything that is already due."""
        self._orders += 1
        entry = Due(max(due, self._now), self._orders, name, action)
        if not self._is_closed:
            heapq.heappush(self._queue, entry)
            self.turn.tell_news()
        return entry

    def spawn(self, work: Callable[[], None], *, name: str) -> Actor:
        """Start an actor; its work begins once the caller's turn is over."""
        actor = Actor(self, work, name)
        self._actors.add(actor)
        self.call_at(self._now, actor.resume, name=f"start {name}")
        return actor

    def forget(self, actor: Actor) -> None:
        """Remove an actor that has ended."""
        self._actors.discard(actor)

    def signal(self) -> Signal:
        """An event that actors can wait for, and that can end a `sleep` early."""
        return Signal(self)

    def sleep(self, seconds: float, *, wake: Signal | None = None) -> bool:
        """Let ``seconds`` of simulated time pass in an actor's thread; true if ``wake`` ended the sleep early.

        Raises:
            ClockError: the thread is not an actor's, so nothing could drive the clock meanwhile.
        """
        actor = Actor.here()
        if actor is None:
            raise ClockError(f"only an actor can sleep on the clock, not thread {threading.current_thread().name}; spawn one")
        if wake is not None and wake.is_set():
            return True
        return self.wait(actor, wake, seconds)

    def wait(self, actor: Actor, signal: Signal | None, seconds: float | None) -> bool:
        """Park ``actor`` until ``signal`` is set or ``seconds`` have passed; true if it was the signal."""
        timer = None if seconds is None else self.call_at(self._now + seconds, actor.resume, name=f"wake {actor.name}")
        waiter = Waiter(actor, timer)
        if signal is not None:
            signal.add(waiter)
        try:
            actor.park()
        finally:
            if signal is not None:
                signal.discard(waiter)
            if timer is not None:
                timer.cancel()
        return waiter.was_signalled

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Act from outside: inside the with block time stands still and nothing else runs."""
        if self.turn.is_mine():
            yield
            return
        with self.turn.as_guest():
            if self._anchor:
                self._advance(self._flowing())
            yield

    def on_advance(self, listener: Callable[[float, float], None]) -> None:
        """Call ``listener(t0, t1)`` before time moves from t0 to t1; the listener handles everything in (t0, t1]."""
        self._listeners.append(listener)

    def follow(self, follower: Callable[[float], object]) -> None:
        """Call ``follower(now)`` whenever time has moved."""
        self._followers.append(follower)

    def run_until(self, done: Callable[[], bool], *, limit: float) -> None:
        """Drive time in this thread until ``done()``, which is checked after every step.

        Raises:
            ClockError: ``limit`` simulated seconds passed first.
        """
        if not self._drive(done, self._now + limit):
            waiting = ", ".join(sorted(actor.name for actor in self._actors)) or "nobody"
            raise ClockError(
                f"not done after {limit:g} simulated seconds, at {datetime.fromtimestamp(self._now, UTC):%FT%TZ}; "
                f"waiting: {waiting}; raise the limit or check what they wait for"
            )

    def run_for(self, seconds: float) -> None:
        """Drive time in this thread for this many simulated seconds, including everything due at the end."""
        self._drive(lambda: False, self._now + seconds)

    def hurry(self, seconds: float) -> None:
        """Let the next ``seconds`` of simulated time pass as fast as possible; after them, time follows its speed again."""
        self._hurried_until = max(self._hurried_until, self._now + seconds)
        self.turn.tell_news()

    def start(self) -> None:
        """Drive time in a background thread until `stop`. An error in a step is logged, and time continues."""
        self._is_stopping = False
        self._follow_real_time()
        self._driver = threading.Thread(target=self._drive_on, name="clock", daemon=True)
        self._driver.start()

    def stop(self) -> None:
        """Stop the thread that `start` began, after its current step."""
        self._is_stopping = True
        self.turn.tell_news()
        if self._driver:
            self._driver.join()
            self._driver = None

    def close(self) -> None:
        """Stop for good: drop everything that is due, and unwind every actor."""
        self.stop()
        with self.turn.as_guest():
            self._is_closed = True
            self._queue.clear()
            for actor in sorted(self._actors, key=lambda actor: actor.name):
                actor.end()
            self._actors.clear()

    def governing_process_time(self) -> AbstractContextManager[None]:
        """Make ``time.time()`` and ``datetime.now()`` of the whole process show this clock; timeouts stay real."""
        return _process_time(self)

    def _drive_on(self) -> None:
        while not self._is_stopping:
            try:
                self._drive(lambda: self._is_stopping, math.inf)
            except Exception:  # noqa: BLE001 - the boundary of a server that must go on
                _log.exception("a step at %.3f failed; the clock continues", self._now)

    def _drive(self, done: Callable[[], bool], until: float) -> bool:
        """Step until ``done()`` (true) or until everything due up to ``until`` has happened (false)."""
        if self._driver not in {None, threading.current_thread()}:
            raise ClockError("the clock is driven by a thread of its own; stop() it before driving it from here")
        self._follow_real_time()
        try:
            while True:
                with self.turn.as_driver():
                    news = self.turn.news
                    if done():
                        return True
                    has_stepped = self._step(until)
                    if not has_stepped and self._now >= until:
                        return False
                if not has_stepped:
                    self.turn.wait_for_news(news, self._real_seconds_to_next(until))
        finally:
            self._anchor = None

    def _step(self, until: float) -> bool:
        """Run the earliest entry, moving time to it; false if its time has not come."""
        self._advance(min(until, self._flowing()) if self._anchor else until)
        earliest = self._earliest()
        if earliest is None or earliest.at > self._now or earliest.action is None:
            return False
        heapq.heappop(self._queue)
        earliest.action()
        return True

    def _advance(self, target: float) -> None:
        """Move time to ``target``, or to the earliest entry that is due before it: it decides about what comes after.

        Time stands still if ``target`` is infinite and nothing is due.
        """
        earliest = self._earliest()
        target = min(target, earliest.at) if earliest else target
        if not math.isfinite(target):
            return
        if target > self._announced:
            start, self._announced = self._announced, target
            for listener in self._listeners:
                listener(start, target)
        # A listener may have queued something that is due before the target.
        earliest = self._earliest()
        target = min(target, earliest.at) if earliest else target
        if target > self._now:
            self._now = target
            for follower in self._followers:
                follower(target)

    def _earliest(self) -> Due | None:
        while self._queue and self._queue[0].action is None:
            heapq.heappop(self._queue)
        return self._queue[0] if self._queue else None

    def _follow_real_time(self) -> None:
        """From now on, a clock with a speed moves along with real time."""
        self._anchor = (self._real(), self._now) if self._speed else None

    def _flowing(self) -> float:
        """The simulated time that a clock with a speed has reached."""
        if self._now < self._hurried_until:
            self._follow_real_time()
            return self._hurried_until
        real, simulated = self._anchor or (0.0, 0.0)
        return simulated + (self._real() - real) * (self._speed or 0.0)

    def _real_seconds_to_next(self, until: float) -> float | None:
        if not self._speed:
            return None
        earliest = self._earliest()
        target = min(earliest.at if earliest else until, until)
        return max(0.0, min(TICK_SECONDS, (target - self._flowing()) / self._speed))


@contextmanager
def _process_time(clock: Clock) -> Iterator[None]:
    travel = time_machine.travel(clock.now(), tick=False)
    traveller = travel.start()
    clock.follow(traveller.move_to)
    try:
        yield
    finally:
        travel.stop()
