"""A user's own object, in a wrapper: what its code does wrong is reported with its file and line.

An exception, a state that cannot be hashed and a `step` that gives no sequence of states are
`UsersObjectError`s. So is a slow `step`: while `within` lasts, an alarm rings when the time is over, and now
and then from there on; if one call has taken more than `SLOW` of the time until then, it is interrupted where
it stands. If calls are quick, the alarm only sees to it that the search asks its budget often (`ask_every`),
and the verdict is unknown.

The alarm is a signal, so there is none outside the first thread, and none on systems without it.
"""

import inspect
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, TypeVar

from dynaproof.checkers.user_code import Guard
from dynaproof.specs.history import Operation
from dynaproof.specs.objects import SequentialObject, State

SLOW: Final = 0.1
"""If the time of a check does not suffice, a call that took more than this part of it is to blame."""

LONGEST_SECONDS: Final = 1e8
"""An alarm is set for this time at most, three years: a timer takes no number of seconds whatever."""

T = TypeVar("T")


class UsersObjectError(Exception):
    """What the code of a user's object did wrong; the message begins with its file and line."""


class _Interrupted(BaseException):
    """Ends a slow call from inside; not an `Exception`, so that the user's code does not catch it."""


class UsersObject:
    """A `SequentialObject` around a user's; `file` (None: not known) is where its code stands."""

    ask_every = 1

    def __init__(self, thing: SequentialObject, file: str | None) -> None:
        self.thing = thing
        self.file = file
        self.name = thing.name
        self.functions = thing.functions
        self.reads: tuple[str, ...] = tuple(getattr(thing, "reads", ()))
        self.initial = thing.initial
        self._seconds: float | None = None
        self._began: float | None = None
        self._longest = 0.0
        self._rang = False
        """Whether the last alarm has interrupted the call."""
        if not isinstance(thing.name, str):
            raise UsersObjectError(f"{self._line_of('name')}: the name {thing.name!r} is no string")
        names: object = thing.functions
        if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
            raise UsersObjectError(f"{self._line_of('functions')}: functions of {self.name} are no names")
        try:
            hash(self.initial)
        except TypeError as error:
            reason = f"the initial state of {self.name} cannot be hashed ({error})"
            raise UsersObjectError(f"{self._line_of('initial')}: {reason}") from error
        for optional in ("answer", "unfit"):
            method: Callable[..., Any] | None = getattr(thing, optional, None)
            if method is not None:
                setattr(self, optional, self._guarded(optional, method))

    def step(self, state: State, operation: Operation) -> Iterable[State]:
        """What the user's step gives, or `UsersObjectError`."""
        return self._call("step", lambda: self._states(self.thing.step(state, operation)))

    def _states(self, given: object) -> tuple[State, ...]:
        if not isinstance(given, Iterable):
            place = self._line_of("step")
            raise UsersObjectError(
                f"{place}: step of {self.name} gave {given!r}, which is no sequence of states"
            )
        states = tuple(given)
        for state in states:
            try:
                hash(state)
            except TypeError as error:
                place = self._line_of("step")
                reason = f"step of {self.name} gave a state that cannot be hashed ({error})"
                raise UsersObjectError(f"{place}: {reason}") from error
        return states

    def _guarded(self, what: str, method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: self._call(what, lambda: method(*arguments))

    def _call(self, what: str, code: Callable[[], T]) -> T:
        self._began, self._rang = time.monotonic(), False
        try:
            with Guard(partial(self._mistake, what)):
                return code()
        except _Interrupted as error:
            self._ended()
            place = self._deepest(error.__traceback__) or self._line_of(what)
            took = f"it had taken {self._longest:.3g} s when the time of the check ended"
            reason = f"{what} of {self.name} is slow: {took}"
            raise UsersObjectError(f"{place}: {reason}") from None
        finally:
            self._ended()

    def _mistake(self, what: str, error: BaseException) -> "UsersObjectError":
        if isinstance(error, UsersObjectError):
            return error
        place = self._deepest(error.__traceback__) or self._line_of(what)
        reason = f"{what} of {self.name} raised {type(error).__name__}: {error}"
        return UsersObjectError(f"{place}: {' '.join(reason.split())}")

    def _ended(self) -> None:
        """The call is over, or given up: what follows is not the user's code, and no alarm stops it."""
        if self._began is not None:
            self._longest = max(self._longest, time.monotonic() - self._began)
            self._began = None

    @contextmanager
    def within(self, seconds: float | None) -> Iterator[None]:
        """For as long as the block runs, interrupt a slow call once `seconds` (None: no limit) are over."""
        first = threading.current_thread() is threading.main_thread()
        if seconds is None or not first or not hasattr(signal, "setitimer"):
            yield
            return
        seconds = min(seconds, LONGEST_SECONDS)
        self._seconds, self._longest = seconds, 0.0
        before = signal.signal(signal.SIGALRM, self._ring)
        left = signal.setitimer(signal.ITIMER_REAL, seconds, seconds * SLOW)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, *left)
            signal.signal(signal.SIGALRM, before)
            self._seconds = None

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        if self._began is None or self._seconds is None:
            return
        self._longest = max(self._longest, time.monotonic() - self._began)
        if self._longest <= SLOW * self._seconds:
            return
        # The alarm after one that interrupted may come while what the call leaves behind is freed. If another
        # one follows, the interruption was swallowed, in a callback of the garbage collector say.
        self._rang = not self._rang
        if self._rang:
            raise _Interrupted

    def _deepest(self, traceback: TracebackType | None) -> str | None:
        """The innermost place in the user's file that an error went through."""
        found = None
        while traceback is not None:
            if self.file is not None and _same_file(traceback.tb_frame.f_code.co_filename, self.file):
                found = f"{self.file}:{traceback.tb_lineno}"
            traceback = traceback.tb_next
        return found

    def _line_of(self, name: str) -> str:
        """Where the user's class has that name, or begins, or just its file."""
        try:
            lines, first = inspect.getsourcelines(type(self.thing))
        except (OSError, TypeError):
            return self.file or self.name
        at = next((i for i, line in enumerate(lines) if _names(line, name)), 0)
        return f"{self.file or self.name}:{first + at}"


def _names(line: str, name: str) -> bool:
    """Whether a line of a class defines that name."""
    words = line.replace(":", " ").replace("=", " ").replace("(", " ").replace(";", " ").split()
    return name in words and "self" not in words[: words.index(name)]


def _same_file(one: str, other: str) -> bool:
    return Path(one).resolve() == Path(other).resolve()
