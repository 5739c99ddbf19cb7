"""The facts about one replica group and its clients. Most of them are suspicious in themselves: a spec says
which promise they break.

`name` is always an incarnation of a replica, or a node, that did something.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple, TypeAlias

from dynaproof.specs.views.base import Fact, Name

Ballot: TypeAlias = tuple[Any, ...]
"""A ballot; they are totally ordered."""


class Entry(NamedTuple):
    """A durable entry of one slot: the ballot at which it was accepted, and the identity of its record."""

    ballot: Ballot
    identity: Hashable


class GroupFact(Fact, frozen=True, gc=False):
    """The base of all facts about a group."""


# --- Consensus ---


class Led(GroupFact, frozen=True, gc=False):
    """An incarnation completed phase 1 of a ballot."""

    ballot: Ballot


class ProposalChanged(GroupFact, frozen=True, gc=False):
    """A second value was proposed for a slot at one ballot."""

    ballot: Ballot
    slot: int


class ConfigJoined(GroupFact, frozen=True, gc=False):
    """A leader's proposals show the config in a slot and the `other` slot under way at the same time."""

    ballot: Ballot
    slot: int
    other: int


class AppliedApart(GroupFact, frozen=True, gc=False):
    """After a handler a replica has applied more, or less, than it knows to be chosen."""

    name: Name
    applied: int
    commit: int


class EpochApart(GroupFact, frozen=True, gc=False):
    """A chosen record carries another epoch than that of the config that governs its slot."""

    slot: int
    epoch: int
    governing: int


class RecordAltered(GroupFact, frozen=True, gc=False):
    """A durable record differs from another one of the same identity, the ballot at which it was proposed."""

    slot: int
    identity: Hashable


class Accepted(GroupFact, frozen=True, gc=False):
    """A slot that is chosen, or just became so, has another durable vote."""

    slot: int


class Chosen(GroupFact, frozen=True, gc=False):
    """A chosen slot; `record` is whatever the observed system keeps in it."""

    slot: int
    entry: Entry
    record: Any


class Committed(GroupFact, frozen=True, gc=False):
    """A replica, or a reader of its log, takes a record to be chosen."""

    name: Name
    slot: int
    identity: Hashable


class Recovered(GroupFact, frozen=True, gc=False):
    """An incarnation came back from its disk with a promise."""

    name: Name
    promised: Ballot


class WasShed(GroupFact, frozen=True, gc=False):
    """A message was dropped because a queue was full, and that was noted."""

    node: str
    message: str
    own: bool
    """Whether it was addressed to the node itself."""


class Vanished(GroupFact, frozen=True, gc=False):
    """A message is gone from the node that sent it, without a note."""

    node: str
    message: str


class Uncovered(GroupFact, frozen=True, gc=False):
    """A message left its node before what the node had written was synced."""

    name: Name
    message: str


class Forgot(GroupFact, frozen=True, gc=False):
    """An incarnation lost synced state."""

    name: Name


class ForgetfulVote(GroupFact, frozen=True, gc=False):
    """A promise, vote or grant left an incarnation that had lost synced state."""

    name: Name
    ballot: Ballot


class WasDropped(GroupFact, frozen=True, gc=False):
    """An operator had a replica dropped."""

    name: Name


class LacksTree(GroupFact, frozen=True, gc=False):
    """A replica was made with a log that begins behind a config, and without a tree."""

    name: Name


class ActedWithoutTree(GroupFact, frozen=True, gc=False):
    """A replica without a tree did what needs one."""

    name: Name
    what: str


class FellSilent(GroupFact, frozen=True, gc=False):
    """An incarnation gave itself up although nothing of it was damaged."""

    name: Name


class Spoke(GroupFact, frozen=True, gc=False):
    """An incarnation voted, granted or campaigned for the first time."""

    name: Name


class Reconfigured(GroupFact, frozen=True, gc=False):
    """The record chosen in a slot is a config."""

    slot: int


class Serving(GroupFact, frozen=True, gc=False):
    """A leader answered from its state, in which it had applied the slots through `applied`."""

    name: Name
    ballot: Ballot
    applied: int


