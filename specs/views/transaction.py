"""What can be observed of transactions: who finished them and how, what they read and what they wrote."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, NamedTuple

from dynaproof.specs.views.base import Fact, Name, View


class Transaction(NamedTuple):
    """A committed transaction or single operation. `ended` is None while its client has no answer.

    `reads`: keys, each with the transaction whose write was read, or None for the initial value.
    """

    began: int
    ended: int | None
    reads: tuple[tuple[Hashable, Hashable | None], ...]
    writes: tuple[Hashable, ...]


class TransactionFact(Fact, frozen=True, gc=False):
    """The base of all facts about transactions."""


class Decided(TransactionFact, frozen=True, gc=False):
    """A participant has finished a transaction."""

    transaction: Hashable


class TransactionCommitted(TransactionFact, frozen=True, gc=False):
    """A transaction is committed."""

    transaction: Hashable


class TransactionView(View[TransactionFact]):
    """Tables of facts about the transactions of one system."""

    FACTS: ClassVar[type[Fact]] = TransactionFact

    def __init__(self) -> None:
        super().__init__()
        self.decisions: dict[Hashable, dict[Name, bool]] = {}
        """By transaction, the participants that have finished it, and whether they committed."""
        self.transactions: dict[Hashable, Transaction] = {}
        self.versions: dict[Hashable, list[Hashable]] = {}
        """By key, the transactions that wrote it, in the order of its log."""

    def decide(self, transaction: Hashable, participant: Name, committed: bool) -> None:
        """A participant has finished a transaction."""
        self.decisions.setdefault(transaction, {})[participant] = committed
        self.file(Decided(transaction))

    def commit(self, name: Hashable, transaction: Transaction) -> None:
        """A transaction is committed; of two that write a key the one filed first comes first in its log."""
        self.transactions[name] = transaction
        for key in transaction.writes:
            self.versions.setdefault(key, []).append(name)
        self.file(TransactionCommitted(name))
