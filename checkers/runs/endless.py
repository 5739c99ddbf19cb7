"""A watch over what a run calls: code that never returns is named, and not waited for."""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from dynaproof.checkers.user_code import OURS
from dynaproof.checkers.user_file import PREFIX, UsersCodeError

SECONDS = 30.0
"""Of processor time without an event, at the least; at most twice as long. A handler of ours takes
milliseconds.
"""


class _StuckError(BaseException):
    """Nothing happens any more. No exception handler of the user's may take it for one of its own."""


@contextmanager
def watched(happened: Callable[[], int], last: Callable[[], str]) -> Iterator[None]:
    """Run the block as long as `happened()` changes: whenever `SECONDS` of processor time have passed, it
    must not be what it was then. `last()` says what happened last.

    Only in the main thread of a process, where the system has such timers, and where no other limit runs.

    Raises:
        UsersCodeError: the block was ended; the message says where it was.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    if signal.getitimer(signal.ITIMER_VIRTUAL)[0]:
        yield
        return
    seen = -1

    def look(_number: int, frame: FrameType | None) -> None:
        nonlocal seen
        now = happened()
        if now == seen:
            raise _StuckError(_place(frame))
        seen = now

    before = signal.signal(signal.SIGVTALRM, look)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, SECONDS)
    try:
        yield
    except _StuckError as error:
        said = f"nothing has happened for {SECONDS:g} s of processor time since {last()}"
        raise UsersCodeError(f"{error}: {said}; what a run calls must return") from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _place(frame: FrameType | None) -> str:
    """Where the code is: the innermost line of a user's file, or else of code that is not ours, or else of
    all.
    """
    lines = list(traceback.walk_stack(frame))
    users = [one for one in lines if one[0].f_globals.get("__name__", "").startswith(PREFIX)]
    others = [one for one in lines if not one[0].f_code.co_filename.startswith((OURS, "<"))]
    innermost, line = (users or others or lines)[0]
    return f"{innermost.f_code.co_filename}, line {line}, in {innermost.f_code.co_name}"
