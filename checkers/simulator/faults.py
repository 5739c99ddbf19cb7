"""Lets the faults of a configuration fall, within the budget, and heals what is left when the faults stop.

*Budget*: at most one voter of a group has impaired durable state (rot of journal or page, lost disk) until it
is replaced and admitted again. Crashes and the loss of what was not synced are unlimited. A node that is down
comes back by itself after the fault's steps; on a new disk if its own journal rotted.
"""

from __future__ import annotations

from bisect import insort
from typing import Any

from dynaproof.checkers.simulator.run import LEADER, Fault, RunConfig
from dynaproof.checkers.simulator.world import Slot, World
from dynaproof.impl.journal.frames import scan
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.paxos.log import ReplicationLog
from dynaproof.impl.paxos.messages.leadership import Handover
from dynaproof.impl.tree.pages import BranchPage, decode_page

NEVER = 1 << 62

LOSSINESS = 20_000
"""Chance, in parts of 65536, of the loss of a message while a `message loss` lasts."""

SLOWNESS = 20
"""How many times as long a slow node's messages and syncs take."""

FAIR_CAPACITY = 256
"""Messages in flight on a link that a fair end always permits."""

DURABLE = frozenset(("crash", "lost disk", "rot", "page rot", "crash in sync", "failed sync"))
"""Faults of a running node and its disk."""

IMPAIRING = frozenset(("lost disk", "rot", "page rot"))
"""Those after which synced state is lost."""

CUTS = frozenset(("partition", "one-way cut", "gray link"))

MENDS = {
    "crash": "start",
    "lost disk": "start",
    "rot": "start",
    "page rot": "start",
    "crash in sync": "start",
    "failed sync": "start",
    "partition": "heal",
    "one-way cut": "heal",
    "gray link": "heal",
    "slow node": "fast",
    "message loss": "lossless",
}
"""What mends a fault; the others need no mending."""


