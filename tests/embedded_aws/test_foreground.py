"""A command in the foreground ends by a signal, wherever the signal finds it."""

import signal

import pytest

from embedded_aws import foreground


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_and_the_handlers_from_before_come_back(monkeypatch: pytest.MonkeyPatch, number: int):
    before = signal.getsignal(number)
    waits = iter([lambda: None, lambda: signal.raise_signal(number)])
    monkeypatch.setattr(foreground.time, "sleep", lambda _seconds: next(waits)())

    with foreground.signalled() as ended:
        foreground.wait_for(ended)

    assert next(waits, None) is None
    assert signal.getsignal(number) is before


def test_a_signal_that_comes_twice_takes_no_lock():
    with foreground.signalled() as ended:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        foreground.wait_for(ended)

    assert vars(ended) == {"has_come": True}
