"""`Model`: the base class of every model, which collects what the class body declares.

Invariant: an instance is immutable except for the step that an engine runs in it; the same class with the
same constants always declares the same variables, in the order of the class body.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dynaproof.model.language.declare import Action, Property
from dynaproof.model.language.errors import ModelError
from dynaproof.model.language.state import Step
from dynaproof.model.language.types import Constant, Majorities, Range, Scalar, Type, Value


@dataclass(frozen=True)
class Expected:
    """Known counts of a model under some constants; `source` says who published or measured them."""

    constants: Mapping[str, int] = field(default_factory=dict)
    distinct: int | None = None
    generated: int | None = None
    depth: int | None = None
    symmetry: bool = False
    source: str = ""


_SETTINGS = {"expected", "symmetric", "violates", "bugs"}
"""What a class body may set of `Model`'s own names."""


class Model:
    """A model with its constants set: `TwoPhaseCommit(rms=4)`.

    A subclass with `violates="name"` is a seeded bug of its base: a model in which one decision is wrong,
    and in which exploration must find a violation of that invariant.
    """

    expected: ClassVar[tuple[Expected, ...]] = ()
    symmetric: ClassVar[bool] = True
    violates: ClassVar[str | None] = None
    bugs: ClassVar[list[type["Model"]]] = []

    def __init_subclass__(cls, *, violates: str | None = None) -> None:
        taken = {*vars(Model), "constants", "types", "actions", "starts", "properties"} - _SETTINGS
        for name in vars(cls):
            if name in taken and not name.startswith("__"):
                raise ModelError(f"{cls.__name__}: a model cannot have a {name!r} of its own: Model has one")
        cls.violates = violates
        if violates is None:
            cls.bugs = []
        else:
            cls._refuse_no_bug(violates)
            cls.bugs.append(cls)

    @classmethod
    def _refuse_no_bug(cls, violates: str) -> None:
        """A seeded bug breaks a promise that it has, by something that its base has too or that happens."""
        known = [
            name
            for name, one in cls._declared().items()
            if isinstance(one, Property) and one.kind != "terminal"
        ]
        if violates not in known:
            its = ", ".join(known) or "none"
            raise ModelError(f"{cls.__name__}: violates={violates!r} names no promise; its promises: {its}")
        base = next(one for one in cls.__mro__[1:] if issubclass(one, Model))
        own = [owner for owner in cls.__mro__ if owner not in base.__mro__]
        changes = {
            name: value
            for owner in own
            for name, value in vars(owner).items()
            if not name.startswith("__") and name != "violates"
        }
        if base is not Model and not any(
            hasattr(base, name) or isinstance(value, Constant | Type | Action | Property)
            for name, value in changes.items()
        ):
            but = f"; it defines {', '.join(changes)}" if changes else ""
            raise ModelError(
                f"{cls.__name__} overrides nothing of {base.__name__}: no decision is wrong{but}"
            )

    def __init__(self, **constants: int) -> None:
        declared = self._declared()
        defaults = {name: one.default for name, one in declared.items() if isinstance(one, Constant)}
        for name, value in constants.items():
            if name not in defaults:
                known = ", ".join(defaults) or "none"
                raise ModelError(f"{type(self).__name__} has no constant {name!r}; its constants: {known}")
            if not isinstance(value, int):
                raise ModelError(f"constant {name} must be an integer, not {value!r}")
        self.constants: dict[str, int] = defaults | constants
        self.types: dict[str, Type] = {
            name: one.resolve(self.constants)
            for name, one in declared.items()
            if isinstance(one, Type) and not isinstance(one, Scalar | Range | Majorities)
        }
        for one in declared.values():
            if isinstance(one, Scalar):
                one.resolve(self.constants)  # Rejects a set without members, even if no variable uses it.
        if not self.types:
            raise ModelError(f"{type(self).__name__} declares no variables")
        every = [one for one in declared.values() if isinstance(one, Action)]
        self.actions: tuple[Action, ...] = tuple(self._resolved(one) for one in every if not one.start)
        self.starts: tuple[Action, ...] = tuple(self._resolved(one) for one in every if one.start)
        self.properties: tuple[Property, ...] = tuple(
            one for one in declared.values() if isinstance(one, Property)
        )
        self._step: Step | None = None

    @classmethod
    def _declared(cls) -> dict[str, Any]:
        """Everything that the class bodies declare, bases first; a subclass replaces in place."""
        return {
            name: value
            for owner in reversed(cls.__mro__)
            for name, value in vars(owner).items()
            if isinstance(value, Constant | Type | Action | Property)
        }

    def _resolved(self, one: Action) -> Action:
        parameters = {name: kind.resolve(self.constants) for name, kind in one.parameters.items()}
        return Action(one.name, one.method, parameters, one.fair, one.start)

    def declared_initial(self) -> dict[str, Value]:
        """The initial values of the variables as declared, before any `@initial` method."""
        values = {}
        for name, kind in self.types.items():
            try:
                values[name] = kind.initial()
            except ModelError as error:
                raise ModelError(f"{name}: {error.problem}", "the initial state") from None
        return values

    def begin(self, old: Mapping[str, Value]) -> Step:
        """Start a step: until the next one, attributes read `old`, and assignments go to its `new`."""
        self._step = Step(self.types, old)
        return self._step

    def read(self, name: str) -> Any:
        """The old value of a variable in the running step; what `self.name` means in an action."""
        assert self._step is not None, "a model's variables have values only inside a step"
        return self._step.read(name)

    def write(self, name: str, value: Any) -> None:
        """Set a variable in the new state; what `self.name = value` means in an action."""
        assert self._step is not None, "a model's variables have values only inside a step"
        self._step.write(name, (), value)

    def _of_kind(self, kind: str) -> tuple[Property, ...]:
        return tuple(one for one in self.properties if one.kind == kind)

    @property
    def always(self) -> tuple[Property, ...]:
        """The invariants."""
        return self._of_kind("always")

    @property
    def sometimes(self) -> tuple[Property, ...]:
        """What must be reachable."""
        return self._of_kind("sometimes")

    @property
    def eventually(self) -> tuple[Property, ...]:
        """What must come true in every fair behaviour."""
        return self._of_kind("eventually")


def of_kind(made: Model, kind: str) -> tuple[Property, ...]:
    """The properties of one kind, in the order of the text.

    A function, and no attribute of `Model`: every name that `Model` has is one that no model can declare.
    """
    return tuple(one for one in made.properties if one.kind == kind)


def promises(made: Model) -> tuple[Property, ...]:
    """All that is promised; `terminal` conditions only say where a behaviour may end."""
    return tuple(one for one in made.properties if one.kind != "terminal")


def narrowed(made: Model, *, without: Collection[str] = (), promise: str | None = None) -> Model:
    """The same model where some actions never happen, or of which only one promise is asked.

    Raises ModelError for a name that it does not have.
    """
    kind = type(made).__name__
    _refuse_unknown(kind, "action", without, [one.name for one in made.actions])
    asked = () if promise is None else (promise,)
    _refuse_unknown(kind, "promise", asked, [one.name for one in promises(made)])
    narrow = copy(made)
    narrow.actions = tuple(one for one in made.actions if one.name not in without)
    narrow.properties = tuple(
        one for one in made.properties if promise in {None, one.name} or one.kind == "terminal"
    )
    return narrow


def _refuse_unknown(model: str, kind: str, named: Collection[str], known: Sequence[str]) -> None:
    for name in named:
        if name not in known:
            its = ", ".join(known) or "none"
            raise ModelError(f"{model} has no {kind} {name!r}; its {kind}s: {its}")
