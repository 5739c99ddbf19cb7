"""The request router: takes what users ask for, finds the partitions, calls them, and answers.

It is stateless: what it knows of tables and leaders can be asked for again (`tables`, `caller`), and what is
under way when it crashes ends without an answer. The rules R1 to R9 are in docs/table.md.

*Invariants.* An error says that nothing has happened only if each attempt was refused for good (R6). A page
is what was read from the partitions that own its range, in order, with a token that names no partition (R8).
What is under way is bounded; beyond that, a user is throttled, and nothing has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from dynaproof.impl.metadata.orders import ACTIONS
from dynaproof.impl.metadata.records import METADATA, TableRecord
from dynaproof.impl.node import ONLY_LANE, Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.partition.messages.requests import READS, Page, Reply, Scan
from dynaproof.impl.partition.records import Split
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.notes import Reached
from dynaproof.impl.router import errors
from dynaproof.impl.router.asked import Asked, Paging, what_became_of
from dynaproof.impl.router.call import Ending
from dynaproof.impl.router.caller import Caller, Running
from dynaproof.impl.router.control import Control
from dynaproof.impl.router.errors import ApiError
from dynaproof.impl.router.forwarding import Forwarding, error_of
from dynaproof.impl.router.keys import check_bytes, check_different, page_of, piece_of, single, tables_of
from dynaproof.impl.router.lineage import place_of
from dynaproof.impl.router.messages import (
    Answered,
    Ask,
    DescribeTable,
    Failed,
    Items,
    ListTables,
    QueryTable,
    Result,
    ScanTable,
    Throttled,
    size_of,
)
from dynaproof.impl.router.room import Room
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.router.tables import LIFE_BITS, Known, LocateTimer, Tables, hosts_of
from dynaproof.impl.router.tokens import Purses
from dynaproof.impl.sessions import OpenSession, Sessions
from dynaproof.impl.tokens.messages import Drawn
from dynaproof.impl.values.errors import InvalidValue


class Router:
    """One of a region's routers; it finds the metadata on the nodes `metadata`, and draws its tokens from the
    service `tokens`, if the region has one.
    """

    def __init__(
        self,
        env: Env,
        metadata: tuple[NodeId, ...],
        admins: tuple[NodeId, ...],
        settings: RouterSettings,
        tokens: NodeId | None = None,
    ) -> None:
        self.env = env
        self.settings = settings
        self.metadata = tuple(node.address for node in metadata)
        self.caller = Caller(env, settings.caller, self)
        self.tables = Tables(env, settings, metadata, self.caller, self)
        self.control = Control(env, settings, admins, self)
        self.sessions = Sessions(env, settings.sessions)
        self.asked: dict[int, Asked] = {}
        """What is under way, by a number of the router's own."""
        self.room = Room(settings.bytes_at_once, settings.batch_bytes)
        """The memory that this takes."""
        self.forwarding = Forwarding(env, settings, tokens, self.caller, self)
        self.purses = self.forwarding.purses
        self.numbers = (env.boot - 1) << LIFE_BITS  # An answer may come late, in another life.

    def on_start(self) -> None:
        """Nothing is known before it is asked for."""
        self.tables.start()
        self.control.start()

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """The queues that grow with what users ask: name, length and bound of each."""
        settings, tables = self.settings, self.tables
        return (
            ("requests under way", len(self.asked), settings.requests),
            *self.room.bounds(self.asked.values()),
            ("pages under way", self.pages_under_way(), settings.scans_at_once),
            ("tables looked up", len(tables.look_ups), settings.refreshes),
            ("tables that wait to be looked up", len(tables.queue), settings.requests),
            ("tables known", len(tables.known), settings.tables),
            ("sessions", len(self.sessions.open), settings.sessions),
            *self.purses.queues(),
        )

    # --- What users ask ---

    def on_open_session(self, sender: NodeId, m: OpenSession) -> None:
        """A user wants to ask here."""
        self.sessions.on_open(sender, m)

    def on_ask(self, sender: NodeId, m: Ask) -> None:
        """Take a request once, if there is room, and find the table."""
        if not self.sessions.takes(sender, m):
            return
        asked = Asked(sender, m, self.env.now, self.settings.timeout_us)
        crowded = isinstance(m.action, PAGES) and self.pages_under_way() >= self.settings.scans_at_once
        if crowded or len(self.asked) >= self.settings.requests:
            self.fail(asked, errors.THROTTLED)
            return
        if not self.room.take(asked, size_of(m.action)):
            self.fail(asked, errors.THROTTLED)
            return
        self.numbers += 1
        self.asked[self.numbers] = asked
        if isinstance(m.action, (*ACTIONS, ListTables)):
            self.control.begin(self.numbers, asked)
            return
        if isinstance(m.action, DescribeTable):
            self.tables.wait(m.action.name, self.numbers, asked.until)
        else:
            self.find(self.numbers, asked)

    def on_drawn(self, sender: NodeId, m: Drawn) -> None:
        """The token service grants something."""
        self.purses.on_drawn(sender, m)

    def pages_under_way(self) -> int:
        """Scans and queries, which may take long."""
        return sum(isinstance(asked.action, PAGES) for asked in self.asked.values())

    def find(self, number: int, asked: Asked) -> None:
        """Go on with what is known of the tables, or look up the first one that is not known. What breaks a
        rule of a table as it was known before may be right by now: the table is looked up first (R1).
        """
        action, used = asked.action, dict[str, Known]()
        try:
            check_bytes(action, self.settings.batch_bytes)
            for name in tables_of(action):
                known = asked.tables.get(name) or self.tables.get(name)
                if known is None:
                    self.tables.wait(name, number, asked.until)
                    return
                asked.tables[name] = known
            used, asked.tables = asked.tables, {}
            self.go_on(number, asked, used)
        except InvalidValue as error:
            if (older := asked.older(used)) is not None:
                self.tables.wait(older, number, asked.until)
            else:
                self.end(number, errors.invalid(error.message))

    def go_on(self, number: int, asked: Asked, tables: Mapping[str, Known]) -> None:
        """Begin the calls, or the next one.

        Raises:
            InvalidValue: what was asked for breaks a rule.
        """
        action = asked.action
        if isinstance(action, (ScanTable, QueryTable)):
            known = tables[action.table]
            if asked.paging is None or asked.paging.is_void(known.table.generation):
                asked.paging = page_of(known.table, action, self.settings.scan_items)
            self.read_piece(number, asked, asked.paging, known)
            return
        pieces = [piece_of(tables[one.table].table, one) for one in single(action)]
        check_different(pieces)
        asked.pieces = pieces
        for index, piece in enumerate(pieces):
            known = tables[piece.table]
            self.forwarding.forward(
                number, asked, index, known.table, known.owner(piece.key), piece.operation
            )

    # --- Without tokens ---

    def lacks_tokens(self, number: int, index: int, reason: str, after_us: Microseconds) -> None:
        """There are no tokens for a part: it is throttled, and nothing has happened."""
        asked, error = self.asked[number], errors.no_capacity(reason, after_us)
        del asked.ready[index]
        if asked.paging is not None:
            del asked.paging.partitions[-1]  # Nothing was read there.
            self.end(number, self.page_so_far(asked.paging) if asked.paging.items else error)
            return
        piece = asked.pieces[index]
        piece.done, piece.error = True, error
        if not asked.left:
            self.answer_items(number, asked)

    def located(self, name: str, table: TableRecord | None, waits: list[int]) -> None:
        """A table was looked up. If it is gone its calls end, because its partitions never answer again; the
        requests that wait go on.
        """
        generation = 0 if table is None else table.generation
        for running in list(self.caller.running.values()):
            asked = self.asked.get(running.purpose.asked)
            if asked is None or isinstance(asked.action, ListTables):
                continue
            by, of = asked.called_by(running.purpose)
            if by == name and of != generation:
                self.env.note(Reached("table gone under a request"))
                self.caller.give_up(running)
        for number in waits:
            asked = self.asked.get(number)
            if asked is None:
                continue
            if isinstance(asked.action, DescribeTable):
                self.control.describe(number, name, table)
            elif name not in self.tables.known:
                self.end(number, errors.TABLE_NOT_FOUND)
            else:  # Perhaps not all its tables are known at the same time.
                asked.tables[name] = self.tables.known[name]
                self.find(number, asked)

    def not_located(self, waits: list[int]) -> None:
        """The metadata has not answered in time."""
        for number in waits:
            if number in self.asked:
                self.end(number, errors.NO_METADATA)

    # --- What its calls come to ---

    def ended(self, running: Running, ending: Ending, answer: Reply | Page | None) -> None:
        """A call has ended."""
        part = running.purpose
        if part.paid is not None:
            self.forwarding.settle(running, part.paid, ending, 0 if answer is None else answer.consumed)
        asked = self.asked.get(part.asked)
        if asked is None:
            return
        if isinstance(asked.action, ListTables):
            self.control.listed(part.asked, answer)
        elif asked.paging is not None:
            self.page_piece(part.asked, asked, asked.paging, running, answer)
        else:
            self.item_ended(part.asked, asked, part.index, running, ending, answer)

    def item_ended(
        self,
        number: int,
        asked: Asked,
        index: int,
        running: Running,
        ending: Ending,
        answer: Reply | Page | None,
    ) -> None:
        """One item is done; once all are, the user is answered."""
        piece = asked.pieces[index]
        reads = isinstance(piece.operation, READS)  # They have no effect, however they end.
        without_effect = ending == "definite" or (reads and ending == "indefinite")
        piece.done, piece.gone, kept = True, without_effect and self.is_gone(asked, running), True
        if isinstance(answer, Reply):
            asked.consumed += answer.consumed
            item = None if answer.observed is None else answer.observed.item
            kept = item is None or self.room.keep(asked, len(item))
            piece.item = item if kept else None
        if not kept:  # It was read, or a condition failed: either way nothing has happened.
            piece.error = errors.THROTTLED
        elif ending != "ok":
            piece.error = error_of(ending, running)
        if asked.left:
            return
        if all(one.gone for one in asked.pieces):
            self.find(number, asked)  # Nothing has happened, and the table is another one now, or none.
        else:
            self.answer_items(number, asked)

    def answer_items(self, number: int, asked: Asked) -> None:
        """All items are done (R6)."""
        said, observed = what_became_of(asked)
        self.end(number, said, observed)

    # --- Pages (R8) ---

    def read_piece(self, number: int, asked: Asked, paging: Paging, known: Known) -> None:
        """Read from the partition that owns the place that the page has reached (R8)."""
        if paging.items and paging.generation != known.table.generation:
            self.end(number, self.page_so_far(paging))  # What follows is in another table of that name.
            return
        owner = known.owner(paging.low)
        high = owner.range.end
        if high is None or (paging.high is not None and paging.high < high):
            high = paging.high
        assert isinstance(asked.action, (ScanTable, QueryTable)), "only these are paged so"
        operation = Scan(
            paging.low,
            high,
            paging.wanted - len(paging.items),
            max(1, min(self.settings.scan_bytes - paging.bytes, self.room.left)),
            asked.action.strong,
        )
        paging.begin(owner.partition, known.table.generation)
        self.forwarding.forward(number, asked, 0, known.table, owner, operation)

    def page_piece(
        self, number: int, asked: Asked, paging: Paging, running: Running, answer: Reply | Page | None
    ) -> None:
        """A piece of a page: go on behind it, until the page is full or at its end (R8). A piece comes from
        one partition, and is complete up to its end, whatever is known of the table by now.
        """
        operation = running.call.operation
        assert isinstance(operation, Scan), "a page is read by scans"
        if not isinstance(answer, Page):
            if self.is_gone(asked, running):
                self.find(number, asked)
            elif running.call.cut_short and self.env.now < asked.until:
                paging.partitions.pop()  # Nothing was read there.
                self.find(number, asked)
            elif paging.items:
                self.end(number, self.page_so_far(paging))
            else:
                self.end(number, error_of("definite", running))
            return
        items = [(key, stored.item) for key, stored in answer.items]
        asked.consumed += answer.consumed
        size = sum(len(key) + len(item) for key, item in items)
        if not self.room.keep(asked, size):
            paging.partitions.pop()  # What was read there is not kept.
            self.end(number, self.page_so_far(paging) if paging.items else errors.THROTTLED)
            return
        paging.items += items
        paging.bytes += size
        full = len(paging.items) >= paging.wanted or paging.bytes >= self.settings.scan_bytes
        place = operation.high if answer.through is None else answer.through
        if place is None or (paging.high is not None and place >= paging.high):
            self.end(number, Items(tuple(paging.items), None))
        elif full or (answer.through is not None and paging.items):
            self.end(number, self.page_so_far(paging))
        else:
            paging.low = place
            self.find(number, asked)

    def page_so_far(self, paging: Paging) -> Items:
        """A page that ends with the last item read; the next one begins behind that."""
        if len(dict.fromkeys(paging.partitions)) > 1:
            self.env.note(Reached("page over several partitions"))
        return Items(tuple(paging.items), paging.items[-1][0])

    # --- Tables that change ---

    def is_gone(self, asked: Asked, running: Running) -> bool:
        """Whether there is time to go on, and the table by which a call was made is no longer known."""
        name, generation = asked.called_by(running.purpose)
        known = self.tables.known.get(name)
        return self.env.now < asked.until and (known is None or known.table.generation != generation)

    def not_there(self, running: Running) -> None:
        """A node that should host a partition does not. If another partition, made later, has the key by now,
        this one was split (R4). Otherwise what is known of the table may be old.
        """
        asked = self.asked.get(running.purpose.asked)
        if asked is None or running.partition == METADATA:
            return
        self.env.note(Reached("stale route"))
        name, generation = asked.called_by(running.purpose)
        known = self.tables.known.get(name)
        if known is not None and known.table.generation == generation:
            owner = known.owner(place_of(running.call.operation))
            if owner.partition > running.partition:  # Nothing says what became of the attempts so far.
                self.caller.go_on(running, owner.partition, hosts_of(owner), final=False)
                return
        self.tables.refresh(name)

    def was_split(self, running: Running, split: Split) -> None:
        """A partition is split: its children are asked from now on."""
        asked = self.asked.get(running.purpose.asked)
        if asked is not None:
            self.tables.split(asked.called_by(running.purpose)[0], running.partition, split)

    def moved(self, partition: int, hosts: Hosts) -> None:
        """A node that has left says where the metadata is (A15)."""
        if partition == METADATA:
            self.tables.whereabouts.learn(hosts)

    def members(self, partition: int) -> tuple[NodeId, ...]:
        """Where a partition is, as far as this router knows."""
        if partition == METADATA:
            return self.tables.whereabouts.all
        return self.tables.homes.get(partition, ())

    # --- Answers to users ---

    def end(self, number: int, said: Result | ApiError, observed: bytes | None = None) -> None:
        """Answer what was asked for."""
        asked = self.asked.pop(number)
        self.room.free(asked)
        self.env.enter(ONLY_LANE)
        if isinstance(said, ApiError):
            self.fail(asked, said, observed)
        else:
            self.env.send(asked.client, Answered(asked.session, asked.number, said, asked.consumed))

    def fail(self, asked: Asked, error: ApiError, observed: bytes | None = None) -> None:
        """Answer with an error."""
        self.env.enter(ONLY_LANE)
        said = (asked.session, asked.number, error.name, error.message, error.definite, observed)
        failed = Throttled(*said, error.reasons, error.after_us) if error.reasons else Failed(*said)
        self.env.send(asked.client, failed)

    # --- What the driver calls ---

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Hand a message to the part that handles it."""
        kind = type(message)
        if kind in Caller.HANDLERS:
            Caller.HANDLERS[kind](self.caller, sender, message)
            return
        self.env.enter(ONLY_LANE)  # Work that belongs to no partition is done in this lane.
        if kind in Tables.HANDLERS:
            Tables.HANDLERS[kind](self.tables, sender, message)
        elif kind in Control.HANDLERS:
            Control.HANDLERS[kind](self.control, sender, message)
        elif kind in self.HANDLERS:
            self.HANDLERS[kind](self, sender, message)

    def on_timer(self, timer: Timer) -> None:
        """Hand a timer to the part that set it."""
        kind = type(timer)
        if kind in Caller.TIMERS:
            Caller.TIMERS[kind](self.caller, timer)
        elif isinstance(timer, LocateTimer):
            self.tables.on_locate_timer(timer)
        elif kind in Purses.TIMERS:
            Purses.TIMERS[kind](self.purses, timer)
        else:
            self.control.on_order_timer(timer)  # type: ignore[arg-type]

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        OpenSession: on_open_session,
        Ask: on_ask,
        Drawn: on_drawn,
    }


PAGES = (ScanTable, QueryTable, ListTables)
