"""Sequential objects: what each operation may do when nothing else happens at the same time.

A history is linearizable with respect to one of these. A state is any hashable value; `step` gives the states
in which an operation may leave the object, and none if the operation, as it was observed, is impossible in
that state; so an object may be nondeterministic. Whether an operation of unknown outcome took effect is the
checker's business: `step` is asked for the effect only, and must then accept any result.

What an object begins with is made `distinct` when the object is made, as the values of a history are when the
history is made, so a step compares them with `==`, and `True` is not 1.

`Register` is the object of the fast algorithms; the others are decided by search, and show how to write your
own. Where an object can begin in another state than the usual one, its class takes that as `initial`.

Source: Herlihy and Wing, *Linearizability* (1990), on sequential specifications.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final, Protocol, runtime_checkable

from dynaproof.specs.booleans import distinct
from dynaproof.specs.history import UNRECORDED, Completion, Operation, Value

State = Hashable


@runtime_checkable
class SequentialObject(Protocol):
    """An object by its sequential behaviour; one instance serves all keys, so it has no state of its own.

    `name` is its name on a command line, `functions` the names of the operations that it knows, and
    `initial` the first state of every key. It may also have `reads`: those functions that leave every state
    as it is; only they are taken out when a counterexample is made smaller. It may have `answer(state,
    operation)`: what an operation returns in a state; a violation is then reported with the answers that were
    possible. And it may have `unfit(operation)`: why its `step` could make nothing of the values of an
    operation (None: it can); such a history is rejected.
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

    A failed cas (`Completion.FAILED`) is a read: it saw `seen`, which is not what it expected; where nobody
    wrote that down, all that is known is that the value differed. Other failed operations did nothing.
    """

    name = "register"
    functions = ("read", "write", "cas", "delete")
    reads = ("read",)

    def __init__(self, initial: State = None) -> None:
        self.initial: State = distinct(initial)

    def step(self, state: State, operation: Operation) -> Iterable[State]:
        match operation.function, operation.outcome:
            case "read", Completion.OK:
                return (state,) if state == operation.value else ()
            case "write", Completion.OK | Completion.UNKNOWN:
                return (operation.value,)
            case "delete", Completion.OK | Completion.UNKNOWN:
                return (None,)
            case "cas", Completion.OK | Completion.UNKNOWN:
                return (operation.value,) if state == operation.expected else ()
            case "cas", Completion.FAILED:
                if state == operation.expected:
                    return ()
                return (state,) if operation.seen is UNRECORDED or state == operation.seen else ()
            case _:
                return (state,)


def is_register(thing: SequentialObject) -> bool:
    """Whether an object is a `Register` and nothing else: a class derived from it may step otherwise."""
    return type(thing) is Register


class StringWithAppend:
    """A string with read, write and append; absent and empty are the same state."""

    name = "string"
    functions = ("read", "write", "append")
    reads = ("read",)

    def __init__(self, initial: str | None = None) -> None:
        if not isinstance(initial, str | None):
            raise UnfitError("a string begins as a string")
        self.initial = initial or ""

    def unfit(self, operation: Operation) -> str | None:
        return None if isinstance(operation.value, str | None) else "its value is not a string"

    def step(self, state: str, operation: Operation) -> Iterable[State]:
        if operation.outcome is Completion.FAILED:
            return (state,)
        match operation.function:
            case "write":
                return (operation.value or "",)
            case "append":
                return (state + (operation.value or ""),)
            case _:
                unknown = operation.outcome is Completion.UNKNOWN
                return (state,) if unknown or (operation.value or "") == state else ()

    def answer(self, state: str, operation: Operation) -> Any:
        return state if operation.function == "read" else operation.value


class Queue:
    """A queue with `enqueue` (value: the item) and `dequeue` (value: the item, None: it was empty)."""

    name = "queue"
    functions = ("enqueue", "dequeue")

    def __init__(self, initial: Value = ()) -> None:
        self.initial = elements_of(distinct(initial), "a queue begins as a list of values")

    def step(self, state: tuple[Any, ...], operation: Operation) -> Iterable[State]:
        if operation.outcome is Completion.FAILED:
            return (state,)
        if operation.function == "enqueue":
            return ((*state, operation.value),)
        if operation.outcome is Completion.UNKNOWN:
            return (state[1:],)
        if not state:
            return (state,) if operation.value is None else ()
        return (state[1:],) if state[0] == operation.value else ()

    def answer(self, state: tuple[Any, ...], operation: Operation) -> Any:
        if operation.function == "enqueue":
            return operation.value
        return state[0] if state else None


class Counter:
    """A counter from 0 with `add` (value: the integer added) and `read` (value: the sum)."""

    name = "counter"
    functions = ("add", "read")
    reads = ("read",)

    def __init__(self, initial: int = 0) -> None:
        if not _is_integer(initial):
            raise UnfitError("a counter begins as an integer")
        self.initial = initial

    def unfit(self, operation: Operation) -> str | None:
        unanswered = operation.function == "read" and operation.value is None
        return None if unanswered or _is_integer(operation.value) else "its value is not an integer"

    def step(self, state: int, operation: Operation) -> Iterable[State]:
        if operation.outcome is Completion.FAILED:
            return (state,)
        if operation.function == "add":
            return (state + operation.value,)
        return (state,) if operation.outcome is Completion.UNKNOWN or operation.value == state else ()

    def answer(self, state: int, operation: Operation) -> Any:
        return state if operation.function == "read" else operation.value


class Stack:
    """A stack with `push` (value: the item) and `pop` (value: the item, None: it was empty).

    Source: Herlihy and Shavit, *The Art of Multiprocessor Programming*, chapter 11, on total stacks.
    """

    name = "stack"
    functions = ("push", "pop")

    def __init__(self, initial: Value = ()) -> None:
        self.initial = elements_of(
            distinct(initial), "a stack begins as a list of values, the top at the end"
        )

    def step(self, state: tuple[Any, ...], operation: Operation) -> Iterable[State]:
        if operation.outcome is Completion.FAILED:
            return (state,)
        if operation.function == "push":
            return ((*state, operation.value),)
        if operation.outcome is Completion.UNKNOWN:
            return (state[:-1],)
        if not state:
            return (state,) if operation.value is None else ()
        return (state[:-1],) if state[-1] == operation.value else ()

    def answer(self, state: tuple[Any, ...], operation: Operation) -> Any:
        if operation.function == "push":
            return operation.value
        return state[-1] if state else None


class Set:
    """A set with `add` and `remove` (value: the element, there or not) and `read` (value: all elements).

    A read's elements come as a set or as a list in any order; None is the empty set.

    Source: Jepsen, `jepsen.checker/set-full`, for sets that are only added to and read.
    """

    name = "set"
    functions = ("add", "remove", "read")
    reads = ("read",)

    def __init__(self, initial: Value = None) -> None:
        elements = elements_of(distinct(initial), "a set begins as a set or a list of values")
        self.initial = frozenset(elements)

    def unfit(self, operation: Operation) -> str | None:
        if operation.function != "read" or _elements(operation.value) is not None:
            return None
        return "its value is neither a set nor a list"

    def step(self, state: frozenset[Value], operation: Operation) -> Iterable[State]:
        if operation.outcome is Completion.FAILED:
            return (state,)
        if operation.function == "add":
            return (state | {operation.value},)
        if operation.function == "remove":
            return (state - {operation.value},)
        unknown = operation.outcome is Completion.UNKNOWN
        return (state,) if unknown or frozenset(_elements(operation.value) or ()) == state else ()

    def answer(self, state: frozenset[Value], operation: Operation) -> Any:
        return state if operation.function == "read" else operation.value


class Mutex:
    """A lock with `acquire` and `release`: nobody acquires it while it is held, nobody releases it while it
    is free.

    Any process may release it, whoever holds it; values mean nothing. An acquire that was refused (`FAILED`)
    did not happen.

    Source: Knossos, `knossos.model/mutex`.
    """

    name = "mutex"
    functions = ("acquire", "release")
    initial: State = "free"

    def step(self, state: str, operation: Operation) -> Iterable[State]:
        if operation.outcome is Completion.FAILED:
            return (state,)
        if operation.function == "acquire":
            return ("held",) if state == "free" else ()
        return ("free",) if state == "held" else ()


def beginning_as(thing: SequentialObject, initial: Value) -> SequentialObject:
    """The object of that kind that begins as `initial`; raises UnfitError where it cannot."""
    kind = BEGIN_WITH.get(thing.name) if type(thing) in BEGIN_WITH.values() else None
    if kind is None:
        raise UnfitError(f"the object {thing.name} always begins alike")
    made: SequentialObject = kind(initial)
    return made


class UnfitError(ValueError):
    """A value with which an object cannot begin."""


def elements_of(value: Value, complaint: str) -> tuple[Value, ...]:
    """The elements of a value that is a list or a set; else raises UnfitError with the complaint."""
    found = _elements(value)
    if found is None:
        raise UnfitError(complaint)
    return found


def _elements(value: Value) -> tuple[Value, ...] | None:
    """The elements of a value that is a list, a set or None; else None. A list of JSON knows its `items`."""
    if value is None:
        return ()
    if isinstance(value, tuple | frozenset):
        return tuple(value)
    items: tuple[Value, ...] | None = getattr(value, "items_of_list", None)
    return items


def _is_integer(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


REGISTER: Final = Register()
STRING: Final = StringWithAppend()

OBJECTS: Final[Mapping[str, SequentialObject]] = {
    thing.name: thing for thing in (REGISTER, STRING, Queue(), Stack(), Set(), Counter(), Mutex())
}
"""The objects that a command line can name."""

BEGIN_WITH: Final[Mapping[str, Callable[[Any], Any]]] = {
    kind.name: kind for kind in (Register, StringWithAppend, Queue, Stack, Set, Counter)
}
"""The classes of the objects that can begin with a value."""
