"""`Node`, the base of a protocol's nodes: a handler for each type of message and timer, by annotation.

A handler is a method `on_...` whose last parameter is annotated with what it handles::

    class Ring(Node):
        def on_elect(self, sender: NodeId, message: Elect) -> None: ...

        def on_tick(self, timer: Tick) -> None: ...

When the class is made its handlers become one table from type to function; a method that cannot be a handler
is an error then, with its file and line, rather than a message that nobody hears. What a node knows is in its
attributes.

*Invariant.* A class handles each type by one function, its own or a base's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from dynaproof.impl.node import ANY_INCARNATION, Env, Message, NodeId, Timer

REGION = "region"
"""The region of nodes that were given only names; each is in a zone of its own name."""

BY_DRIVER = ("on_start", "on_message", "on_timer")
"""What a driver calls; all other methods `on_...` are handlers of one type."""

Handler: TypeAlias = Callable[..., None]


class HandlerError(TypeError):
    """A method that looks like a handler but is none; the message says where and what was expected."""


def node_id(name: str) -> NodeId:
    """The node of this name, in a zone of its own."""
    return NodeId(REGION, name, name)


class Node:
    """A deterministic state machine; every handler call is one atomic action."""

    HANDLERS: ClassVar[Mapping[type[Any], Handler]] = {}
    """The handlers by type of message or timer; made from the annotations."""

    def __init__(self, env: Env) -> None:
        self.env = env

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        table: dict[type[Any], Handler] = {}
        for name in dir(cls):
            if not name.startswith("on_") or name in BY_DRIVER:
                continue
            handler = inspect.getattr_static(cls, name)
            kind = handled_type(cls, name, handler)
            if kind in table:
                raise HandlerError(
                    f"{where(handler)}: {cls.__name__}.{name} handles {kind.__name__}, "
                    f"and so does {table[kind].__name__}; one type has one handler"
                )
            table[kind] = handler
        cls.HANDLERS = table

    @property
    def name(self) -> str:
        """The name of this node."""
        return self.env.me.name

    def send(self, to: NodeId | str, message: Message) -> None:
        """Send a message to a node, or to whichever node runs under a name."""
        self.env.send(NodeId(REGION, to, to, ANY_INCARNATION) if isinstance(to, str) else to, message)

    def on_start(self) -> None:
        """Rebuild the state from the disk after a boot, and set the first timers; by default, nothing."""

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Call the handler of this type of message."""
        handler = self.HANDLERS.get(type(message))
        if handler is None:
            raise HandlerError(unheard(type(self), message, "self, sender: NodeId, message"))
        handler(self, sender, message)

    def on_timer(self, timer: Timer) -> None:
        """Call the handler of this type of timer."""
        handler = self.HANDLERS.get(type(timer))
        if handler is None:
            raise HandlerError(unheard(type(self), timer, "self, timer"))
        handler(self, timer)


def unheard(node: type[Node], given: object, parameters: str) -> str:
    """What is missing where there is no handler for what came."""
    kind = type(given).__name__
    return (
        f"{node.__name__} has no handler for {kind}; give it one: "
        f"def on_{kind.lower()}({parameters}: {kind}) -> None"
    )


def handled_type(cls: type[Node], name: str, handler: object) -> type[Any]:
    """What a handler handles, by the annotation of its last parameter.

    Raises:
        HandlerError: it is no method with such an annotation.
    """
    if not inspect.isfunction(handler):
        raise HandlerError(
            f"{where(cls)}: {cls.__name__}.{name} is no method; only handlers are named on_..."
        )
    if inspect.iscoroutinefunction(handler) or inspect.isgeneratorfunction(handler):
        raise HandlerError(
            f"{where(handler)}: {cls.__name__}.{name} is async, or yields; a handler runs from its begin to "
            "its end, one atomic action"
        )
    code = handler.__code__
    parameters = code.co_varnames[: code.co_argcount]
    bases = {2: Timer, 3: Message}
    if len(parameters) not in bases:
        raise HandlerError(
            f"{where(handler)}: {cls.__name__}.{name} takes {len(parameters) - 1} parameters; a handler "
            "takes (self, sender: NodeId, message: ITS TYPE) or (self, timer: ITS TYPE)"
        )
    base, last = bases[len(parameters)], parameters[-1]
    annotation: Any = handler.__annotations__.get(last)
    if isinstance(annotation, str):
        scope = handler.__globals__
        if annotation not in scope:
            raise HandlerError(
                f"{where(handler)}: {cls.__name__}.{name} handles {annotation}, which its file does not "
                "define before the class, outside functions"
            )
        annotation = scope[annotation]
    if not isinstance(annotation, type) or not issubclass(annotation, base) or annotation is base:
        found = (
            "without a type" if annotation is None else f"as {getattr(annotation, '__name__', annotation)}"
        )
        raise HandlerError(
            f"{where(handler)}: {cls.__name__}.{name} has its parameter {last} annotated {found}; "
            f"it must be a class that inherits from {base.__name__}"
        )
    return annotation


def where(thing: Any) -> str:
    """The file and line of a function or class."""
    code = getattr(thing, "__code__", None)
    if code is not None:
        return f"{code.co_filename}, line {code.co_firstlineno}"
    return f"{thing.__module__}"
