from tests.faults.small.clock import SmallClock


def test_what_is_due_is_done_in_its_order():
    clock, seen = SmallClock(100.0), []
    clock.call_after(20, lambda: seen.append(("b", clock.now())))
    clock.call_after(10, lambda: seen.append(("a", clock.now())))
    clock.call_after(20, lambda: seen.append(("c", clock.now())))
    clock.run_until(115)
    assert (seen, clock.now()) == ([("a", 110.0)], 115)
    clock.run_until(130)
    assert seen == [("a", 110.0), ("b", 120.0), ("c", 120.0)]


def test_who_waits_lets_everything_else_happen_meanwhile():
    clock, seen = SmallClock(0.0), []

    def waits() -> None:
        clock.sleep(30)
        seen.append(("waited", clock.now()))

    clock.call_at(10, waits)
    clock.call_at(20, lambda: seen.append(("other", clock.now())))
    clock.run_until(15)
    assert seen == [("other", 20.0), ("waited", 40.0)]


def test_a_wait_is_never_shorter_though_another_may_prolong_it():
    clock, seen = SmallClock(0.0), []

    def waits(seconds: float) -> None:
        clock.sleep(seconds)
        seen.append((seconds, clock.now()))

    clock.call_at(0, lambda: waits(10))
    clock.call_at(5, lambda: waits(60))
    clock.run_until(1)
    assert seen == [(60, 65.0), (10, 65.0)]


def test_time_passes_while_something_holds_and_no_longer_than_the_limit():
    clock, seen = SmallClock(0.0), []
    clock.call_at(10, lambda: seen.append(1))
    clock.call_at(50, lambda: seen.append(2))
    assert clock.run_while(lambda: not seen, limit=100)
    assert clock.now() == 10
    assert not clock.run_while(lambda: len(seen) < 3, limit=20)
    assert clock.now() == 30
    assert not clock.run_while(lambda: len(seen) < 3, limit=100)
    assert (clock.now(), seen) == (130, [1, 2])
