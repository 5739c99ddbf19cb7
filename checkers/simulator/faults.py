"""Lets the faults of a configuration fall, within the budget, and heals what is left when the faults stop.

*Budget*: at most one voter of a group has impaired durable state (rot, lost disk) until it is replaced and
admitted again. Crashes and the loss of what was not synced are unlimited. A node that is down comes back by
itself after the fault's steps.
"""

from __future__ import annotations

from typing import Any

from checkers.simulator.run import Fault, RunConfig
from checkers.simulator.world import Slot, World
from impl.storage.frames import scan
from impl.storage.messages import Handover


class Injector:
    """Falls due by step; what a fault broke is mended at a later step."""

    def __init__(self, world: World, config: RunConfig, watcher: Any, replicas: list[str]) -> None:
        self.world = world
        self.pending = list(config.faults)
        self.watcher = watcher
        self.replicas = replicas
        self.mend: list[tuple[int, str, str]] = []
        self.injected: dict[str, int] = {}
        self.impaired: str | None = None
        self.excluded: str | None = None
        self.base_loss = config.loss
        self.salt = config.seed

    def at(self, step: int) -> None:
        """Everything that is due by this step."""
        while self.mend and self.mend[0][0] <= step:
            _, what, name = self.mend.pop(0)
            self.undo(what, name)
        while self.pending and self.pending[0].step <= step:
            self.fall(self.pending.pop(0), step)

    def later(self, step: int, what: str, name: str) -> None:
        """Mend it at a later step."""
        self.mend.append((step, what, name))
        self.mend.sort()

    def fall(self, fault: Fault, step: int) -> None:
        """Let a fault fall, if the budget permits."""
        world, kind = self.world, fault.kind
        slot = world.slots[self.replicas[fault.target % len(self.replicas)]]
        until = step + fault.steps
        if kind in {"crash", "lost disk", "rot"}:
            if not slot.up or not self.may_impair(slot, kind):
                return
            world.crash(slot, f"fault{fault.step}", lose_disk=kind == "lost disk")
            if kind == "rot" and not self.rot(slot, fault):
                kind = "crash"
            if kind != "crash":
                self.impaired = slot.name
            self.later(until, "start", slot.name)
        elif kind in {"partition", "one-way cut", "gray link"}:
            for link in self.links(slot, fault):
                world.cut_links[link] = until
                self.later(until, "heal", link)
        elif kind == "wall step":
            slot.wall_offset += fault.amount * 4 - (1 << 21)
        elif kind == "slow node":
            slot.slow = 20
            self.later(until, "fast", slot.name)
        elif kind == "message loss":
            world.loss = 20_000
            self.later(until, "lossless", slot.name)
        else:
            self.hand_over()
        self.injected[kind] = self.injected.get(kind, 0) + 1

    def may_impair(self, slot: Slot, kind: str) -> bool:
        """The budget: one voter at a time, and none before the last one is whole again."""
        if kind == "crash":
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
        """Whether the newest chosen config names this replica, and it holds all that is chosen."""
        view = self.watcher.view
        return replica.member in view.configs[-1][1] and replica.log.commit >= view.configs[-1][0]

    def rot(self, slot: Slot, fault: Fault) -> bool:
        """Flip one bit of the replica's journal on the platter; False where there is none."""
        logs = slot.disk.durable_logs("log/")
        if not logs:
            return False
        log = logs[fault.amount % len(logs)]
        size = scan(bytes(slot.disk.durable_log(log))).size  # A torn tail holds nothing that was synced.
        if size == 0:
            return False
        slot.disk.rot(log, fault.amount * 7919 % size, 1 << (fault.amount % 8))
        self.watcher.damaged(slot)
        return True

    def links(self, slot: Slot, fault: Fault) -> list[str]:
        """The directed links that a cut takes away."""
        others = [name for name in self.world.slots if name != slot.name]
        if fault.kind == "gray link":
            peers = [name for name in self.replicas if name != slot.name]
            others = [peers[fault.amount % len(peers)]]
        into = [f"{other}>{slot.name}" for other in others]
        out = [f"{slot.name}>{other}" for other in others]
        if fault.kind == "one-way cut":
            return into if fault.amount % 2 else out
        return [*into, *out]

    def hand_over(self) -> None:
        """An operator asks whoever leads to hand over."""
        for name in self.replicas:
            slot = self.world.slots[name]
            replica = getattr(slot.node, "replica", None)
            if slot.up and replica is not None and replica.leading is not None:
                self.world.run(slot, slot.node.on_message, slot.id, Handover())

    def undo(self, what: str, name: str) -> None:
        """Mend one thing."""
        world = self.world
        if what == "start":
            if not world.slots[name].up:
                world.start(world.slots[name])
        elif what == "heal":
            world.cut_links.pop(name, None)
        elif what == "fast":
            world.slots[name].slow = 1
        else:
            world.loss = self.base_loss

    def heal(self, end: str) -> None:
        """The faults stop: everything heals, or all but one node, or all but one link."""
        world = self.world
        world.loss = world.duplication = 0
        world.cut_links = {}
        world.latencies = world.sync_us = (300, 500)
        self.pending, self.mend = [], []
        wall = 0
        for slot in world.slots.values():
            slot.slow = 1
            slot.wall_offset = wall
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
                world.start(slot)
        if end == "gray":
            pair = [name for name in self.replicas if name != keep_down]
            world.cut_links = {f"{pair[0]}>{pair[1]}": 0, f"{pair[1]}>{pair[0]}": 0}
