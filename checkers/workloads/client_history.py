"""An observer of what the clients of a run did and saw, as a history that the linearizability checker reads.

Calls and returns are the clients' own notes, at the simulator's global time. Each item is a register whose
value is the whole item as text. A condition that failed saw what the answer showed; a definite error says
only that nothing was done; an indefinite one is an unknown outcome, after which the client goes on under a
new process number. So does one that crashed: what it had under way stays open. Eventual reads promise less
and are left out. An operation of several items has no place in it: scenarios whose clients make any are not
recorded.

Imports `impl`, whose notes it reads.
"""

from typing import Any

import msgspec

from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import NodeId, Note
from dynaproof.impl.partition.messages.requests import Delete, Get, Put
from dynaproof.impl.partition.records import Item
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.notes import Ended, Invoked
from dynaproof.specs.history import History, HistoryBuilder

NANOSECONDS = 1_000
"""Nanoseconds in a microsecond, the unit of the simulator's time."""


class ClientHistory:
    """Takes in clients' notes in the order of time; `history` gives what they make."""

    def __init__(self) -> None:
        self._builder = HistoryBuilder()
        self._open: dict[RequestId, tuple[int, Any]] = {}
        self._processes: dict[NodeId, int] = {}  # By address.
        self._next_process = 0

    def listens(self, place: Place) -> Listening:
        """The beginnings and the ends of operations, and of their clients."""
        return Listening(notes={Invoked: self._noted, Ended: self._noted}, crashed=self._crashed)

    def _crashed(self, place: Place, _lost_disk: bool) -> None:
        self.crashed(place.id.address)

    def crashed(self, client: NodeId) -> None:
        """The client at this address has crashed: nobody will hear of what it had under way."""
        self._processes.pop(client, None)
        for request in [request for request in self._open if request.node.address == client]:
            del self._open[request]

    def _noted(self, place: Place, note: Note) -> None:
        self.note(note, place.world.tau)

    def note(self, note: Note, tau_us: int) -> None:
        """An operation begins or ends at this time; other notes are passed over."""
        if isinstance(note, Invoked):
            self._invoked(note, tau_us * NANOSECONDS)
        elif isinstance(note, Ended) and note.request in self._open:
            self._ended(note, tau_us * NANOSECONDS)

    def history(self) -> History:
        """What was noted so far; operations that have not ended have an unknown outcome."""
        return self._builder.build()

    def _invoked(self, note: Invoked, time: int) -> None:
        operation = note.operation
        if isinstance(operation, Get) and not operation.strong:
            return
        assert isinstance(operation, (Get, Put, Delete)), "a history is of operations of one item"
        client = note.request.node.address
        process = self._processes.get(client)
        if process is None:
            process = self._processes[client] = self._next_process
            self._next_process += 1
        key, expected, left = operation.key.decode("utf-8", "backslashreplace"), None, None
        if isinstance(operation, Get):
            function = "read"
        else:
            left = text(operation.item) if isinstance(operation, Put) else None
            function = "write" if isinstance(operation, Put) else "delete"
            if operation.conditional:
                function, expected = "cas", text(operation.expected)
        row = self._builder.call(process, function, key, left, time, expected=expected)
        self._open[note.request] = row, operation

    def _ended(self, note: Ended, time: int) -> None:
        row, operation = self._open.pop(note.request)
        observed = text(None if note.observed is None else note.observed.item)
        if note.ending == "indefinite":
            self._processes.pop(note.request.node.address)
        elif note.ending == "condition_failed":
            self._builder.failed(row, time, seen=observed)
        elif note.ending == "definite":
            if not isinstance(operation, Get) and operation.conditional:
                # A failed cas would say that the condition was looked at, and did not hold.
                self._builder.becomes(
                    row, "write", text(operation.item) if isinstance(operation, Put) else None
                )
            self._builder.failed(row, time)
        elif isinstance(operation, Get):
            self._builder.ok(row, time, value=observed)
        else:
            self._builder.ok(row, time)


def text(item: Item | None) -> str | None:
    """An item as text, the same for equal items; None is absent."""
    return None if item is None else msgspec.json.encode(item, order="deterministic").decode()