class Injector:
    """Faults fall by step, in the order of the configuration; what one broke is mended at a later step.

    Both are events: the number in their name is the fault's place in the configuration. With `by_name`
    nothing is due by itself, and whoever replays a schedule calls `fall` and `mend` by those names.
    """

    def __init__(self, world: World, config: RunConfig, watcher: Any, replicas: list[str]) -> None:
        self.world = world
        self.faults = config.faults
        self.fallen = 0
        """How many faults were due already."""
        self.by_name = False
        self.watcher = watcher
        self.replicas = replicas
        self.mends: list[tuple[int, int]] = []
        """Step and fault, in order."""
        self.next = self.faults[0].step if self.faults else NEVER
        """The next step at which something is due."""
        self.hit: dict[int, Slot] = {}
        """Fault to the place that it fell on."""
        self.injected: dict[str, int] = {}
        self.impaired: str | None = None
        self.excluded: str | None = None
        self.base_loss = config.loss
        self.lasting: dict[int, None] = {}
        """Faults that slow a node or lose messages, and are not mended: of two that overlap the first mend
        ends only its own.
        """
        self.salt = config.seed

    def at(self, step: int) -> None:
        """Everything that is due by this step."""
        while self.mends and self.mends[0][0] <= step:
            self.mend(self.mends.pop(0)[1])
        while self.fallen < len(self.faults) and self.faults[self.fallen].step <= step:
            self.fallen += 1
            self.fall(self.fallen - 1, step)
        self.next = self.mends[0][0] if self.mends else NEVER
        if self.fallen < len(self.faults):
            self.next = min(self.next, self.faults[self.fallen].step)

    def target(self, number: int) -> Slot:
        """The place of the replica that a fault hits: the one that it hit already, else the one that it is
        drawn for, which may be whoever leads.
        """
        slot = self.hit.get(number)
        if slot is None:
            target = self.faults[number].target
            leading = self.leading() if target >= LEADER else []
            slot = leading[0] if leading else self.world.slots[self.replicas[target % len(self.replicas)]]
        return slot

    def fall(self, number: int, step: int = 0) -> bool:
        """Let a fault fall, if it can and the budget permits."""
        fault, world = self.faults[number], self.world
        kind, slot = fault.kind, self.target(number)
        if kind in DURABLE and (not slot.up or not self.may_impair(slot, kind)):
            return False
        if kind == "handover" and not self.leading():
            return False
        world.fault(kind, slot, number)
        self.hit[number] = slot
        if kind == "crash" or kind in IMPAIRING:
            world.crash(slot, f"fault{number}", lose_disk=kind == "lost disk")
            rotting = {"rot": self.rot, "page rot": self.rot_page}.get(kind)
            if rotting is not None and not rotting(slot, fault):
                kind = "crash"
            if kind != "crash":
                self.impaired = slot.name
        elif kind in {"crash in sync", "failed sync"}:
            slot.armed = kind
        elif kind in CUTS:
            for link in self.links(slot, fault):
                world.cut_links[link] = number
        elif kind == "wall step":
            slot.wall_offset += fault.amount * 4 - (1 << 21)
        elif kind == "slow node":
            slot.slow = SLOWNESS
            self.lasting[number] = None
        elif kind == "message loss":
            world.loss = LOSSINESS
            self.lasting[number] = None
        else:
            self.hand_over()
        if kind not in {"crash in sync", "failed sync"}:  # The world counts those, once a sync has met them.
            self.injected[kind] = self.injected.get(kind, 0) + 1
        if kind in MENDS and not self.by_name:
            insort(self.mends, (step + fault.steps, number))
        return True

    def mend(self, number: int) -> None:
        """What a fault has broken works again: an event too, named by `MENDS`."""
        fault, world = self.faults[number], self.world
        slot = self.target(number)
        what = MENDS[fault.kind]
        if not self.by_name:
            self.hit.pop(number, None)  # It falls once, and is mended once.
        if what == "start" and slot.up and not slot.armed:
            return
        world.fault(what, slot, number)
        if what == "start":
            slot.armed = ""  # An armed fault that met no sync has not fallen.
            if not slot.up:
                self.start(slot, f"fault{number}/disk")
        elif what == "heal":
            for link in self.links(slot, fault):
                if world.cut_links.get(link) == number:
                    del world.cut_links[link]
        else:
            self.lasting.pop(number, None)
            same = [other for other in self.lasting if self.faults[other].kind == fault.kind]
            if what == "fast" and not any(self.target(other) is slot for other in same):
                slot.slow = 1
            elif what == "lossless" and not same:
                world.loss = self.base_loss

    def start(self, slot: Slot, label: str) -> None:
        """A node comes back; where its own journal has rotted, an operator gives it a new disk."""
        self.world.start(slot)
        if getattr(slot.node, "broken", False):
            self.world.crash(slot, label, lose_disk=True)
            self.world.start(slot)

    def may_impair(self, slot: Slot, kind: str) -> bool:
        """The budget: one voter at a time, and none before the last one is whole again."""
        if kind not in IMPAIRING:
            return True
        if self.impaired is not None:
            replica = getattr(self.world.slots[self.impaired].node, "replica", None)
            if replica is None or replica.member in self.watcher.view.forgetful:
                return False
            if not replica.admitted or not self.replaced(replica):
                return False
            self.impaired = None
        return getattr(slot.node, "replica", None) is not None

    def replaced(self, replica: Any) -> bool:
        """Whether the newest chosen config names this replica, and it knows so durably.

        An admission that is not synced yet is taken back by a crash, and the group then lacks two voters.
        """
        view = self.watcher.view
        slot, voters = view.configs[-1]
        return (
            replica.member in voters
            and replica.log.commit >= slot
            and (
                slot <= max(view.pruned_through, view.checkpoints.get(replica.member, 0))
                or replica.member in view.accepted[slot]
            )
        )

    def rot(self, slot: Slot, fault: Fault) -> bool:
        """Flip one bit of the replica's journal on the platter, or of the node's own; False where there is
        none.
        """
        logs = slot.disk.durable_logs("")
        if not logs:
            return False
        log = logs[fault.amount % len(logs)]
        size = scan(bytes(slot.disk.durable_log(log))).size  # A torn tail holds nothing that was synced.
        if size == 0:
            return False
        slot.disk.rot(log, fault.amount * 7919 % size, 1 << (fault.amount % 8))
        self.watcher.damaged(slot)
        return True

    def rot_page(self, slot: Slot, fault: Fault) -> bool:
        """Flip one bit of a page that the replica will start from; False where it starts from none.

        The pages of older roots, and those of a checkpoint that the log does not name, are not needed.
        """
        prefix = f"log/{slot.node.replica.incarnation:06d}/"  # type: ignore[attr-defined]
        recovered = ReplicationLog.recover(slot.disk.logs_on_platter(), prefix, decode)
        head = None if recovered is None else recovered[0].head
        if head is None or head.snapshot is None:
            return False
        pages: list[int] = []
        missing = [head.snapshot.root]
        while missing:
            ref = missing.pop()
            pages.append(ref.page)
            page = decode_page(PartitionState.codec, ref, slot.disk.read_page(head.pages, ref.page))
            missing.extend(page.children if isinstance(page, BranchPage) else ())
        number = pages[fault.amount % len(pages)]
        data = slot.disk.read_page(head.pages, number)
        assert data is not None, "the page was just read"
        slot.disk.rot_page(head.pages, number, fault.amount * 7919 % len(data), 1 << (fault.amount % 8))
        self.watcher.damaged(slot)
        return True

    def links(self, slot: Slot, fault: Fault) -> list[str]:
        """The directed links that a cut takes away. Every other partition leaves the clients with the node: a
        leader then serves by its lease alone, to its end.
        """
        others = [name for name in self.world.slots if name != slot.name]
        if fault.kind == "partition" and fault.amount % 2:
            others = [name for name in self.replicas if name != slot.name]
        if fault.kind == "gray link":
            peers = [name for name in self.replicas if name != slot.name]
            others = [peers[fault.amount % len(peers)]]
        into = [f"{other}>{slot.name}" for other in others]
        out = [f"{slot.name}>{other}" for other in others]
        if fault.kind == "one-way cut":
            return into if fault.amount % 2 else out
        return [*into, *out]

    def leading(self) -> list[Slot]:
        """The places of the replicas that lead, as far as they know."""
        found = []
        for name in self.replicas:
            slot = self.world.slots[name]
            replica = getattr(slot.node, "replica", None)
            if slot.up and replica is not None and replica.leading is not None:
                found.append(slot)
        return found

    def hand_over(self) -> None:
        """An operator asks whoever leads to hand over."""
        for slot in self.leading():
            self.world.run(slot, slot.node.on_message, slot.id, Handover())

    def heal(self, end: str) -> None:
        """The faults stop: everything heals, or all but one node, or all but one link."""
        world = self.world
        world.loss = world.duplication = 0
        world.capacity = max(world.capacity, FAIR_CAPACITY)
        world.cut_links = {}
        world.latencies = world.sync_us = (300, 500)
        self.mends, self.fallen, self.next, self.lasting = [], len(self.faults), NEVER, {}
        for slot in world.slots.values():
            slot.slow, slot.wall_offset, slot.armed = 1, 0, ""
        keep_down = self.replicas[self.salt % len(self.replicas)]
        if self.impaired is not None and not self.may_impair(world.slots[self.impaired], "rot"):
            end = "all"  # Without the replica that is being replaced there is no quorum but the two others.
        if end == "majority" and self.impaired in {None, keep_down}:
            self.excluded = keep_down
        for name in self.replicas:
            slot = world.slots[name]
            if name == self.excluded:
                if slot.up:
                    world.crash(slot, "end")
            elif not slot.up:
                self.start(slot, "end/disk")
        if end == "gray":
            pair = [name for name in self.replicas if name != keep_down]
            world.cut_links = {f"{pair[0]}>{pair[1]}": 0, f"{pair[1]}>{pair[0]}": 0}
