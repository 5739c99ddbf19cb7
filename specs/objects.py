"""Sequential objects: what each operation may do when nothing else happens at the same time.

A history is linearizable with respect to one of these. A state is any hashable value; `step` gives the states
in which an operation may leave the object, and none if the operation, as it was observed, is impossible in
that state; so an object may be nondeterministic. Whether an operation of unknown outcome took effect is the
checker's business: `step` is asked for the effect only, and must then accept any result.

`Register` is the object of the fast algorithms; `StringWithAppend`, `Queue` and `Counter` are decided by
search, and are examples of how to write one's own.

Source: Herlihy and Wing, *Linearizability* (1990), on sequential specifications.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final, Protocol, runtime_checkable

from dynaproof.specs.history import UNRECORDED, Operation, Outcome

State = Hashable


@runtime_checkable
class SequentialObject(Protocol):
    """An object by its sequential behaviour; one instance serves all keys, so it has no state of its own.

    `name` is how a command line calls it, `functions` the names of the operations that it knows, and
    `initial` the state of every key at first. It may also have `reads`: those functions that leave every
    state as it is; only they are taken out when a counterexample is made smaller. And it may have
    `answer(state, operation)`: what an operation returns in a state; a violation is then told with the
    answers that were possible.
    """

    @property
    def name(self) -> str: ...
    @property
    def functions(self) -> tuple[str, ...]: ...
    @property
    def initial(self) -> State: ...

    def step(self, state: Any, operation: Operation) -> Iterable[State]:
        """The states after `operation`; none if what it observed cannot be observed in `state`."""
        ...


class Register:
    """A register with read, write, compare-and-set and delete; `None` is absent.

    A failed cas (`Outcome.FAILED`) reads: it saw `seen`, which is not what it expected; where nobody wrote
    that down, all that is known is that the value differed. Other failed operations did nothing.
    """

    name = "register"
    functions = ("read", "write", "cas", "delete")
    reads = ("read",)
    initial: State = None

    def step(self, state: State, operation: Operation) -> Iterable[State]:
        match operation.function, operation.outcome:
            case "read", Outcome.OK:
                return (state,) if _same(state, operation.value) else ()
            case "write", Outcome.OK | Outcome.UNKNOWN:
                return (operation.value,)
            case "delete", Outcome.OK | Outcome.UNKNOWN:
                return (None,)
            case "cas", Outcome.OK | Outcome.UNKNOWN:
                return (operation.value,) if _same(state, operation.expected) else ()
            case "cas", Outcome.FAILED:
                if _same(state, operation.expected):
                    return ()
                return (state,) if operation.seen is UNRECORDED or _same(state, operation.seen) else ()
            case _:
                return (state,)


class StringWithAppend:
    """A string with read, write and append; absent and empty are the same state."""

    name = "string"
    functions = ("read", "write", "append")
    reads = ("read",)
    initial: State = ""

    def step(self, state: str, operation: Operation) -> Iterable[State]:
        if operation.outcome is Outcome.FAILED:
            return (state,)
        match operation.function:
            case "write":
                return (operation.value or "",)
            case "append":
                return (state + (operation.value or ""),)
            case _:
                unknown = operation.outcome is Outcome.UNKNOWN
                return (state,) if unknown or (operation.value or "") == state else ()

    def answer(self, state: str, operation: Operation) -> Any:
        return state if operation.function == "read" else operation.value


class Queue:
    """A queue with `enqueue` (value: what) and `dequeue` (value: what came, None: it was empty)."""

    name = "queue"
    functions = ("enqueue", "dequeue")
    initial: State = ()

    def step(self, state: tuple[Any, ...], operation: Operation) -> Iterable[State]:
        if operation.outcome is Outcome.FAILED:
            return (state,)
        if operation.function == "enqueue":
            return ((*state, operation.value),)
        if operation.outcome is Outcome.UNKNOWN:
            return (state[1:],)
        if not state:
            return (state,) if operation.value is None else ()
        return (state[1:],) if _same(state[0], operation.value) else ()

    def answer(self, state: tuple[Any, ...], operation: Operation) -> Any:
        if operation.function == "enqueue":
            return operation.value
        return state[0] if state else None


class Counter:
    """A counter from 0 with `add` (value: the integer added) and `read` (value: the sum)."""

    name = "counter"
    functions = ("add", "read")
    reads = ("read",)
    initial: State = 0

    def step(self, state: int, operation: Operation) -> Iterable[State]:
        if operation.outcome is Outcome.FAILED:
            return (state,)
        if operation.function == "add":
            return (state + operation.value,)
        return (state,) if operation.outcome is Outcome.UNKNOWN or operation.value == state else ()

    def answer(self, state: int, operation: Operation) -> Any:
        return state if operation.function == "read" else operation.value


def _same(one: object, other: object) -> bool:
    """Whether two values are one value; `True` is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


REGISTER: Final = Register()
STRING: Final = StringWithAppend()

OBJECTS: Final[Mapping[str, SequentialObject]] = {
    thing.name: thing for thing in (REGISTER, STRING, Queue(), Counter())
}
"""The objects that a command line can name."""
