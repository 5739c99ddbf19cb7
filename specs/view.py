"""What can be observed of a replica group, and of what is made of groups (lineages of partitions, stream
shards, restores, transactions): the vocabulary that specs speak, for the implementation and for models alike.

A `View` is a record of facts. Some are ghosts: they outlive what they tell of (a ballot once led stays led),
for promises are about all of a run. Whoever observes calls the methods below; each files the fact in a table
and, as *fresh*, under its topic. An `always` spec names its topics and looks at what is fresh, so it costs
nothing in a step that did not touch it. For a single state (of a model, say) all facts are fresh.

"Chosen" is computed here from durable entries: the same ballot and identity at a quorum of the config that
governs the slot.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple, TypeAlias

Name: TypeAlias = Hashable
"""An incarnation of a replica."""
Rank: TypeAlias = tuple[Any, ...]
"""A ballot: totally ordered."""


KEPT_BALLOTS = 1024
"""Ballots whose leaders are remembered when a view is pruned."""
KEPT_NAMES = 32
"""Configs, with the incarnations that they name, that are remembered when a view is pruned."""


class Entry(NamedTuple):
    """A durable entry of one slot: the ballot at which it was accepted, and the identity of its record."""

    ballot: Rank
    identity: Hashable


class ChosenSlot(NamedTuple):
    """A chosen slot; `record` is whatever the world keeps in it."""

    slot: int
    entry: Entry
    record: Any


class Owner(NamedTuple):
    """A partition whose leader accepts writes for the keys of [low, high) while tau is below `until`."""

    low: int
    high: int
    until: int


class Change(NamedTuple):
    """What a chosen record changed of an item, or what a stream record says of that."""

    slot: int
    key: Hashable
    old: Hashable
    new: Hashable


class StreamShard(NamedTuple):
    """A shard: the one whose log its own goes on, its records, the slot that it has got to, and its state."""

    parent: Name | None
    records: tuple[Change, ...]
    through: int
    closed: bool


class Transaction(NamedTuple):
    """A committed transaction or single operation. `ended` is None while its client has no answer.

    `reads`: keys, each with the transaction whose write was read, or None for the initial value.
    """

    began: int
    ended: int | None
    reads: tuple[tuple[Hashable, Hashable | None], ...]
    writes: tuple[Hashable, ...]


class View:
    """Tables of facts; see the module. `topic -> facts` of the current step are in `fresh`."""

    def __init__(self, voters: tuple[Name, ...]) -> None:
        self.fresh: dict[str, list[Any]] = {}
        self.tau = 0
        self.led: dict[Rank, list[Name]] = {}
        self.proposed: dict[tuple[Rank, int], list[Any]] = {}
        self.let_out: dict[Name, Rank] = {}
        self.forgetful: dict[Name, bool] = {}
        self.configs: list[tuple[int, tuple[Name, ...]]] = [(0, voters)]
        self.accepted: dict[int, dict[Name, Entry]] = {}
        self.records: dict[tuple[int, Hashable], Any] = {}
        self.chosen: dict[int, ChosenSlot] = {}
        self.chosen_through = 0
        self.highest: dict[Name, int] = {}
        """No slot above it is in `accepted` under this name."""
        self.voters_at: dict[int, dict[Entry, list[Name]]] = {}
        self.checkpoints: dict[Name, int] = {}
        self.holds: dict[Hashable, tuple[int, int]] = {}
        """Reader to the slot through which it has read, and the slot at which its hold lapses."""
        self.holders: dict[Name, tuple[Rank, int]] = {}
        self.pruned_through = 0
        self.acknowledged: dict[int, Hashable] = {}
        self.key_space: tuple[int, int] = (0, 1 << 128)
        """The hashes of partition keys, from the first up to before the second."""
        self.owners: dict[Name, Owner] = {}
        self.lineage: dict[Name, tuple[Name | None, int]] = {}
        """Partition to its parent, and to the commit timestamp of the split that made it."""
        self.writes: dict[Name, list[tuple[int, Hashable]]] = {}
        """Partition to its chosen writes in the order of its log, each with its commit timestamp."""
        self.changes: dict[Name, list[Change]] = {}
        """Partition to what its chosen records changed, in the order of its log."""
        self.log_ends: dict[Name, int] = {}
        """Partition to the slot of its chosen split."""
        self.shards: dict[Name, StreamShard] = {}
        self.consumed: dict[Name, int] = {}
        """Shard to how many of its records a consumer has processed."""
        self.decisions: dict[Hashable, dict[Name, bool]] = {}
        """Transaction to the participants that have finished it: whether they committed."""
        self.transactions: dict[Hashable, Transaction] = {}
        self.versions: dict[Hashable, list[Hashable]] = {}
        """Key to the transactions that wrote it, in the order of its log."""

    def file(self, topic: str, fact: Any) -> None:
        """File a fact that no table keeps."""
        found = self.fresh.get(topic)
        if found is None:
            self.fresh[topic] = [fact]
        else:
            found.append(fact)

    def take(self, topic: str) -> Iterable[Any]:
        """The fresh facts of a topic."""
        return self.fresh.get(topic, ())

    # --- Consensus ---

    def lead(self, ballot: Rank, name: Name) -> None:
        """`name` completed phase 1 of `ballot`."""
        self.led.setdefault(ballot, []).append(name)
        self.file("led", ballot)

    def propose(self, ballot: Rank, slot: int, value: Any) -> None:
        """A proposal for a slot left a node: all of it, for an identity only names what is proposed."""
        known = self.proposed.get((ballot, slot))
        if known is None:
            self.proposed[ballot, slot] = [value]
        elif value not in known:
            known.append(value)
            self.file("proposed", (ballot, slot))

    def campaign(self, name: Name, ballot: Rank) -> None:
        """`name` asked for promises at its own `ballot`, which is used from here on."""
        self._speak(name, ballot)

    def let_go(self, name: Name, ballot: Rank) -> None:
        """A promise, vote or grant at `ballot` left `name`."""
        if name in self.forgetful:
            self.file("voted", (name, ballot))
        if ballot is not self.let_out.get(name):
            self._speak(name, ballot)

    def _speak(self, name: Name, ballot: Rank) -> None:
        before = self.let_out.get(name)
        if before is None:
            self.file("spoke", name)
        if before is None or ballot > before:
            self.let_out[name] = ballot

    def recover(self, name: Name, promised: Rank) -> None:
        """`name` came back from its disk with this promise."""
        self.file("recovered", (name, promised))

    def forget(self, name: Name) -> None:
        """`name` lost synced state."""
        if name not in self.forgetful:
            self.forgetful[name] = True
            self.file("lost", name)

    def accept(self, name: Name, slot: int, entry: Entry, record: Any) -> None:
        """An entry is durable at `name`."""
        if slot <= self.pruned_through:
            return
        self._hold_entry(name, slot, entry)
        self.records[slot, entry.identity] = record
        names = self.voters_at.setdefault(slot, {}).setdefault(entry, [])
        if name not in names:
            names.append(name)
        if slot <= self.chosen_through:
            self.file("accepted", slot)
        elif slot == self.chosen_through + 1:
            self._advance()

    def learn(self, name: Name, slot: int, entry: Entry) -> None:
        """`name` durably holds a chosen entry that it learned and did not vote for."""
        held = self.accepted.get(slot, {}).get(name)
        if held is not None and held.identity != entry.identity:
            self.cut_above(name, slot - 1)
        if slot > self.pruned_through:
            self._hold_entry(name, slot, entry)

    def _hold_entry(self, name: Name, slot: int, entry: Entry) -> None:
        held = self.accepted.setdefault(slot, {})
        if slot in self.acknowledged and name in held and held[name].identity != entry.identity:
            self.file("unheld", slot)
        held[name] = entry
        if slot > self.highest.get(name, 0):
            self.highest[name] = slot

    def acknowledge(self, request: Hashable, slot: int) -> None:
        """A client was told that its write took effect in a slot."""
        self.acknowledged[slot] = request
        self.file("acknowledged", (request, slot))

    def trusted(self) -> list[Name]:
        """The voters of the newest config that forgot nothing and have spoken already."""
        return [v for v in self.configs[-1][1] if v in self.let_out and v not in self.forgetful]

    def cut_above(self, name: Name, slot: int) -> None:
        """`name` dropped its entries above `slot`."""
        if slot >= self.highest.get(name, 0):
            return  # The usual case: it grows at its end.
        for above in [s for s, at in self.accepted.items() if s > slot and name in at]:
            del self.accepted[above][name]
            if above in self.acknowledged:
                self.file("unheld", above)
        self.highest[name] = slot

    def config_at(self, slot: int) -> tuple[Name, ...]:
        """The voters of the config that governs a slot whose lower slots are all chosen."""
        for since, voters in reversed(self.configs):
            if since < slot:
                return voters
        return self.configs[0][1]

    def quorum_entry(self, slot: int) -> list[Entry]:
        """Every entry that a quorum of the slot's config held durably at one ballot."""
        voters = self.config_at(slot)
        need = len(voters) // 2 + 1
        found = []
        for entry, names in self.voters_at.get(slot, {}).items():
            if len(names) >= need and len([v for v in voters if v in names]) >= need:
                found.append(entry)
        return found

    def _advance(self) -> None:
        """Find what became chosen, in order: a config governs what is above it."""
        while True:
            slot = self.chosen_through + 1
            found = self.quorum_entry(slot)
            if not found:
                return
            fact = ChosenSlot(slot, found[0], self.records[slot, found[0].identity])
            self.chosen[slot] = fact
            self.chosen_through = slot
            self.file("chosen", fact)
            self.file("accepted", slot)

    def reconfigure(self, slot: int, voters: tuple[Name, ...]) -> None:
        """The record chosen in `slot` is a config."""
        self.configs.append((slot, voters))
        self.file("config", slot)
        self._advance()

    def checkpoint(self, name: Name, slot: int) -> None:
        """`name` has a durable checkpoint that covers the slots through `slot`."""
        self.checkpoints[name] = slot

    def cut(self, name: Name, first: int, held: bool) -> None:
        """`name` keeps its log from slot `first` on; `held`: it had slots below that, which readers held."""
        self.file("cut", (name, first, held))

    def hold(self, name: Name, ballot: Rank, until: int) -> None:
        """`name` may serve by the lease of `ballot` while tau is below `until`."""
        if self.holders.get(name) != (ballot, until):
            self.holders[name] = (ballot, until)
            self.file("lease", name)

    def prune(self, slot: int) -> None:
        """Forget the slots through `slot`, and ballots, configs and incarnations long past: no spec can ask
        about them any more, or what it could still find is older than `KEPT_BALLOTS` or `KEPT_NAMES`.
        """
        self.pruned_through = through = max(self.pruned_through, slot)
        for table in (self.accepted, self.chosen, self.acknowledged, self.voters_at):
            for old in [s for s in table if s <= through]:
                del table[old]
        self.records = {at: record for at, record in self.records.items() if at[0] > through}
        self.proposed = {at: values for at, values in self.proposed.items() if at[1] > through}
        self.led = dict(sorted(self.led.items())[-KEPT_BALLOTS:])
        del self.configs[:-KEPT_NAMES]
        kept = {voter: True for _, voters in self.configs for voter in voters}
        for names in (self.let_out, self.forgetful, self.checkpoints, self.holders, self.highest):
            for name in [n for n in names if n not in kept]:
                del names[name]

    # --- Partitions, and what is made of them ---

    def own(self, partition: Name, owner: Owner) -> None:
        """The partition's leader accepts writes."""
        self.owners[partition] = owner
        self.file("owner", partition)

    def descend(self, partition: Name, parent: Name | None, timestamp: int) -> None:
        """A split with this commit timestamp is chosen; `parent` is None for a table's first partition."""
        self.lineage[partition] = (parent, timestamp)

    def stream(self, name: Name, shard: StreamShard) -> None:
        """A shard has this now."""
        self.shards[name] = shard
        self.file("shard", name)

    def consume(self, shard: Name, count: int) -> None:
        """A consumer has processed so many records of a shard, each after those before it."""
        self.consumed[shard] = count
        self.file("consumed", shard)

    def decide(self, transaction: Hashable, participant: Name, committed: bool) -> None:
        """A participant has finished a transaction."""
        self.decisions.setdefault(transaction, {})[participant] = committed
        self.file("decided", transaction)

    def commit(self, name: Hashable, transaction: Transaction) -> None:
        """A transaction is committed; of two that write a key the one told first comes first in its log."""
        self.transactions[name] = transaction
        for key in transaction.writes:
            self.versions.setdefault(key, []).append(name)
        self.file("committed_transaction", name)
