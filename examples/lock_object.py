"""An object of one's own: a lock that is held by at most one client at a time.

Check a history of `acquire` and `release` against it (value: who):

    ./run check examples/histories/lock.jsonl --object examples/lock_object.py:Lock
"""

from collections.abc import Iterable

from dynaproof.specs.history import Completion, Operation


class Lock:
    """Free (None), or held by a client; `acquire` says by `ok` whether it was given."""

    name = "lock"
    functions = ("acquire", "release", "holder")
    reads = ("holder",)
    initial: str | None = None

    def step(self, state: str | None, operation: Operation) -> Iterable[str | None]:
        if operation.outcome is Completion.FAILED:
            return (state,)
        if operation.function == "acquire":
            return (operation.value,) if state is None else ()
        if operation.function == "release":
            return (None,) if state == operation.value else ()
        unknown = operation.outcome is Completion.UNKNOWN
        return (state,) if unknown or operation.value == state else ()
