"""What a message says must be true in the abstract state when it leaves.

A promise describes the log as it was when the promise was made. Votes are in the model's set of votes, or
name slots that the voter knows to be chosen. A leader's batch, accepts and commit index, and a peer's chosen
records, are the model's records of the ballot.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dynaproof.checkers.refinement.recording import Synced
from dynaproof.impl.node import Message
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.messages.catch_up import Chosen
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Heard, Heartbeat, Vote


def misstated(promise: Promise, state: Synced) -> Iterator[str]:
    """How a promise differs from the state in which it was made."""
    above = state.records[max(0, promise.known + 1 - state.first) :]
    known = promise.known - state.first
    at_known = state.records[known] if 0 <= known < len(state.records) else None
    if promise.ballot != state.promised:
        yield f"it promises {promise.ballot}, and promised is {state.promised}"
    if promise.last_accepted != state.last_accepted or promise.last_slot != state.last:
        yield f"it names ({promise.last_accepted}, {promise.last_slot}) as last accepted"
    if tuple(record.proposed_at for record in promise.tail) != above:
        yield f"its tail has {len(promise.tail)} records, and the log {len(above)} above {promise.known}"
    if at_known is not None and promise.at_known != at_known:
        yield f"it names {promise.at_known} in slot {promise.known}, which holds {at_known}"


class Spoken:
    """Compares messages with the state of the model."""

    def __init__(self, model: Any, number: dict[str, int], rank: dict[Ballot, int]) -> None:
        self.model, self.number, self.rank = model, number, rank

    @staticmethod
    def ballots(message: Message) -> Iterator[Ballot]:
        """The ballots that a message names."""
        if isinstance(message, Promise | Vote | Heard | Adopt | Accept | Heartbeat):
            yield message.ballot
        if isinstance(message, Promise):
            yield message.last_accepted
            yield from (record.proposed_at for record in message.tail)
        elif isinstance(message, Adopt | Accept | Chosen):
            yield from (record.proposed_at for record in message.records)

    def untrue(self, node: str, message: Message) -> str | None:
        """What the message says that is not true; None if all of it is."""
        model, a = self.model, self.number[node]
        if isinstance(message, Chosen):
            return self.not_chosen(message)
        assert isinstance(message, Promise | Vote | Heard | Adopt | Accept | Heartbeat)
        b = self.rank[message.ballot]
        if isinstance(message, Promise):
            if model.promised[a] < b:
                return f"it promises {message.ballot}, and promised is less"
            return None
        if isinstance(message, Vote):
            return self.not_voted(a, b, message.through)
        if isinstance(message, Heard):
            return self.not_voted(a, b, message.through) if message.adopted else None
        if model.role[b] != "leader":
            return f"{message.ballot} is not led"
        if isinstance(message, Adopt | Accept):
            for record in message.records:
                if (
                    record.slot > model.proposed[b]
                    or model.records[b, record.slot] != self.rank[record.proposed_at]
                ):
                    return f"{message.ballot} does not have {record.proposed_at} in slot {record.slot}"
        if isinstance(message, Adopt) and message.known + len(message.records) != model.tail_end[b]:
            return f"the batch of {message.ballot} ends at {model.tail_end[b]}"
        if isinstance(message, Accept) and message.tail_end != model.tail_end[b]:
            return f"the batch of {message.ballot} ends at {model.tail_end[b]}"
        if message.commit and not self.chosen(message.commit, None):
            return f"slot {message.commit} is not chosen"
        return None

    def not_voted(self, a: int, b: int, through: int) -> str | None:
        """How a vote for slots through this one is untrue: each must have been made, or its slot be known to
        be chosen.
        """
        model = self.model
        for n in range(through, model.base[b], -1):
            if (a, b, n) not in model.votes and n > model.known[a]:
                return f"slot {n} has no such vote, and is not known to be chosen"
        return None

    def not_chosen(self, message: Chosen) -> str | None:
        """How records that are said to be chosen are not."""
        for record in message.records:
            if not self.chosen(record.slot, self.rank[record.proposed_at]):
                return f"{record.proposed_at} is not chosen in slot {record.slot}"
        return None

    def chosen(self, n: int, record: int | None) -> bool:
        """Whether some ballot, likely a late one, chose the slot, with this record if one is given."""
        model = self.model
        return any(
            (record is None or model.records[b, n] == record) and model.chosen(b, n)
            for b in range(len(self.rank) - 1, 0, -1)
        )
