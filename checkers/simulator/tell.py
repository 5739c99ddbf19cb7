"""Tells a run: each step as a sentence, what its node knew before and after, and what the step changed.

What is told is read from the nodes' public state after every event; the run itself is the same as without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from dynaproof.checkers.simulator.events import Event
from dynaproof.checkers.simulator.partition import PartitionRun, finish, outcome_of
from dynaproof.checkers.simulator.run import Outcome
from dynaproof.checkers.simulator.run_file import RunFile
from dynaproof.checkers.simulator.schedule import ScheduledRun
from dynaproof.checkers.simulator.world import Slot, World
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.router.client import Client
from dynaproof.impl.storage.ids import Ballot, Member
from dynaproof.impl.storage.replica import Replica

Knowledge = dict[str, str]
"""What a node knows: a name and a value in words."""

FAULT_SENTENCES = {
    "crash": "{} crashes",
    "lost disk": "{} crashes and loses its disk",
    "rot": "{} crashes, and a bit of its journal rots",
    "page rot": "{} crashes, and a bit of a page of its checkpoint rots",
    "crash in sync": "{} will crash inside its next sync",
    "failed sync": "the next sync of {} will fail",
    "partition": "{} is cut off",
    "one-way cut": "{} is cut off in one direction",
    "gray link": "the link between {} and one peer is cut",
    "wall step": "the wall clock of {} steps",
    "slow node": "{} becomes slow",
    "message loss": "many messages are lost from here on",
    "handover": "an operator asks whoever leads to hand over",
    "start": "{} restarts",
    "heal": "the cut around {} heals",
    "fast": "{} is as fast as before",
    "lossless": "messages are lost as rarely as before",
    "end": "the faults stop",
    "probe": "{} writes a fresh key and reads it",
}


class Step(Struct):
    """One told step, counted from the fixture's end; below 1 it belongs to the fixture."""

    number: int
    tau: int
    node: str
    sentence: str
    before: Knowledge
    after: Knowledge
    everyone: dict[str, Knowledge]
    """What each node knew after it, where that was asked for."""

    def changes(self) -> list[str]:
        """What the step changed of what its node knew, in words."""
        return [
            f"{name}: {self.before.get(name, 'nothing')} -> {value}"
            for name, value in self.after.items()
            if self.before.get(name) != value
        ]


class Teller:
    """Hears of every event before it happens, and so of what the one before has done."""

    def __init__(self, keep: Callable[[Step], None], wanted: int | None = None) -> None:
        self.keep = keep
        self.wanted = wanted
        self.first = 0
        self.world: World | None = None
        self.open: Step | None = None
        self.slot: Slot | None = None

    def begins(self, event: Event) -> None:
        """An event is about to happen."""
        self.close()
        assert self.world is not None
        slot = self.slot = event.slot
        tau = max(self.world.tau, event.due) if self.world.timed else self.world.tau
        number = self.world.steps + 1 - self.first
        self.open = Step(number, tau, slot.name, sentence(event), knowledge(slot), {}, {})

    def close(self) -> None:
        """The last event is over."""
        step, slot, world = self.open, self.slot, self.world
        if step is None or slot is None or world is None:
            return
        step.tau, step.after, self.open = world.tau, knowledge(slot), None
        if step.number == self.wanted:
            step.everyone = {name: knowledge(place) for name, place in world.slots.items()}
        self.keep(step)


class ToldWorld(World):
    """A world whose teller hears of everything."""

    teller: Teller

    def happen(self, event: Event) -> None:
        """Tell, then let it happen."""
        self.teller.begins(event)
        super().happen(event)

    def fault(self, kind: str, slot: Slot, number: int) -> None:
        """Tell, then let it fall."""
        self.teller.begins(Event(kind, slot.name, number, slot, self.tau))
        super().fault(kind, slot, number)


class _ToldRun(PartitionRun):
    world_class = ToldWorld


class _ToldSchedule(ScheduledRun):
    world_class = ToldWorld


def tell(
    run: RunFile,
    keep: Callable[[Step], None],
    wanted: int | None = None,
    until: int | None = None,
) -> Outcome:
    """Run a file again and give every step after the fixture to `keep`, up to step `until`.

    Raises:
        Divergence: its schedule is not possible as it was recorded.
    """
    recorded = run.recorded()
    told: PartitionRun
    if recorded is None:
        told = _ToldRun(run.config)
    else:
        told = _ToldSchedule(run.config, recorded)

    class Stop(Exception):  # noqa: N818 It ends a run that was told for long enough.
        pass

    def after_fixture(step: Step) -> None:
        if step.number > 0:
            keep(step)
        if until is not None and step.number >= until:
            raise Stop

    teller = Teller(after_fixture, wanted)
    world = told.world
    assert isinstance(world, ToldWorld)
    teller.world, world.teller = world, teller
    fixture = told.fixture

    def fixture_then_count() -> None:
        teller.first = 1 << 62
        fixture()
        teller.close()
        teller.first = told.fixture_steps

    told.fixture = fixture_then_count  # type: ignore[method-assign]
    try:
        outcome = finish(told)
        teller.close()
    except Stop:
        outcome = outcome_of(told)
    return outcome


