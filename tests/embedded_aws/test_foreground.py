import signal
import sys

import pytest

from embedded_aws import foreground
from embedded_aws.foreground import signalled, wait_for

SECONDS = 60


@pytest.fixture(autouse=True)
def _a_wait_that_never_ends_fails():
    def fail(_number, _frame):
        raise TimeoutError(f"the wait did not end within {SECONDS} s of its signal")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_came_before_the_wait_ends_it(number):
    with signalled() as ending:
        signal.raise_signal(number)
        wait_for(ending)


@pytest.mark.parametrize("line", range(12))
def test_a_signal_ends_the_wait_at_whichever_of_its_lines_it_arrives(monkeypatch, line):
    monkeypatch.setattr(foreground, "POLL_SECONDS", 0.01)
    lines = 0

    def trace(_frame, event, _argument):
        nonlocal lines
        if event == "line":
            if lines == line:
                signal.raise_signal(signal.SIGINT)
            lines += 1
        return trace

    tracer = sys.gettrace()
    with signalled() as ending:
        sys.settrace(trace)
        try:
            wait_for(ending)
        finally:
            sys.settrace(tracer)
    assert lines > line


def test_the_handlers_from_before_come_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with signalled():
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] != before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
