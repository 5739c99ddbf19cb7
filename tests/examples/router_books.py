"""A router that knows a table of one partition, which is split, and its user, who asks and hears."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dynaproof.checkers.user_file import imported
from dynaproof.impl.metadata.changes import first_config
from dynaproof.impl.metadata.messages import Locate, Located
from dynaproof.impl.metadata.records import PartitionRecord, TableRecord
from dynaproof.impl.node import Message, NodeId, Note
from dynaproof.impl.partition.messages.requests import Page, Rejected, Reply, WrongPartition
from dynaproof.impl.partition.records import ChildSpec, Split, StoredItem
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member, RequestId
from dynaproof.impl.router.caller import GiveUpTimer
from dynaproof.impl.router.messages import (
    Action,
    Answered,
    Ask,
    GetItem,
    PutItem,
)
from dynaproof.impl.router.notes import Crossed
from dynaproof.impl.router.router import Router
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.sessions import OpenSession, Session
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import encode_item
from dynaproof.impl.values.key import KeyAttribute, KeySchema, encode_key
from dynaproof.impl.values.key_range import KeyRange, whole

ALONE: Any = imported(Path(__file__).resolve().parents[1] / "laws" / "arbitrary.py").Alone
NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in ("a", "b", "c"))
A, B, C = (node.address for node in NODES)
ADMINS = (NodeId("region", "a", "admin-a"),)
ME, USER = NodeId("region", "a", "router-a"), NodeId("region", "user", "u0")
SCHEMA = KeySchema(KeyAttribute("id", "S"))
CONFIG = first_config(NODES)
ORDERED = RequestId(ME, 1, 99)


def key_of(name: str) -> bytes:
    return encode_key(SCHEMA, {"id": S(name)})


NAMES = sorted("abcdefgh", key=key_of)
"""Of eight items, in the order of their storage keys: a split at the third and one at the fifth."""
AT, LATER = key_of(NAMES[3])[:16], key_of(NAMES[5])[:16]
VOTERS = tuple(Member(node, 1) for node in NODES)
TO_END = KeyRange(AT, None)
SPLIT = Split(
    9,
    Ballot(3, "sa", 1),
    0,
    50,
    ChildSpec(2, KeyRange(whole().start, AT), VOTERS),
    ChildSpec(3, TO_END, VOTERS),
)
LAST = KeyRange(LATER, None)
SPLIT_AGAIN = Split(
    5, Ballot(1, "sb", 1), 0, 70, ChildSpec(4, KeyRange(AT, LATER), VOTERS), ChildSpec(5, LAST, VOTERS)
)
"""Of partition 3."""
PARENT = PartitionRecord(1, "books", 1, whole(), "listed", CONFIG)
CHILDREN = tuple(
    PartitionRecord(child.partition, "books", 1, child.range, "listed", CONFIG) for child in SPLIT.children
)
LEFT, RIGHT = NAMES[0], NAMES[6]
LED = Ballot(7, "sa", 1)
"""By which the parent was led."""


def item(name: str) -> bytes:
    return encode_item({"id": S(name)})


class Surroundings(ALONE):  # type: ignore[misc]
    """Keeps what the node notes, too, with the lane."""

    def __init__(self) -> None:
        super().__init__(ME)
        self.notes: list[tuple[int, Note]] = []

    def note(self, event: Note) -> None:
        self.notes.append((self.lane, event))


class Books:
    """A router that knows a table of one partition, and its user; in which of its lives may be said."""

    def __init__(self, boot: int = 1, **settings: Any) -> None:
        self.env = Surroundings()
        self.env.boot = boot
        self.router = Router(self.env, NODES, ADMINS, RouterSettings(**settings))
        self.router.on_start()
        self.router.on_message(USER, OpenSession(1))
        self.asked = 0
        self.slot = 0
        self.ask(GetItem("books", item(LEFT), strong=True))
        self.look_up()
        self.reply()

    def ask(self, action: Action) -> None:
        self.asked += 1
        self.env.lane = 0
        self.router.on_message(USER, Ask(Session(self.env.boot, 1), self.asked, action))

    def look_up(self, *partitions: PartitionRecord, generation: int = 1) -> None:
        """The metadata answers the last look-up."""
        partitions = partitions or (PARENT,)
        number = max(m.number for _, _, m in self.env.sent if isinstance(m, Locate))
        self.slot += 1
        ids = tuple(one.partition for one in partitions)
        table = TableRecord("books", generation, "active", SCHEMA, 3, ids, ORDERED, 0)
        self.env.lane = 0
        self.router.on_message(A, Located(number, self.slot, table, partitions, (), 0, NODES))

    @property
    def last(self) -> tuple[int, NodeId, Any]:
        """The last request, its lane, and whom it asks."""
        return next(one for one in reversed(self.env.sent) if hasattr(one[2], "operation"))

    def hear(self, make: Callable[[RequestId, int], Message], of: Any = None) -> None:
        """The answer to a request, or to the last one."""
        lane, to, m = of or self.last
        self.env.lane = lane
        self.router.on_message(to, make(m.request, m.attempt))

    def reply(self, observed: StoredItem | None = None) -> None:
        self.hear(lambda request, attempt: Reply(request, attempt, "ok", 4, observed))

    def is_split(
        self, split: Split = SPLIT, final: bool = True, first: NodeId | None = B, of: Any = None
    ) -> None:
        self.hear(lambda request, attempt: WrongPartition(request, attempt, final, None, split, first), of)

    def is_not_there(self) -> None:
        self.hear(lambda request, attempt: WrongPartition(request, attempt, False))

    def refuse(
        self, reason: str, final: bool, of: Any = None, leader: Any = None, ballot: Ballot = NO_BALLOT
    ) -> None:
        self.hear(lambda request, attempt: Rejected(request, attempt, reason, final, leader, ballot), of)

    def page(self, *names: str, through: bytes | None = None) -> None:
        found = tuple((key_of(name), StoredItem(item(name), 3, 3)) for name in names)
        self.hear(lambda request, attempt: Page(request, attempt, 4, found, through))

    def fire(self, kind: Any) -> None:
        """The one timer of this kind of the last request is due."""
        due = [each for each in self.env.timers if isinstance(each[1], kind)]
        assert len(due) == 1
        lane, timer = due[0]
        assert lane == self.last[0], "the timers of a request are in the lane of its partition"
        self.env.fire(self.router, list(self.env.timers).index((lane, timer)))

    @property
    def said(self) -> Any:
        """The last answer to the user: its result, or whether nothing has happened."""
        to, m = self.env.sent[-1][1:]
        assert to == USER
        return m.result if isinstance(m, Answered) else m

    def ends(self) -> Any:
        """The time of the last request is up."""
        self.fire(GiveUpTimer)
        return self.said

    def crossed(self) -> list[tuple[int, int, int, bool]]:
        """The calls that went over a split: the lane in which that was said, from where, where to."""
        notes = ((lane, one) for lane, one in self.env.notes if isinstance(one, Crossed))
        return [(lane, one.parent, one.child, one.final) for lane, one in notes]


def put(books: Books, name: str = RIGHT, partition: int = 1) -> None:
    """Ask for a write, which comes to the leader of the partition."""
    books.ask(PutItem("books", item(name)))
    assert books.last[0] == partition