# --- Words ---


def sentence(event: Event) -> str:
    """What happens, in a sentence."""
    slot: Slot = event.slot
    kind = event.kind
    if kind == "deliver":
        what = brief(event.payload)
        sender = event.sender.name
        if not slot.up or event.to != slot.id:
            return f"{what} from {sender} reaches nobody: {slot.name} is down or another incarnation"
        return f"{slot.name} gets {what} from {'itself' if sender == slot.name else sender}"
    if kind == "timer":
        return f"the {type(event.payload).__name__} of {slot.name} fires"
    unsynced = slot.disk.written - slot.disk.durable
    if kind == "sync_start":
        return f"{slot.name} starts a sync of {unsynced} write{'s' if unsynced != 1 else ''}"
    if kind == "sync_end":
        held = len(slot.outbox)
        return f"a sync of {slot.name} ends ({held} message{'s' if held != 1 else ''} waited)"
    return FAULT_SENTENCES[kind].format(slot.name)


SHOWN = (
    "ballot",
    "promised",
    "known",
    "first",
    "through",
    "commit",
    "request",
    "operation",
    "status",
    "reason",
)
"""Fields of a message that tell most of it."""


def brief(message: Message) -> str:
    """A message in a few words."""
    words = []
    for field in SHOWN:
        value = getattr(message, field, None)
        if value is not None:
            words.append(f"{field} {value if isinstance(value, (Ballot, int, str)) else _plain(value)}")
    records = getattr(message, "records", None) or getattr(message, "tail", None)
    if records:
        words.append(f"slots {records[0].slot} to {records[-1].slot}")
    return f"{type(message).__name__} ({', '.join(words)})" if words else type(message).__name__


def _plain(value: Any) -> str:
    return str(value).replace("Get(", "get(").replace("Put(", "put(").replace("Delete(", "delete(")


def knowledge(slot: Slot) -> Knowledge:
    """What a node knows, if it is up."""
    if not slot.up:
        return {"state": "down"}
    node = slot.node
    if isinstance(node, Client):
        return client_knowledge(node)
    replica = getattr(node, "replica", None)
    known: Knowledge = {
        "state": "up" if slot.id.incarnation == 1 else f"up, incarnation {slot.id.incarnation}"
    }
    if replica is None:
        known["replica"] = "none"
    else:
        known.update(replica_knowledge(replica))
    unsynced = slot.disk.written - slot.disk.durable
    known["unsynced writes"] = str(unsynced)
    known["messages that wait for a sync"] = str(len(slot.outbox))
    return known


def replica_knowledge(replica: Replica) -> Knowledge:
    """What a replica knows."""
    log = replica.log
    if replica.leading is not None:
        role = f"leads {replica.leading}" + (", serving" if replica.serving else "")
    elif replica.campaign is not None:
        role = f"campaigns with {replica.campaign}"
    else:
        role = f"follows {_name(replica.leader)} at {replica.leader_ballot}"
    known = {
        "replica": str(replica.member),
        "role": role,
        "promised": str(log.promised),
        "last accepted": str(log.last_accepted),
        "log": f"slots {log.first} to {log.last}",
        "commit": str(log.commit),
        "applied": str(replica.state.applied),
        "config": " ".join(str(voter) for voter in replica.config.voters),
        "lease granted": f"to {replica.lease_granted_to} until {replica.lease_granted_until} us",
    }
    if replica.campaign is not None:
        known["promises"] = " ".join(sorted(str(member) for member in replica.promises)) or "none"
    if replica.leading is not None:
        known["votes"] = ", ".join(
            f"{member} through {progress.through}" for member, progress in sorted(replica.progress.items())
        )
    return known


def client_knowledge(client: Client) -> Knowledge:
    """What a client knows."""
    call, route = client.call, client.route
    running = "none" if call is None else f"{call.request} {_plain(call.operation)}"
    return {
        "state": "up",
        "operation": running,
        "attempt": "0" if call is None else str(call.attempt),
        "leader": f"{_name(route.leader)} at {route.ballot}",
        "operations ended": str(client.ended),
    }


def _name(who: Member | NodeId | None) -> str:
    return "nobody" if who is None else str(who)
