"""The names that the replication protocol uses: ballots, members, request ids.

Sources: Lamport, *Paxos Made Simple* (ballots); van Renesse and Altinbuken, *Paxos Made Moderately Complex*.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from dynaproof.impl.node import NodeId


class Ballot(NamedTuple):
    """A ballot number, totally ordered. Only `node`'s replica of this `incarnation` may lead it, and only
    once.
    """

    round: int
    node: str
    incarnation: int

    def __str__(self) -> str:
        return f"{self.round}.{self.node}.{self.incarnation}" if self.round else "0"


NO_BALLOT = Ballot(0, "", 0)
"""Below every ballot that is ever used."""


class Member(Struct, frozen=True, order=True, cache_hash=True, gc=False, array_like=True):
    """One incarnation of a replica; votes name it. A `Config` assigns incarnations, and never the same one
    twice.
    """

    node: NodeId
    incarnation: int

    def __str__(self) -> str:
        return f"{self.node}/{self.incarnation}"


FIRST_INCARNATION = 1
"""That of the voters that a `Split` names (H3). A later voter is made by the workflow that brought it."""


class RequestId(Struct, frozen=True, order=True, cache_hash=True, gc=False, array_like=True):
    """One request of one client, through all its retries.

    `boot` is that of the life in which the client made it: a client that restarts counts from 1 again, and
    its requests must not be taken for those of its earlier life.
    """

    node: NodeId
    boot: int
    number: int

    def __str__(self) -> str:
        return f"{self.node}:{self.boot}.{self.number}"
