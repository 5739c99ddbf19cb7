"""The types of a model's variables: finite, with a fixed number of values each.

A declaration in a class body may use the model's constants (`Int(0, max_ballot)`), whose values are known
only when the model is instantiated; `resolve(constants)` gives the same type with numbers in it. Values are
plain immutable Python: int, bool, str, None, tuple, frozenset; an array is a tuple by position, or of
tuples.
"""

import itertools
from collections.abc import Mapping
from typing import Any, TypeAlias

from dynaproof.model.language.errors import ModelError

Value: TypeAlias = Any


class Lazy:
    """A number that follows from the constants: a constant, or an arithmetic expression over constants."""

    def evaluate(self, constants: Mapping[str, int]) -> int:
        """The number under these values of the constants."""
        raise NotImplementedError

    def __add__(self, other: "Bound") -> "Lazy":
        return _Operation("+", self, other)

    def __radd__(self, other: "Bound") -> "Lazy":
        return _Operation("+", other, self)

    def __sub__(self, other: "Bound") -> "Lazy":
        return _Operation("-", self, other)

    def __rsub__(self, other: "Bound") -> "Lazy":
        return _Operation("-", other, self)

    def __mul__(self, other: "Bound") -> "Lazy":
        return _Operation("*", self, other)

    def __rmul__(self, other: "Bound") -> "Lazy":
        return _Operation("*", other, self)

    def __floordiv__(self, other: "Bound") -> "Lazy":
        return _Operation("//", self, other)


Bound: TypeAlias = int | Lazy


class _Operation(Lazy):
    def __init__(self, operator: str, left: Bound, right: Bound) -> None:
        self.operator, self.left, self.right = operator, left, right

    def evaluate(self, constants: Mapping[str, int]) -> int:
        left, right = number(self.left, constants), number(self.right, constants)
        if self.operator == "+":
            return left + right
        if self.operator == "-":
            return left - right
        return left * right if self.operator == "*" else left // right


def number(bound: Bound, constants: Mapping[str, int]) -> int:
    """The value of a bound under these constants."""
    return bound.evaluate(constants) if isinstance(bound, Lazy) else bound


class Constant(Lazy):
    """A parameter of the model, with its default; read as `self.name`, set by `Model(name=value)`."""

    def __init__(self, default: int) -> None:
        self.default = default
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def evaluate(self, constants: Mapping[str, int]) -> int:
        return constants[self.name]

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else instance.constants[self.name]


