"""Ctrl-C is the first thread's of the first process: it alone reports and ends the others."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold SIGINT back until the block ends.

    Processes and threads that the block begins hold it back for as long as they live, their imports included.
    An interruption meanwhile is raised when the block ends; none is lost.
    """
    resource_tracker.ensure_running()  # Begun by the first process otherwise, and that lets SIGINT through.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
