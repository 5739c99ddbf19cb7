"""Messages of any type with any values, and a node that has nothing around it to get them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import structs

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.node import ONLY_LANE, Message, NodeId, NodeProtocol, Note, Timer
from dynaproof.impl.outbox import Outbox

Fields = dict[str, SearchStrategy[Any]]


class Values:
    """Values of types: from small pools where there are some, so that they often fit each other, and often do
    not; else field by field.
    """

    def __init__(
        self,
        pools: Mapping[Any, SearchStrategy[Any]],
        carried: Mapping[Any, Any] | None = None,
        refine: Callable[[type, Fields], None] | None = None,
    ) -> None:
        self.pools = pools
        self.carried = carried or {}
        """What stands where a field's type leaves open what it is."""
        self.refine = refine
        """Changes the fields that a struct is built of."""

    def of(self, kind: Any) -> SearchStrategy[Any]:
        """Values of a field's type."""
        if kind in self.pools:
            return self.pools[kind]
        if kind in self.carried:
            return self.of(self.carried[kind])
        if kind is type(None):
            return st.none()
        if get_origin(kind) is Literal:
            return st.sampled_from(get_args(kind))
        if get_origin(kind) is tuple:
            parts = get_args(kind)
            if parts[-1] is ...:
                return st.lists(self.of(parts[0]), max_size=3).map(tuple)
            return st.tuples(*map(self.of, parts))
        if get_args(kind):
            return st.one_of(*map(self.of, get_args(kind)))
        return self.built(kind)

    def built(self, kind: type) -> SearchStrategy[Any]:
        """A struct, field by field."""
        hints = get_type_hints(kind)
        fields = {name: self.of(hints[name]) for name in kind.__struct_fields__}  # type: ignore[attr-defined]
        if self.refine is not None:
            self.refine(kind, fields)
        return st.builds(kind, **fields)


class Alone:
    """An `Env` of a node without a world: syncs end at once, what it tells itself comes back."""

    def __init__(self, me: NodeId) -> None:
        self.me = me
        self.boot = 1
        self.lane = ONLY_LANE
        self.now = self.wall = 10_000_000
        self.disk = SimDisk(Outbox())
        self.own: list[tuple[int, Message]] = []
        self.sent: list[tuple[int, NodeId, Message]] = []
        """To others, with the lane."""
        self.timers: dict[tuple[int, Timer], int] = {}
        """By lane and timer, when they are due."""

    def enter(self, lane: int) -> None:
        self.lane = lane

    def random(self, label: str, n: int) -> int:
        assert n > 0, f"{label}: there is nothing to choose from"
        return 0

    def send(self, to: NodeId, message: Message) -> None:
        if to == self.me:
            self.own.append((self.lane, message))
        else:
            self.sent.append((self.lane, to, message))

    def set_timer(self, delay: int, timer: Timer) -> None:
        self.timers[self.lane, timer] = self.now + delay

    def cancel_timer(self, timer: Timer) -> None:
        self.timers.pop((self.lane, timer), None)

    def note(self, event: Note) -> None:
        pass

    # --- What happens ---

    def pass_time(self, microseconds: int) -> None:
        """Both clocks go on."""
        self.now += microseconds
        self.wall += microseconds

    def fire(self, node: NodeProtocol, which: int) -> None:
        """One of the timers that are set is due."""
        if self.timers:
            lane, timer = list(self.timers)[which % len(self.timers)]
            self.pass_time(max(0, self.timers.pop((lane, timer)) - self.now))
            self.lane = lane
            node.on_timer(timer)

    def answers(self, message: Message, which: int) -> tuple[int, Message]:
        """With a lane, the message as if it answered one that the node has sent: it names what that names."""
        if not self.sent:
            return self.lane, message
        lane, _, sent = self.sent[-1 - which % len(self.sent)]
        names = ("request", "attempt", "number", "session")
        shared = [name for name in names if hasattr(sent, name) and hasattr(message, name)]
        return lane, structs.replace(message, **{name: getattr(sent, name) for name in shared})

    def hear_own(self, node: NodeProtocol) -> None:
        """A sync, and what the node tells itself, until it says no more."""
        for _ in range(100):
            self.disk.sync_started()
            self.disk.sync_done()
            own, self.own = self.own, []
            if not own:
                return
            for lane, message in own:
                self.lane = lane
                node.on_message(self.me, message)
        raise AssertionError("a node keeps itself busy")