class LeaseHeld(GroupFact, frozen=True, gc=False):
    """The time until which a replica may serve by a lease has changed."""

    name: Name


class LogCut(GroupFact, frozen=True, gc=False):
    """A replica keeps its log from slot `first` on; `held`: it had slots below that, which readers held."""

    name: Name
    first: int
    held: bool


class HeldLogGivenUp(GroupFact, frozen=True, gc=False):
    """A reader was told that a slot which its hold protects is gone."""

    name: Name
    reader: Hashable
    slot: int


class HoldBehind(GroupFact, frozen=True, gc=False):
    """A reader's hold that has not lapsed is so many slots and bytes of records behind what is chosen;
    `most_slots` and `most_bytes` are its bounds.
    """

    reader: Hashable
    slots: int
    bytes: int
    most_slots: int
    most_bytes: int


class ReaderSkipped(GroupFact, frozen=True, gc=False):
    """A reader took another slot than the next one."""

    reader: str
    slot: int
    expected: int


class ReadUnanswered(GroupFact, frozen=True, gc=False):
    """A replica has handled a reader's question, and does not answer it."""

    name: Name
    reader: Hashable
    slot: int


class QueueOverfull(GroupFact, frozen=True, gc=False):
    """A queue is longer than its bound."""

    name: Name
    queue: str
    length: int
    bound: int


class Raised(GroupFact, frozen=True, gc=False):
    """A handler raised an error."""

    name: Name
    message: str
    error: str


class MessageTooLarge(GroupFact, frozen=True, gc=False):
    """The records of a message exceed their bound, and are more than one and a no-op; or the items of a page
    do, and are more than one.
    """

    name: Name
    message: str
    size: int
    bound: int


class FrameTooLarge(GroupFact, frozen=True, gc=False):
    """A record of a replica's journal takes more than its bound, and more than one record and a no-op."""

    name: Name
    record: str
    """Its type."""
    size: int
    bound: int


class TailTooLong(GroupFact, frozen=True, gc=False):
    """An acceptor holds more than fits a message above what its journal knows chosen."""

    name: Name
    records: int
    size: int
    bound: int


# --- Clients ---


class Acknowledged(GroupFact, frozen=True, gc=False):
    """A client was told that its write took effect in a slot."""

    request: Hashable
    slot: int


class Unheld(GroupFact, frozen=True, gc=False):
    """A replica dropped or replaced what it held in an acknowledged slot."""

    slot: int


class Unlinearizable(GroupFact, frozen=True, gc=False):
    """No order explains the operations of a key."""

    key: Hashable
    sentence: str


class EventualReadUnchosen(GroupFact, frozen=True, gc=False):
    """An eventual read returned a value of a slot where it was not chosen."""

    request: Hashable
    slot: int


class UnchosenShown(GroupFact, frozen=True, gc=False):
    """An answer showed a mutation of a slot where it was not chosen."""

    request: Hashable
    slot: int


class PageApart(GroupFact, frozen=True, gc=False):
    """A page shows what stood at no slot, or at no slot that it may show: the sentence says what is wrong."""

    request: Hashable
    sentence: str


class Repeated(GroupFact, frozen=True, gc=False):
    """A request took effect twice, or its answers differ: the sentence says how."""

    request: Hashable
    sentence: str


# --- Liveness: what did not happen within a bound of fair time ---


class Stalled(GroupFact, frozen=True, gc=False):
    """Something makes no progress."""

    what: str
    bound_us: int


class Unanswered(GroupFact, frozen=True, gc=False):
    """A request, or something that a client still had to ask, got no answer in so much fair time."""

    request: Hashable
    waited_us: int


class Unequal(GroupFact, frozen=True, gc=False):
    """A quiet replica's state differs from the fold of the chosen records."""

    name: Name
    what: str


class Behind(GroupFact, frozen=True, gc=False):
    """A replica does not know all that is chosen."""

    name: Name
    commit: int
    chosen: int
    bound_us: int


class Uncut(GroupFact, frozen=True, gc=False):
    """A quiet replica retains more applied slots than are needed."""

    name: Name
    retained: int
    bound: int


class IdleElection(GroupFact, frozen=True, gc=False):
    """A new leadership began although nothing was wrong any more."""

    ballot: Ballot
