"""What is seen of a user's nodes, and the environment that they get: notes and states for the specs, and
messages that nobody can change once they are sent.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from msgspec import Struct

from dynaproof.checkers.runs.observation import Gathered, HandlerRaised
from dynaproof.checkers.user_code import described
from dynaproof.checkers.world.place import Place, SimEnv
from dynaproof.impl.client_notes import Called, Returned
from dynaproof.impl.handlers import Node, node_id
from dynaproof.impl.node import Disk, Lane, Message, Microseconds, NodeId, Note, Timer
from dynaproof.specs.views.nodes import Nodes, Settled, Stepped

PLAIN = (int, float, str, bytes, bool, type(None), enum.Enum)


class Watched(Gathered):
    """Files each note, and each step of a node."""

    PROVIDES: ClassVar[tuple[type[Any], ...]] = (*Gathered.PROVIDES, Stepped, Settled)

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.view: Any = Nodes()

    def noted(self, place: Place, note: Note) -> None:
        """A node notes something."""
        self.view.noted(note)

    def said(self, place: Place, note: Note) -> None:
        """A client calls, or has its answer."""
        self.view.said.append((place.name, place.world.tau, note))
        self.view.file(note)

    def stepped(self, place: Place) -> None:
        """A handler has run."""
        self.view.stepped(place.name, partial(getattr, place, "node"))

    def crashed(self, place: Place, lost_disk: bool) -> None:
        """The node is gone."""
        self.view.stopped(place.name)

    def raised(self, place: Place, payload: object, error: Exception | SystemExit) -> None:
        """A handler has raised: the error is filed with the user's own lines."""
        given = "its start" if payload is None else type(payload).__name__
        self.view.file(HandlerRaised(place.name, given, described(error)))


class PlainEnv:
    """A node's environment that takes only messages and timers that nobody can change afterwards."""

    def __init__(self, env: SimEnv, heard: frozenset[type[Note]]) -> None:
        self._env = env
        self._addressed: set[NodeId] = set()
        """Whom messages were sent to: they are there, for no node ever goes for good."""
        self._send = env.send
        self._heard = heard
        self.me: NodeId = env.me
        self.boot = env.boot
        self.disk: Disk = env.disk
        self.random = env.random
        self.cancel_timer = env.cancel_timer
        self.enter = env.enter

    @property
    def lane(self) -> Lane:
        """The lane of the running handler."""
        return self._env.lane

    @property
    def now(self) -> Microseconds:
        """Local monotonic time."""
        return self._env.now

    @property
    def wall(self) -> Microseconds:
        """Local wall clock."""
        return self._env.wall

    def send(self, to: NodeId, message: Message) -> None:
        """Send a message that is plain and immutable.

        Raises:
            TypeError: it is not; the message names the field.
            LookupError: there is no such node.
        """
        require_node(to)
        require_plain(message, Message)
        if to not in self._addressed:
            require_known(self.me, to, message, self._env.addresses)
            self._addressed.add(to)
        self._send(to, message)

    def note(self, event: Note) -> None:
        """Tell the specs something.

        Raises:
            TypeError: nobody would hear it: it is no note, or of a type that the kind does not know.
        """
        if type(event) not in self._heard:
            said = type(event).__name__
            if not isinstance(event, Note):
                raise TypeError(f"env.note takes a Note, not {event!r:.60}, which is a {said}")
            raise TypeError(
                f"no method of the node names {said}, so it would not be heard: Kind(notes=({said},))"
            )
        self._env.note(event)

    def set_timer(self, delay: Microseconds, timer: Timer) -> None:
        """Set a timer that is plain and immutable, after a whole number of microseconds."""
        require_plain(timer, Timer)
        require_delay(delay)
        self._env.set_timer(delay, timer)


def require_node(to: Any) -> None:
    """Reject what no message can be sent to."""
    if not isinstance(to, NodeId):
        raise TypeError(f"env.send takes a NodeId, not {to!r}; Node.send takes a name too")


def require_known(me: NodeId, to: NodeId, message: Message, known: Iterable[NodeId]) -> None:
    """Reject a message to nobody."""
    addresses = tuple(known)
    if to.address in addresses:
        return
    said = f"{me} sends {type(message).__name__} to {to.name!r}, and there is no such node"
    alike = next((one for one in addresses if one.name == to.name), None)
    plain = node_id(to.name).address
    if alike is None:
        raise LookupError(f"{said}; there are {', '.join(map(str, addresses))}")
    if to.address == plain:
        raise LookupError(f"{said} by its plain name: a kind has it as {written(alike)}, so send to that")
    named = f"by its plain name, {to.name!r}" if alike == plain else f"as {written(alike)}"
    raise LookupError(f"{said} as {written(to)}: a kind has it {named}, so send to that")


def written(node: NodeId) -> str:
    """A node as it stands in a user's file."""
    return f"NodeId({node.region!r}, {node.zone!r}, {node.name!r})"


def require_delay(delay: Any) -> None:
    """Reject what no timer can wait for."""
    if not isinstance(delay, int) or delay < 0:
        raise TypeError(f"a timer takes whole microseconds from 0 on, not {delay!r}")


def require_plain(thing: Any, base: type[Struct]) -> None:
    """Reject what is not an instance of the base, or has a field that is not plain."""
    if not isinstance(thing, base):
        raise TypeError(
            f"{thing!r} is no {base.__name__}: make it a class that inherits from {base.__name__}"
        )
    for field in thing.__struct_fields__:
        wrong = not_plain(getattr(thing, field))
        if wrong is not None:
            raise TypeError(
                f"the field {field} of {type(thing).__name__} holds a {wrong}, which cannot be hashed or can "
                "change after sending; use a tuple, a frozenset or a frozen Struct"
            )


def not_plain(value: Any) -> str | None:
    """The name of the first type inside a value that is not plain; None if all of it is."""
    if isinstance(value, PLAIN):
        return None
    if isinstance(value, tuple | frozenset):
        return next((wrong for one in value if (wrong := not_plain(one)) is not None), None)
    if isinstance(value, Struct) and value.__struct_config__.frozen:
        fields = (getattr(value, field) for field in value.__struct_fields__)
        return next((wrong for one in fields if (wrong := not_plain(one)) is not None), None)
    return type(value).__name__


class Making(Struct, frozen=True):
    """Makes the nodes of a class from an environment and the arguments of their kind."""

    node: type[Node]
    arguments: tuple[Any, ...]
    heard: frozenset[type[Note]]

    def __call__(self, env: SimEnv, _config: Any) -> Any:
        """A node that has not started yet."""
        return self.node(PlainEnv(env, self.heard), *self.arguments)


def notes_of(node: type[Node]) -> tuple[type[Note], ...]:
    """The types of notes that a class names in its methods, in order."""
    found: dict[type[Note], None] = {}
    for cls in node.__mro__:
        for function in vars(cls).values():
            if inspect.isfunction(function):
                for name in names_in(function):
                    value = function.__globals__.get(name)
                    if isinstance(value, type) and issubclass(value, Note) and value is not Note:
                        found[value] = None
    return tuple(found)


def telling(note: type[Note]) -> Callable[..., None]:
    """What is called for such a note."""
    return Watched.said if note in {Called, Returned} else Watched.noted


def names_in(function: Callable[..., Any]) -> list[str]:
    """The global names that a function may look up, inner functions included."""
    names: list[str] = []
    left = [function.__code__]
    while left:
        code = left.pop(0)
        names += code.co_names
        left += [constant for constant in code.co_consts if inspect.iscode(constant)]
    return names
