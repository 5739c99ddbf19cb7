"""The oracle: tries every order of the operations of one key, one after the other, with no cleverness at all.

For up to about seven operations. It shares only the definition with the algorithms: an order of all
operations that returned, and of any of those that did not, in which none stands before one that returned
before its call, and which the sequential object accepts from its initial state.

Source: Herlihy and Wing, *Linearizability* (1990), section 2.3.
"""

from collections.abc import Sequence
from typing import Any

from dynaproof.specs.history import NEVER, Completion, Operation
from dynaproof.specs.objects import REGISTER, SequentialObject


def some_order(operations: Sequence[Operation], thing: SequentialObject = REGISTER) -> list[Operation] | None:
    """An order that linearizes the operations of one key, or None if there is none; time is factorial."""
    return _extend([], list(operations), thing.initial, thing)


def is_linearizable(operations: Sequence[Operation], thing: SequentialObject = REGISTER) -> bool:
    """Whether some order linearizes the operations of one key."""
    return some_order(operations, thing) is not None


def explains(
    operations: Sequence[Operation], order: Sequence[Operation], thing: SequentialObject = REGISTER
) -> bool:
    """Whether `order` linearizes the operations of one key: the definition itself, in quadratic time."""
    stands = [operation.index for operation in order]
    if len(set(stands)) < len(stands):
        return False
    for operation in operations:
        must = operation.outcome is Completion.OK or (
            operation.outcome is Completion.FAILED and operation.function == "cas"
        )
        may = must or operation.outcome is Completion.UNKNOWN
        if (must and operation.index not in stands) or (not may and operation.index in stands):
            return False
    if any(later.ret < earlier.call for at, later in enumerate(order) for earlier in order[:at]):
        return False
    states: list[Any] = [thing.initial]
    for operation in order:
        states = [after for state in states for after in thing.step(state, operation)]
    return bool(states)


def _extend(
    order: list[Operation], left: list[Operation], state: Any, thing: SequentialObject
) -> list[Operation] | None:
    if all(operation.outcome is Completion.UNKNOWN for operation in left):
        return order
    first_return = min(operation.ret for operation in left)
    for operation in left:
        assert (operation.ret == NEVER) == (operation.outcome is Completion.UNKNOWN), (
            "only the unknown never return"
        )
        if operation.call > first_return:
            continue
        rest = [other for other in left if other is not operation]
        for after in thing.step(state, operation):
            found = _extend([*order, operation], rest, after, thing)
            if found is not None:
                return found
    return None
