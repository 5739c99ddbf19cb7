"""Ctrl-C belongs to the first thread of the first process: it alone reports and ends the others."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold SIGINT back until the block ends.

    Processes and threads that the block begins hold it back for as long as they live, their imports included.
    An interruption meanwhile is raised when the block ends; none is lost.
    """
    resource_tracker.ensure_running()  # Otherwise the first process begins it, and that lets SIGINT through.
    heard: list[int] = []
    first = threading.current_thread() is threading.main_thread()
    # The mask is for what is begun. A thread without it may still hear the signal, and its handler runs here.
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number)) if first else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if first:
            signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)
        if heard:
            signal.raise_signal(signal.SIGINT)
