"""Ctrl-C is the first thread's of the first process, and is never lost."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from dynaproof.checkers.interrupts import interrupts_held


def blocked() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())


@pytest.fixture
def heard() -> Iterator[None]:
    """SIGINT is an interruption, even where a shell has begun the tests in its background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_an_interruption_is_raised_when_the_block_ends_and_not_before() -> None:
    reached = []

    def interrupted() -> None:
        with interrupts_held():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached == ["the end"]
    assert not blocked()


def test_what_the_block_begins_holds_interruptions_back_for_life() -> None:
    go, found = threading.Event(), []
    thread = threading.Thread(target=lambda: found.append((go.wait(10), blocked())))
    with interrupts_held():
        thread.start()
    go.set()
    thread.join()
    assert found == [(True, True)]
