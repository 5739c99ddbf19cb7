"""The decorators of a model's methods, and `require`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, overload

from dynaproof.model.language.errors import Disabled
from dynaproof.model.language.types import Type

Method: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Action:
    """What may happen: a method with the types of its parameters; `fair`: weakly fair, per parameters."""

    name: str
    method: Method
    parameters: dict[str, Type] = field(default_factory=dict)
    fair: bool = False
    start: bool = False

    def __call__(self, model: Any, *arguments: Any) -> Any:
        return self.method(model, *arguments)


@dataclass(frozen=True)
class Property:
    """What is promised: a method that gives a bool, and when it holds. `spec` names it in `specs`."""

    name: str
    method: Method
    kind: Literal["always", "sometimes", "eventually", "always_possible", "terminal"]
    spec: str | None = None

    def __call__(self, model: Any) -> bool:
        return bool(self.method(model))


@overload
def action(method: Method, /) -> Action: ...
@overload
def action(*, fair: bool = False, **parameters: Type) -> Callable[[Method], Action]: ...
def action(
    method: Method | None = None, /, *, fair: bool = False, **parameters: Type
) -> Action | Callable[[Method], Action]:
    """An action: happens, atomically, for any values of its parameters for which its guards hold."""
    if method is not None:
        return Action(method.__name__, method)
    return lambda body: Action(body.__name__, body, parameters, fair)


@overload
def initial(method: Method, /) -> Action: ...
@overload
def initial(**parameters: Type) -> Callable[[Method], Action]: ...
def initial(method: Method | None = None, /, **parameters: Type) -> Action | Callable[[Method], Action]:
    """Initial states: what the method makes of the declared initial values, for any parameters."""
    if method is not None:
        return Action(method.__name__, method, start=True)
    return lambda body: Action(body.__name__, body, parameters, start=True)


@overload
def always(method: Method, /) -> Property: ...
@overload
def always(*, spec: str) -> Callable[[Method], Property]: ...
def always(
    method: Method | None = None, /, *, spec: str | None = None
) -> Property | Callable[[Method], Property]:
    """An invariant: holds in every reachable state. `spec` names the promise of `specs` that it is."""
    if method is not None:
        return Property(method.__name__, method, "always")
    return lambda body: Property(body.__name__, body, "always", spec)


def sometimes(method: Method, /) -> Property:
    """A state that must be reachable: it proves that the bounds are large enough to mean something."""
    return Property(method.__name__, method, "sometimes")


def eventually(method: Method, /) -> Property:
    """Comes true in every behaviour that is weakly fair to the actions marked `fair`."""
    return Property(method.__name__, method, "eventually")


def always_possible(method: Method, /) -> Property:
    """Can still come true from every reachable state (AG EF): no reachable state has put it out of reach.

    Unlike `eventually` it says nothing about what must happen, and needs no fairness.
    """
    return Property(method.__name__, method, "always_possible")


def terminal(method: Method, /) -> Property:
    """States in which a behaviour may end: where nothing is enabled in one of them, that is no deadlock."""
    return Property(method.__name__, method, "terminal")


def require(condition: object) -> None:
    """The guard: the action can happen only in states where `condition` holds."""
    if not condition:
        raise Disabled
