"""A harness for directed scenarios: one replica group, for which a script says step by step what happens,
judged by the same specs as an explored run.

The words of a script: a message is delivered, repeated, dropped or held; a timer fires; time passes; a node's
syncs wait and end; a node crashes and restarts; a client asks. What a script does not mention succeeds at
once: syncs end, a node's messages to itself arrive. Messages between nodes wait for `deliver` or `settle`.

*Invariant.* The simulator could take every step too: timers never fire early, messages leave through the same
gate, a crash keeps a prefix per file. So a violation here is a real one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.group import REPLICAS, GroupConfig
from dynaproof.checkers.mutation.directed.by_hand import CRASH, ByHand, Keep, nothing
from dynaproof.checkers.mutation.directed.fixture import (
    SETTINGS,
    Broken,
    ScriptedClient,
    ScriptError,
    directed,
)
from dynaproof.checkers.mutation.directed.log import Log, words
from dynaproof.checkers.runs.config import Failure
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.partition import create_replicas, draw
from dynaproof.checkers.seam import Event
from dynaproof.checkers.workloads.client import AttemptTimer, GiveUpTimer
from dynaproof.checkers.world.options import RATE_ONE, Options
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import ONLY_LANE, Message, NodeId, Timer
from dynaproof.impl.partition.messages.requests import ItemOperation
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.election import ElectionTimer
from dynaproof.impl.paxos.messages.leadership import HeartbeatTimer
from dynaproof.impl.paxos.records import ConfigChange
from dynaproof.specs.observe.impl.place import replica_of

STEPS = 2_000
"""The most deliveries that one `settle` makes."""


class Harness:
    """A group of three, `sa`, `sb` and `sc`; a spare node `sd`; and the clients `c0` and `c1`."""

    def __init__(self, rates: dict[str, float] | None = None, **settings: Any) -> None:
        names = [*(node.name for node in REPLICAS), "c0", "c1"]
        speeds = tuple(int(RATE_ONE * (rates or {}).get(name, 1)) for name in names)
        drawn = draw("partition", 1, "timed")
        config: GroupConfig = structs.replace(
            drawn,
            settings=structs.replace(SETTINGS, **settings),
            options=Options(latencies=(1,), sync_us=(1,), rates=speeds),
            loss=0,
            duplication=0,
            clients=2,
            faults=(),
        )
        self.strategy = ByHand()
        self.run = Run(directed(), config, self.strategy)
        self.world = self.run.world
        self.world.timed, self.world.was_untimed = False, True
        self.held: dict[tuple[str, str], bool] = {}
        self.slow_disks: dict[str, bool] = {}
        self.log = Log(self.world.places)
        self.run.add(self.run.scenario.kinds[0], NodeId("region", "d", "sd"), RATE_ONE)

    def begin(self) -> None:
        """Create the replicas; nobody leads yet."""
        create_replicas(self.run)
        self._judge()
        for name in ("c0", "c1"):
            self.world.start(self.slot(name))
        self._at_once()
        self.log.begin()

    # --- Nodes ---

    def slot(self, name: str) -> Place:
        """The place of a node."""
        return self.world.places[name]

    def replica(self, name: str) -> Any:
        """The replica that a node hosts; None where there is none."""
        return replica_of(self.slot(name), ONLY_LANE)

    def client(self, name: str) -> ScriptedClient:
        """A client."""
        node = self.slot(name).node
        assert isinstance(node, ScriptedClient)
        return node

    @property
    def failure(self) -> Failure | None:
        """The first promise that was broken."""
        return self.run.failure

    # --- Messages ---

    def find(self, sender: str, receiver: str, kind: type[Message]) -> Event | None:
        """The oldest message of this kind in flight from one node to another."""
        for event in self.strategy.events:
            if (
                event.kind == "deliver"
                and event.sender.name == sender
                and event.place.name == receiver
                and type(event.payload) is kind
            ):
                return event
        return None

    def deliver(self, sender: str, receiver: str, kind: type[Message]) -> None:
        """A message arrives: the oldest of its kind on its link."""
        self._happen(self._need(sender, receiver, kind), f"{receiver} gets {kind.__name__} from {sender}")

    def deliver_if_any(self, sender: str, receiver: str, kind: type[Message]) -> bool:
        """The same, for a message that only a broken replica sends."""
        event = self.find(sender, receiver, kind)
        if event is not None:
            self._happen(event, f"{receiver} gets {kind.__name__} from {sender}")
        return event is not None

    def repeat(self, sender: str, receiver: str, kind: type[Message]) -> None:
        """A message arrives, and a copy of it stays in flight."""
        event = self._need(sender, receiver, kind)
        copy = structs.replace(event, number=event.number + 1_000_000)
        if event.link is not None:
            event.link.in_flight += 1
        self._happen(event, f"{receiver} gets {kind.__name__} from {sender}")
        self.strategy.add(copy)

    def drop(self, sender: str, receiver: str, kind: type[Message] | None = None) -> None:
        """Messages in flight on a link are lost: all, or all of a kind."""
        for event in list(self.strategy.events):
            lost = event.kind == "deliver" and event.sender.name == sender and event.place.name == receiver
            if lost and kind in {None, type(event.payload)}:
                if event.link is not None:
                    event.link.in_flight -= 1
                self.strategy.discard(event)
        self.log.say(f"{kind.__name__ if kind else 'everything'} from {sender} to {receiver} is lost")

    def inject(self, name: str, message: Message, sender: str = "") -> None:
        """A node gets a message that no node of the group has just sent: from its operator, or from a
        `sender` that runs other code.
        """
        slot = self.slot(name)
        whence = f"{sender}, which has not sent it" if sender else "outside the group"
        self.log.say(f"{name} gets {type(message).__name__} from {whence}")
        self._handle(slot, slot.node.on_message, self.slot(sender or name).id, message)
        self._at_once()

    def hold(self, *names: str) -> None:
        """What these nodes send to others, and what others send to them, waits for `deliver`."""
        for name in names:
            for other in self.world.places:
                if other != name:
                    self.held[name, other] = self.held[other, name] = True
        self.log.say(f"{' and '.join(names)} cut off")

    def hold_link(self, sender: str, receiver: str) -> None:
        """Messages from one node to another wait for `deliver`."""
        self.held[sender, receiver] = True
        self.log.say(f"messages from {sender} to {receiver} wait")

    def free(self) -> None:
        """Nothing is held any more: everything arrives with the next `settle`."""
        self.held = {}
        self.log.say("all links work")

    def settle(self, *kinds: type[Message]) -> None:
        """Deliver what is in flight and not held, and what follows, oldest first; or only these kinds."""
        for _ in range(STEPS):
            event = self._next_message(kinds)
            if event is None:
                return
            receiver, what = event.place.name, type(event.payload).__name__
            self._happen(event, f"{receiver} gets {what} from {event.sender.name}")
        raise ScriptError(f"messages go on and on after {STEPS} deliveries")

    # --- Time ---

    def wait(self, microseconds: int) -> None:
        """Time passes; timers are late."""
        self.world.tau += microseconds
        self.log.say(f"{microseconds} us pass")

    def step_wall(self, name: str, microseconds: int) -> None:
        """The wall clock of a node steps."""
        self.slot(name).wall_offset += microseconds
        self.log.say(f"the wall clock of {name} steps by {microseconds} us")

    def fire(self, name: str, kind: type[Timer]) -> None:
        """A node's timer fires: at its deadline, or now if that has passed."""
        for event in self.slot(name).timers.values():
            if type(event.payload) is kind:
                self._happen(event, f"{kind.__name__} of {name} fires")
                return
        raise ScriptError(f"{name} has set no {kind.__name__}")

    def beat(self, name: str) -> None:
        """A leader's next round, and its answers."""
        self.fire(name, HeartbeatTimer)
        self.settle()

    def elect(self, name: str) -> None:
        """A replica's election timer fires, and what is not held arrives until it leads."""
        self.fire(name, ElectionTimer)
        self.settle()
        if self.replica(name).leading is None:
            raise ScriptError(f"{name} does not lead")

    def replace(self, leader: str, retiring: str) -> None:
        """An operator has `sd` take the place of a voter that lost nothing: the leader proposes the config.

        The system itself replaces only voters that lost something; the replication rules hold for both.
        """
        spare, replica = self.slot("sd"), self.replica(leader)
        self.log.say(f"{leader} proposes sd in the place of {retiring}")
        if not spare.up:
            self.world.start(spare)

        def propose() -> None:
            retired = next(v for v in replica.config.voters if v.node.name == retiring)
            new = Member(spare.id, replica.config.next_incarnation)
            slot, epoch = replica.next_slot, replica.config.epoch
            config = replica.config.replacing(retired, new)
            replica.propose(ConfigChange(slot, replica.leading, epoch, replica.next_timestamp(), config))

        self._handle(self.slot(leader), propose)
        self._at_once()

    def pass_leases(self) -> None:
        """Let twice the longest duration of a lease pass."""
        self.wait(self.run.config.settings.lease_us * 3)

    # --- Disks, crashes ---

    def hold_disk(self, name: str) -> None:
        """Syncs of a node wait for `sync`."""
        self.slow_disks[name] = True
        self.log.say(f"the disk of {name} is slow")

    def start_sync(self, name: str) -> None:
        """The pending sync of a node starts: it covers what is written by now."""
        event = self.slot(name).sync_event
        if event is None or event.kind != "sync_start":
            raise ScriptError(f"no sync of {name} waits for its start")
        self._happen(event, f"a sync of {name} starts")

    def end_sync(self, name: str) -> None:
        """The running sync of a node ends."""
        event = self.slot(name).sync_event
        if event is None or event.kind != "sync_end":
            raise ScriptError(f"no sync of {name} is running")
        self._happen(event, f"a sync of {name} ends")

    def free_disk(self, name: str) -> None:
        """A node's syncs end at once again."""
        self.slow_disks.pop(name, None)
        self.log.say(f"the disk of {name} is fast")
        self._at_once()

    def crash(self, name: str, keep: Keep = nothing, lose_disk: bool = False) -> None:
        """A node crashes; `keep` says what its files keep of the writes that were not synced."""
        self.strategy.keep = keep
        self.world.crash(self.slot(name), CRASH, lose_disk=lose_disk, spare=True)
        self.log.say(f"{name} crashes" + (" and loses its disk" if lose_disk else ""))
        self._judge()

    def restart(self, name: str) -> None:
        """A node comes back."""
        self.log.say(f"{name} restarts")
        self.world.start(self.slot(name))
        self._judge()
        self._at_once()

    def rot(self, name: str, log: str, at: int) -> None:
        """One byte of a synced log differs from here on."""
        slot = self.slot(name)
        slot.disk.rot(log, at, 1)
        slot.damaged(log)
        self.log.say(f"byte {at} of {log} on {name} rots")

    def rot_page(self, name: str, item: bytes) -> None:
        """One of these bytes, in a synced page, differs from here on."""
        slot = self.slot(name)
        for file, pages in slot.disk.durable_files().items():
            for number, data in pages.items():
                if item in data:
                    slot.disk.rot_page(file, number, data.index(item), 1)
                    slot.rotted(file)
                    self.log.say(f"a byte of page {number} of {file} on {name} rots")
                    return
        raise ScriptError(f"no page of {name} holds {item!r}")

    # --- Clients ---

    def ask(self, name: str, operation: ItemOperation, to: str) -> None:
        """A client sends an operation to a replica that it takes for the leader; it arrives at once."""
        self.send(name, operation, to)
        self._happen(self._request(name, to), f"{to} gets it")

    def send(self, name: str, operation: ItemOperation, to: str) -> None:
        """The same, and the request stays in flight."""
        client, replica = self.client(name), self.replica(to)
        client.next, client.ending, client.observed = operation, None, None
        self.undecided_clients_ask(to)
        client.route.leader = self.slot(to).id
        client.route.ballot = replica.leading or replica.leader_ballot
        self._handle(self.slot(name), client.begin)
        self.log.say(f"{name} asks {to} for {words(operation)}")
        self._at_once()

    def undecided_clients_ask(self, name: str) -> None:
        """Choose the replica that a client asks if it knows no leader."""
        self.strategy.replica = [node.name for node in REPLICAS].index(name)

    def ask_again(self, name: str, to: str) -> None:
        """A client whose attempt was not answered tries again, at this replica, under the same request id."""
        client, replica = self.client(name), self.replica(to)
        self.fire(name, AttemptTimer)
        for other in REPLICAS:
            self.drop(name, other.name)
        route = client.route
        route.leader, route.ballot = self.slot(to).id, replica.leading or replica.leader_ballot
        self._handle(self.slot(name), client.try_once)
        self._happen(self._request(name, to), f"{to} gets it")

    def give_up(self, name: str) -> None:
        """A client has waited for long enough."""
        self.fire(name, GiveUpTimer)

    def promise(self, spec: str, holds: bool, sentence: str) -> None:
        """A promise about what must have happened by now (`eventually`); `sentence` says how it broke."""
        if not holds:
            self.run.fail(spec, sentence)
            raise Broken(sentence)

    def expect(self, holds: bool, what: str) -> None:
        """Assert what the script assumes."""
        if not holds:
            raise ScriptError(f"it is not so that {what}")

    # --- Inside ---

    def _request(self, name: str, to: str) -> Event:
        for event in reversed(self.strategy.events):
            if event.kind == "deliver" and event.sender.name == name and event.place.name == to:
                return event
        raise ScriptError(f"{name} has sent nothing to {to}")

    def _need(self, sender: str, receiver: str, kind: type[Message]) -> Event:
        event = self.find(sender, receiver, kind)
        if event is None:
            raise ScriptError(f"no {kind.__name__} from {sender} to {receiver} is in flight")
        return event

    def _next_message(self, kinds: tuple[type[Message], ...]) -> Event | None:
        for event in self.strategy.events:
            if event.kind != "deliver" or (event.sender.name, event.place.name) in self.held:
                continue
            if not kinds or type(event.payload) in kinds:
                return event
        return None

    def _happen(self, event: Event, sentence: str) -> None:
        self.log.say(sentence)
        self._let(event)
        self._at_once()

    def _let(self, event: Event) -> None:
        self.strategy.discard(event)
        self.world.happen(event)
        self._judge()

    def _handle(self, slot: Place, handler: Callable[..., None], *arguments: Any) -> None:
        self.world.run(slot, handler, *arguments)
        self._judge()

    def _at_once(self) -> None:
        """Let syncs end, and nodes' messages to themselves arrive."""
        for _ in range(STEPS):
            event = next((event for event in self.strategy.events if self._goes_well(event)), None)
            if event is None:
                return
            self._let(event)
        raise ScriptError(f"a node keeps itself busy for {STEPS} steps")

    def _goes_well(self, event: Event) -> bool:
        kind, name = event.kind, event.place.name
        if kind == "deliver":
            return event.sender.name == name and (name, name) not in self.held
        return kind != "timer" and name not in self.slow_disks

    def _judge(self) -> None:
        if self.run.view.fresh:
            self.run.check()
        if self.run.failure is not None:
            raise Broken(self.run.failure.sentence)
