"""What the online frontier keeps: operations, and the configurations in which some of them have happened.

A configuration is `(state, used, hidden)`; bits of `used` and `hidden` name open operations. See
`dynaproof.checkers.linearizability.online` for the rules that these functions are part of.
"""

from typing import Any, Final

READ: Final = 0
PUT: Final = 1
CAS: Final = 2
DELETE: Final = 3

Configuration = tuple[Any, int, int]


class OpenOperation:
    """An operation: open, or returned but still in the log of events that may be replayed."""

    __slots__ = (
        "alive", "beside", "bit", "crashed", "differs", "expected", "forgotten", "kind", "log_at", "number",
        "reads", "returns_at", "snapshot", "value",
    )  # fmt: skip

    def __init__(self, bit: int, kind: int, value: Any, expected: Any, number: int) -> None:
        self.bit = bit
        self.kind = kind
        self.value = value
        self.expected = expected
        self.number = number
        self.alive = kind != READ  # It may still be linearized as a write.
        self.crashed = False
        self.forgotten = False  # It crashed, and happened in every configuration.
        self.reads = False  # It returned, and has to be linearized as a read of `value`,
        self.differs = False  # or of anything but `expected`.
        self.snapshot: list[Configuration] = []
        self.beside: tuple[OpenOperation, ...] = ()
        self.log_at = 0
        self.returns_at = 0


def mark(configurations: list[Configuration], read: OpenOperation) -> list[Configuration]:
    """Linearize a read wherever the state is what it returned (rule 1)."""
    bit = read.bit
    if read.differs:
        return [(s, used | bit if s != read.expected else used, h) for s, used, h in configurations]
    return [(s, used | bit if s == read.value else used, h) for s, used, h in configurations]


def without(configurations: list[Configuration], bit: int) -> list[Configuration]:
    """The configurations in which the operation of that bit did not happen."""
    return [(s, used, hidden & ~bit) for s, used, hidden in configurations if not used & bit]


def twins(op: OpenOperation, crashed: list[OpenOperation]) -> list[OpenOperation]:
    """The other writes of unknown outcome that do the same as this one; `crashed` has those of its value."""
    return [y for y in crashed if y is not op and y.kind == op.kind and y.expected == op.expected]


def later_twins(crashed: list[OpenOperation]) -> dict[OpenOperation, int]:
    """For each write of unknown outcome, the bits of those that do the same and were called later."""
    later: dict[OpenOperation, int] = {}
    bits: dict[Any, int] = {}
    for y in sorted(crashed, key=lambda op: -op.number):
        same = (y.kind, y.expected, y.value)
        later[y] = bits.get(same, 0)
        bits[same] = later[y] | y.bit
    return later


def of_use(
    crashed: dict[Any, list[OpenOperation]],
    wanted: dict[Any, int],
    picky: list[OpenOperation],
    number: int,
) -> list[OpenOperation]:
    """The writes of unknown outcome, called before event `number`, for which an operation waits (rule 2).

    `crashed` has them by the value that they would leave. `wanted` has, by value, the bits of the operations
    that wait for it; the values for which the found writes wait are added. `picky` wait for any value but
    one.
    """
    if picky:
        found = [y for ys in crashed.values() for y in ys if y.number < number]
        for y in found:
            if y.kind == CAS:
                wanted[y.expected] = wanted.get(y.expected, 0) | y.bit
        return found
    found = []
    values = list(wanted)
    for value in values:  # It grows while it is walked.
        for y in crashed.get(value, ()):
            if y.number < number:
                found.append(y)
                if y.kind == CAS:
                    if y.expected not in wanted:
                        values.append(y.expected)
                    wanted[y.expected] = wanted.get(y.expected, 0) | y.bit
    return found


def changed(
    configurations: list[Configuration], earlier: list[OpenOperation], later: list[OpenOperation]
) -> list[Configuration]:
    """These configurations, and those in which one of the earlier twins stands for one of the later: what the
    later one did, the earlier one could have done.
    """
    found = dict.fromkeys(configurations)
    for one in earlier:
        for other in later:
            both = one.bit | other.bit
            for state, used, hidden in configurations:
                if used & both == other.bit:
                    found[state, used ^ both, hidden & ~both] = None
    return list(found)


def covers(one: Configuration, other: Configuration, crashed: int) -> bool:
    """Whether everything that can follow `other` can follow `one`."""
    return (
        one[0] == other[0]
        and not one[1] & ~other[1] & crashed
        and not (other[2] & ~one[2]) & ~crashed
        and not (one[1] ^ other[1]) & ~crashed & ~one[2]
    )


def uncovered(configurations: list[Configuration], crashed: int) -> list[Configuration]:
    """The configurations that no other covers; of equal ones the first. `crashed`: the bits of writes of
    unknown outcome.
    """
    kept: list[Configuration] = []
    for one in configurations:
        if any(covers(other, one, crashed) for other in kept):
            continue
        kept = [other for other in kept if not covers(one, other, crashed)]
        kept.append(one)
    return kept
