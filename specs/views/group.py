"""What can be observed of one replica group: ballots led, entries accepted and chosen, promises, leases,
acknowledged operations, configs, checkpoints and holds.

"Chosen" is computed here from durable entries: the same ballot and identity at a quorum of the config that
governs the slot.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

from dynaproof.specs.views.base import Fact, Name, View
from dynaproof.specs.views.group_facts import (
    Accepted,
    Acknowledged,
    ActedWithoutTree,
    Ballot,
    Chosen,
    Entry,
    ForgetfulVote,
    Forgot,
    GroupFact,
    LacksTree,
    LeaseHeld,
    Led,
    LogCut,
    ProposalChanged,
    Reconfigured,
    Recovered,
    Spoke,
    Unheld,
    WasDropped,
)

KEPT_BALLOTS = 1024
"""How many ballots keep their leaders when a view is pruned."""
KEPT_NAMES = 32
"""How many configs, with the incarnations that they name, are kept when a view is pruned."""


class GroupView(View[GroupFact]):
    """Tables of facts about one group; see the module."""

    FACTS: ClassVar[type[Fact]] = GroupFact

    def __init__(self, voters: tuple[Name, ...]) -> None:
        super().__init__()
        self.led: dict[Ballot, list[Name]] = {}
        self.proposed: dict[tuple[Ballot, int], list[Any]] = {}
        self.known_by: dict[Ballot, int] = {}
        """By ballot that was led, the slot through which its leader knew all to be chosen when it asked."""
        self.newest_led: Ballot = ()
        """The highest of these ballots."""
        self.promises: dict[Ballot, dict[Name, bool]] = {}
        """By ballot, the incarnations that promised it before they lost anything."""
        self.let_out: dict[Name, Ballot] = {}
        self.spoken: dict[Name, bool] = {}
        """What has voted, granted or campaigned: a new voter does none of that before it is admitted."""
        self.forgetful: dict[Name, bool] = {}
        self.configs: list[tuple[int, tuple[Name, ...]]] = [(0, voters)]
        self.accepted: dict[int, dict[Name, Entry]] = {}
        self.records: dict[tuple[int, Hashable], Any] = {}
        self.chosen: dict[int, Chosen] = {}
        self.chosen_through = 0
        self.highest: dict[Name, int] = {}
        """No slot above it is in `accepted` under this name."""
        self.voters_at: dict[int, dict[Entry, list[Name]]] = {}
        self.checkpoints: dict[Name, int] = {}
        self.bare: dict[Name, int] = {}
        """Log replicas that have no tree yet: each with the slot behind which its log begins."""
        self.holds: dict[Hashable, int] = {}
        """By reader, the slot through which it has read, as long as its hold has not lapsed."""
        self.holders: dict[Name, tuple[Ballot, int]] = {}
        self.pruned_through = 0
        self.acknowledged: dict[int, Hashable] = {}
        self.owed_through = 0
        """What took effect through this slot is owed by other groups: the children of the partition."""

    def lead(self, ballot: Ballot, name: Name, known: int | None = None) -> None:
        """`name` completed phase 1 of `ballot`; it knew the slots through `known` to be chosen."""
        self.led.setdefault(ballot, []).append(name)
        if known is not None:
            self.known_by[ballot] = known
            self.newest_led = max(self.newest_led, ballot)
        self.file(Led(ballot))

    def propose(self, ballot: Ballot, slot: int, value: Any) -> None:
        """A proposal for a slot left a node: all of it, for an identity only names what is proposed."""
        known = self.proposed.get((ballot, slot))
        if known is None:
            self.proposed[ballot, slot] = [value]
        elif value not in known:
            known.append(value)
            self.file(ProposalChanged(ballot, slot))

    def campaign(self, name: Name, ballot: Ballot) -> None:
        """`name` asked for promises at its own `ballot`, which is used from here on."""
        self.needs_tree(name, "campaigns")
        self._speak(name, ballot)

    def promise(self, name: Name, ballot: Ballot) -> None:
        """A promise of `ballot` left `name`, which may not be admitted yet."""
        if name in self.forgetful:
            self.file(ForgetfulVote(name, ballot))
        else:
            self.promises.setdefault(ballot, {})[name] = True
        self._let_out(name, ballot)

    def let_go(self, name: Name, ballot: Ballot) -> None:
        """A vote or a grant at `ballot` left `name`."""
        if name in self.forgetful:
            self.file(ForgetfulVote(name, ballot))
        if ballot is not self.let_out.get(name) or name not in self.spoken:
            self._speak(name, ballot)

    def _speak(self, name: Name, ballot: Ballot) -> None:
        if name not in self.spoken:
            self.spoken[name] = True
            self.file(Spoke(name))
        self._let_out(name, ballot)

    def _let_out(self, name: Name, ballot: Ballot) -> None:
        before = self.let_out.get(name)
        if before is None or ballot > before:
            self.let_out[name] = ballot

    def recover(self, name: Name, promised: Ballot) -> None:
        """`name` came back from its disk with this promise."""
        self.file(Recovered(name, promised))

    def forget(self, name: Name) -> None:
        """`name` lost synced state."""
        if name not in self.forgetful:
            self.forgetful[name] = True
            self.file(Forgot(name))

    def drop(self, name: Name) -> None:
        """An operator had `name` dropped; it has nothing from here on."""
        self.file(WasDropped(name))
        self.forget(name)

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
            self.file(Accepted(slot))
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
            self.file(Unheld(slot))
        held[name] = entry
        if slot > self.highest.get(name, 0):
            self.highest[name] = slot

    def acknowledge(self, request: Hashable, slot: int) -> None:
        """A client was told that its write took effect in a slot."""
        if slot <= self.owed_through:
            return
        self.acknowledged[slot] = request
        self.file(Acknowledged(request, slot))

    def newest_leader(self) -> Name | None:
        """The leader of the highest ballot that is led; None before any is."""
        return self.led[max(self.led)][-1] if self.led else None

    def trusted(self) -> list[Name]:
        """The newest config's voters that forgot nothing and have voted, granted or campaigned."""
        return [v for v in self.configs[-1][1] if v in self.spoken and v not in self.forgetful]

    def cut_above(self, name: Name, slot: int) -> None:
        """`name` dropped its entries above `slot`."""
        if slot >= self.highest.get(name, 0):
            return  # The usual case: the log grows at its end.
        for above in [s for s, at in self.accepted.items() if s > slot and name in at]:
            del self.accepted[above][name]
            if above in self.acknowledged:
                self.file(Unheld(above))
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
            fact = Chosen(slot, found[0], self.records[slot, found[0].identity])
            self.chosen[slot] = fact
            self.chosen_through = slot
            self.file(fact)
            self.file(Accepted(slot))

    def reconfigure(self, slot: int, voters: tuple[Name, ...]) -> None:
        """The record chosen in `slot` is a config."""
        self.configs.append((slot, voters))
        self.file(Reconfigured(slot))
        self._advance()

    def checkpoint(self, name: Name, slot: int) -> None:
        """`name` has a durable checkpoint that covers the slots through `slot`."""
        self.checkpoints[name] = slot

    def lack_tree(self, name: Name, slot: int) -> None:
        """`name` has a durable log that begins behind `slot`, and no tree."""
        self.bare[name] = slot
        self.file(LacksTree(name))

    def has_tree(self, name: Name) -> None:
        """`name` has a tree, durably."""
        self.bare.pop(name, None)

    def needs_tree(self, name: Name, what: str) -> None:
        """`name` does something for which a tree is needed."""
        if name in self.bare:
            self.file(ActedWithoutTree(name, what))

    def cut(self, name: Name, first: int, held: bool) -> None:
        """`name` keeps its log from slot `first` on; `held`: it had slots below that, which readers held."""
        self.file(LogCut(name, first, held))

    def hold(self, name: Name, ballot: Ballot, until: int) -> None:
        """`name` may serve by the lease of `ballot` while tau is below `until`."""
        if self.holders.get(name) != (ballot, until):
            self.holders[name] = (ballot, until)
            self.file(LeaseHeld(name))

    def prune(self, slot: int) -> None:
        """Forget the slots through `slot`, and ballots, configs and incarnations long past: no spec can ask
        about them any more, or what it could find is older than `KEPT_BALLOTS` or `KEPT_NAMES`.
        """
        self.pruned_through = through = max(self.pruned_through, slot)
        for table in (self.accepted, self.chosen, self.acknowledged, self.voters_at):
            for old in [s for s in table if s <= through]:
                del table[old]
        self.records = {at: record for at, record in self.records.items() if at[0] > through}
        self.proposed = {at: values for at, values in self.proposed.items() if at[1] > through}
        self.led = dict(sorted(self.led.items())[-KEPT_BALLOTS:])
        self.known_by = dict(sorted(self.known_by.items())[-KEPT_BALLOTS:])
        self.promises = dict(sorted(self.promises.items())[-KEPT_BALLOTS:])
        del self.configs[:-KEPT_NAMES]
        kept = {voter: True for _, voters in self.configs for voter in voters}
        named = (self.let_out, self.spoken, self.forgetful, self.checkpoints, self.holders, self.highest)
        for names in (*named, self.bare):
            for name in [n for n in names if n not in kept]:
                del names[name]
