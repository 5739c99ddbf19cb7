"""Forwards the parts of users' requests to the partitions that own them, once there are tokens for those that
need any; and settles what they have cost.
"""

from __future__ import annotations

from typing import Protocol

from dynaproof.impl.capacity.admission import REASONS
from dynaproof.impl.metadata.records import PartitionRecord, TableRecord
from dynaproof.impl.node import Env, Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import READS, Operation
from dynaproof.impl.router import errors
from dynaproof.impl.router.asked import Asked, Paid, PartOf
from dynaproof.impl.router.call import Ending
from dynaproof.impl.router.caller import Caller, Running
from dynaproof.impl.router.errors import ApiError
from dynaproof.impl.router.notes import TokensSettled, TokensSpent
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.router.tables import hosts_of
from dynaproof.impl.router.tokens import Purses


class Askers(Protocol):
    """The owner of the parts."""

    asked: dict[int, Asked]

    def lacks_tokens(self, number: int, index: int, reason: str, after_us: Microseconds) -> None:
        """There are no tokens for a part."""
        ...


class Forwarding:
    """The forwarding of one router; see the module."""

    def __init__(
        self, env: Env, settings: RouterSettings, tokens: NodeId | None, caller: Caller, askers: Askers
    ) -> None:
        self.env = env
        self.caller = caller
        self.askers = askers
        self.purses = Purses(env, settings, tokens, self)

    def forward(
        self,
        number: int,
        asked: Asked,
        index: int,
        table: TableRecord,
        owner: PartitionRecord,
        operation: Operation,
    ) -> None:
        """Ask the owner for a part, once there are tokens for it, if it needs any."""
        asked.ready[index] = owner, operation
        if self.purses.spend(table, number, index, operation):
            self.call(number, asked, index, None)

    def call(self, number: int, asked: Asked, index: int, paid: Paid | None) -> None:
        """Begin the call for a part that no longer waits for anything."""
        owner, operation = asked.ready.pop(index)
        left_us, part = max(1, asked.until - self.env.now), PartOf(number, index, paid)
        request = self.caller.begin(owner.partition, hosts_of(owner), operation, left_us, part)
        if paid is not None:
            self.env.note(TokensSpent(request, paid.of, paid.cost))

    def has_tokens(self, number: int, index: int, paid: Paid) -> None:
        """The tokens for a part are taken."""
        self.call(number, self.askers.asked[number], index, paid)

    def lacks_tokens(self, number: int, index: int, reason: str, after_us: Microseconds) -> None:
        """There are no tokens for a part."""
        self.askers.lacks_tokens(number, index, reason, after_us)

    def settle(self, running: Running, paid: Paid, ending: Ending, consumed: int) -> None:
        """A call that was paid for has ended: it has cost more, or nothing."""
        if ending == "definite":
            self.purses.give_back(paid)
            self.env.note(TokensSettled(running.call.request, -paid.cost))
        elif consumed > paid.cost:
            self.purses.settle(paid, consumed)
            self.env.note(TokensSettled(running.call.request, consumed - paid.cost))


def error_of(ending: Ending, running: Running) -> ApiError:
    """The error of an item whose call ended like this."""
    if ending == "condition_failed":
        return errors.CONDITION_FAILED
    if ending == "indefinite" and not isinstance(running.call.operation, READS):
        return errors.UNKNOWN
    if running.reason in REASONS:
        return errors.no_capacity(running.reason, running.wait_us)
    return errors.THROTTLED if running.reason == "throttled" else errors.UNAVAILABLE