class Type:
    """What a variable, a parameter or an element can be. `values` lists a resolved type's values, in order.

    As an attribute of a model's class body it declares a variable, whose values are read and written through
    the model's state.
    """

    name = ""
    init: Value = None

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else instance.read(self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.write(self.name, value)

    def resolve(self, constants: Mapping[str, int]) -> "Type":
        """This type with its bounds as numbers."""
        raise NotImplementedError

    def values(self) -> tuple[Value, ...]:
        """All values of a resolved type in their order; an index or parameter takes them from here."""
        raise ModelError(f"{self.describe()} has too many values to list")

    def default(self) -> Value:
        """The initial value where none is given."""
        return self.values()[0]

    def freeze(self, value: Value) -> Value:
        """The value as the state keeps it; raises ModelError where it is none of this type's."""
        if value not in self.values() or (isinstance(value, bool) and not isinstance(self, Bool)):
            raise ModelError(f"{value!r} is not in {self.describe()}")
        return value

    def describe(self) -> str:
        """The type in the model's own words."""
        return type(self).__name__

    def initial(self) -> Value:
        """The value that a variable of this type starts with."""
        return self.default() if self.init is None else self.freeze(self.init)


class Int(Type):
    """An integer from `low` to `high`, both included (TLA+'s low..high)."""

    def __init__(self, low: Bound, high: Bound, *, init: Bound | None = None) -> None:
        self.low, self.high, self.init = low, high, init

    def resolve(self, constants: Mapping[str, int]) -> "Int":
        low, high = number(self.low, constants), number(self.high, constants)
        if low > high:
            raise ModelError(f"no integer from {low} to {high}")
        return Int(low, high, init=None if self.init is None else number(self.init, constants))

    def values(self) -> tuple[Value, ...]:
        assert isinstance(self.low, int)
        assert isinstance(self.high, int)
        return tuple(range(self.low, self.high + 1))

    def freeze(self, value: Value) -> Value:
        assert isinstance(self.low, int)
        assert isinstance(self.high, int)
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise ModelError(f"{value!r} is not in {self.describe()}")
        return value

    def describe(self) -> str:
        return f"{self.low}..{self.high}"


class Range(Int):
    """The integers from `low` to `high` as a set to index by and to choose from, rather than as a variable.

    `Ballot = Range(1, top)` in a class body declares no variable; `self.Ballot` is a range of Python.
    """

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return range(number(self.low, instance.constants), number(self.high, instance.constants) + 1)

    def __set__(self, instance: Any, value: Any) -> None:
        raise ModelError(f"{self.name} is a range and cannot be assigned")


class Bool(Type):
    """False or True."""

    def __init__(self, *, init: bool = False) -> None:
        self.init = init

    def resolve(self, constants: Mapping[str, int]) -> "Bool":
        return Bool(init=self.init)

    def values(self) -> tuple[Value, ...]:
        return (False, True)

    def freeze(self, value: Value) -> Value:
        if not isinstance(value, bool):
            raise ModelError(f"{value!r} is not in {self.describe()}")
        return value


class Enum(Type):
    """One of some names; the first one is the initial value unless `init` says otherwise."""

    def __init__(self, *names: str, init: str | None = None) -> None:
        self.names, self.init = names, init

    def resolve(self, constants: Mapping[str, int]) -> "Enum":
        return Enum(*self.names, init=self.init)

    def values(self) -> tuple[Value, ...]:
        return self.names

    def describe(self) -> str:
        return f"Enum{self.names}"


class Scalar(Type):
    """A set of `size` interchangeable identities 0..size-1 (replicas, values): what symmetry permutes.

    A model must treat its members alike: it may compare them for equality and use them as indexes, and never
    name one or order them. With `symmetry` each state stands for all its permutations.
    """

    def __init__(self, size: Bound, *, init: int | None = None) -> None:
        self.size, self.init = size, init
        self.label = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.label = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else range(number(self.size, instance.constants))

    def __set__(self, instance: Any, value: Any) -> None:
        raise ModelError(f"{self.name} is a set of identities and cannot be assigned")

    def resolve(self, constants: Mapping[str, int]) -> "Scalar":
        size = number(self.size, constants)
        if size < 1:
            raise ModelError(f"{self.label or 'a Scalar'} has {size} members; it needs at least one")
        resolved = Scalar(size, init=self.init)
        resolved.label = self.label
        return resolved

    def values(self) -> tuple[Value, ...]:
        assert isinstance(self.size, int)
        return tuple(range(self.size))

    def describe(self) -> str:
        return self.label or f"0..{self.size}-1"


class Majorities(Type):
    """The smallest majorities of a set of identities: to choose from and to loop over, not a variable."""

    def __init__(self, members: Scalar) -> None:
        self.members = members

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else self.resolve(instance.constants).values()

    def __set__(self, instance: Any, value: Any) -> None:
        raise ModelError(f"{self.name} is a set of quorums and cannot be assigned")

    def resolve(self, constants: Mapping[str, int]) -> "Majorities":
        return Majorities(self.members.resolve(constants))

    def values(self) -> tuple[Value, ...]:
        members = self.members.values()
        return tuple(frozenset(one) for one in itertools.combinations(members, len(members) // 2 + 1))

    def describe(self) -> str:
        return f"majorities of {self.members.describe()}"


class Option(Type):
    """None, or a value of `inner`; starts as None."""

    def __init__(self, inner: Type, *, init: Value = None) -> None:
        self.inner, self.init = inner, init

    def resolve(self, constants: Mapping[str, int]) -> "Option":
        return Option(self.inner.resolve(constants), init=self.init)

    def values(self) -> tuple[Value, ...]:
        return (None, *self.inner.values())

    def describe(self) -> str:
        return f"None or {self.inner.describe()}"


class Tuple(Type):
    """A tuple of one value of each of `fields`."""

    def __init__(self, *fields: Type, init: Value = None) -> None:
        self.fields, self.init = fields, init

    def resolve(self, constants: Mapping[str, int]) -> "Tuple":
        return Tuple(*(field.resolve(constants) for field in self.fields), init=self.init)

    def values(self) -> tuple[Value, ...]:
        return tuple(itertools.product(*(field.values() for field in self.fields)))

    def default(self) -> Value:
        return tuple(field.initial() for field in self.fields)

    def freeze(self, value: Value) -> Value:
        if not isinstance(value, tuple) or len(value) != len(self.fields):
            raise ModelError(f"{value!r} is not in {self.describe()}")
        return tuple(field.freeze(part) for field, part in zip(self.fields, value, strict=True))

    def describe(self) -> str:
        return f"({', '.join(field.describe() for field in self.fields)})"


class Set(Type):
    """A subset of the values of one type, or of the tuples over several; starts empty."""

    def __init__(self, *elements: Type, init: Value = frozenset()) -> None:
        self.elements, self.init = elements, init

    def resolve(self, constants: Mapping[str, int]) -> "Set":
        return Set(*(element.resolve(constants) for element in self.elements), init=self.init)

    def universe(self) -> tuple[Value, ...]:
        """Every value that may be a member, in order."""
        if len(self.elements) == 1:
            return self.elements[0].values()
        return tuple(itertools.product(*(element.values() for element in self.elements)))

    def default(self) -> Value:
        return frozenset()

    def freeze(self, value: Value) -> Value:
        members = self.universe()
        for member in value:
            if member not in members:
                raise ModelError(f"{member!r} cannot be a member of {self.describe()}")
        return frozenset(value)

    def describe(self) -> str:
        return f"set of {' x '.join(element.describe() for element in self.elements)}"


class Messages(Set):
    """The messages ever sent, over a finite universe: each is a tuple of its kind and its fields.

    `Messages(Prepared=(RM,), Commit=())` has the messages `("Prepared", r)` and `("Commit",)`. Sending adds
    to the set and receiving does not remove: delivery may be delayed, repeated and reordered, and loss is
    never receiving.
    """

    def __init__(self, **kinds: tuple[Type, ...]) -> None:
        super().__init__()
        self.kinds = kinds

    def resolve(self, constants: Mapping[str, int]) -> "Messages":
        return Messages(
            **{
                kind: tuple(field.resolve(constants) for field in fields)
                for kind, fields in self.kinds.items()
            }
        )

    def universe(self) -> tuple[Value, ...]:
        return tuple(
            (kind, *fields)
            for kind, types in self.kinds.items()
            for fields in itertools.product(*(one.values() for one in types))
        )

    def describe(self) -> str:
        return f"messages {', '.join(self.kinds)}"


class Array(Type):
    """One element for each value of the index types.

    `x = Array(Node, Slot, Int(0, 3))` is read as `self.x[node, slot]` or `self.x[node][slot]`.
    `init` is the initial value of every element.
    """

    def __init__(self, *dimensions_and_element: Type, init: Value = None) -> None:
        if len(dimensions_and_element) < 2:
            raise ModelError("an Array needs an index type and an element type")
        self.dimensions, self.element = dimensions_and_element[:-1], dimensions_and_element[-1]
        self.init = init

    def resolve(self, constants: Mapping[str, int]) -> "Array":
        """Nested arrays of one dimension each."""
        element = self.element.resolve(constants)
        if self.init is not None:
            element.init = number(self.init, constants) if isinstance(self.init, Lazy) else self.init
        for dimension in reversed(self.dimensions):
            element = Array(dimension.resolve(constants), element)
        assert isinstance(element, Array)
        return element

    def index(self) -> tuple[Value, ...]:
        """The values that index a resolved array, in order."""
        return self.dimensions[0].values()

    def default(self) -> Value:
        return tuple(self.element.initial() for _ in self.index())

    def initial(self) -> Value:
        return self.default()

    def freeze(self, value: Value) -> Value:
        if not isinstance(value, list | tuple) or len(value) != len(self.index()):
            raise ModelError(
                f"{value!r} does not have one element for each of {self.dimensions[0].describe()}"
            )
        return tuple(self.element.freeze(element) for element in value)

    def describe(self) -> str:
        return f"array over {self.dimensions[0].describe()} of {self.element.describe()}"


class Seq(Type):
    """A sequence of at most `limit` values of one type; starts empty. Positions count from 0."""

    def __init__(self, element: Type, limit: Bound, *, init: Value = ()) -> None:
        self.element, self.limit, self.init = element, limit, init

    def resolve(self, constants: Mapping[str, int]) -> "Seq":
        return Seq(self.element.resolve(constants), number(self.limit, constants), init=self.init)

    def default(self) -> Value:
        return ()

    def freeze(self, value: Value) -> Value:
        assert isinstance(self.limit, int)
        if len(value) > self.limit:
            raise ModelError(f"{tuple(value)!r} is longer than {self.limit}")
        return tuple(self.element.freeze(element) for element in value)

    def describe(self) -> str:
        return f"sequence of at most {self.limit} of {self.element.describe()}"
