"""A reader of a partition's log, as a node: it holds the log, reads on from its place, and moves its hold.

While there is more, it asks again as soon as an answer has come, so it keeps up with any load whose records
a round trip can carry; a patient reader pauses between all its questions, and falls behind.

*Invariant.* The records that it takes are consecutive, unless an answer says that the log is gone from there;
then it begins anew where its next hold is placed.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.node import Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.partition.cursor import LogCursor
from dynaproof.impl.partition.messages.readers import CursorPlaced, LogRead, LogTrimmed, MoveCursor, ReadLog
from dynaproof.impl.partition.records import CursorMoved
from dynaproof.impl.router.notes import LogTaken

TRIMMED_LIMIT = 6
"""How many answers in a row, that the log is gone from the place on, make the reader give its place up: one
replica may still have what another has cut.
"""


class ReaderSettings(Struct, frozen=True):
    """How a reader paces itself, by its own clock."""

    pause_us: Microseconds = 500_000
    """The pause between two questions, if there was nothing more to read or the first got no answer."""
    limit: int = 4
    """Records per question."""
    questions: int = 40
    """After how many pauses it stops; then its hold lapses."""
    patient: bool = False
    """Whether it pauses even if there is more to read."""


class ReadTimer(Timer, frozen=True, gc=False, tag="read"):
    """Time for the next question."""


class LogReader:
    """Reads the log of one group for ever, or for as many questions as it may ask."""

    def __init__(self, env: Env, replicas: tuple[NodeId, ...], settings: ReaderSettings) -> None:
        self.env = env
        self.replicas = tuple(replica.address for replica in replicas)
        self.settings = settings
        self.through = 0
        self.placed = False
        self.trimmed = 0
        self.asked = 0
        """How often it has paused and asked."""

    def on_start(self) -> None:
        """Begin soon."""
        self.env.set_timer(self.settings.pause_us, ReadTimer())

    def stop(self) -> None:
        """Ask nothing more."""
        self.asked = max(self.asked, self.settings.questions)

    def on_timer(self, timer: Timer) -> None:
        """Place the hold, or read on."""
        if self.asked >= self.settings.questions:
            return
        self.asked += 1
        self.env.set_timer(self.settings.pause_us, ReadTimer())
        me, name = self.env.me, self.env.me.name
        if self.placed:
            self.ask(ReadLog(me, name, LogCursor(self.through + 1, self.settings.limit)))
        else:
            self.ask(MoveCursor(me, name, 0))

    def ask(self, message: Message) -> None:
        """Ask any replica."""
        self.env.send(self.replicas[self.env.random("replica", len(self.replicas))], message)

    def take(self, sender: NodeId, message: LogRead) -> None:
        """Take records that continue the place. The hold moves behind them, unless they only moved holds:
        each move is a record itself, and readers would for ever move their holds behind it.
        """
        me, name = self.env.me, self.env.me.name
        self.trimmed = 0
        self.through += len(message.records)
        self.env.note(LogTaken(message.records))
        if not all(isinstance(record, CursorMoved) for record in message.records):
            self.ask(MoveCursor(me, name, self.through))
        if self.through < message.commit and not self.settings.patient:
            self.env.send(sender, ReadLog(me, name, LogCursor(self.through + 1, self.settings.limit)))

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take what continues the place, and move the hold behind it."""
        if isinstance(message, CursorPlaced):
            if not self.placed:
                self.placed, self.through = True, message.through
        elif isinstance(message, LogRead):
            if self.placed and message.first == self.through + 1 and message.records:
                self.take(sender, message)
        elif isinstance(message, LogTrimmed) and self.placed and message.place == self.through + 1:
            self.trimmed += 1
            if self.trimmed >= TRIMMED_LIMIT:
                self.placed, self.trimmed = False, 0
