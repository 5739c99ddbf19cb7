"""A limit on what a bug may make endless: a handler that a seeded bug sends in circles never returns."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class EndlessError(BaseException):
    """The time is up. No exception handler on the way may take it for one of its own."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `EndlessError` in the block after so many seconds of processor time.

    Only in the main thread of a process, and where the system has such timers; elsewhere there is no limit.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise EndlessError

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
