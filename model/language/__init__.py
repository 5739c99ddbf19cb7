"""The vocabulary that models are written in: TLA+ with Python's spelling.

A model is a class. Its body declares constants, scalar sets and variables; `@action` methods say what may
happen, `@always`, `@sometimes`, `@eventually` and `@always_possible` methods what is promised::

    class Counter(Model):
        top = Constant(3)
        Clerk = Scalar(2)
        count = Int(0, top)
        last = Option(Clerk)

        @action(who=Clerk)
        def increment(self, who):
            require(self.count < self.top)
            self.count = self.count + 1
            self.last = who

        @always
        def never_above_top(self):
            return self.count <= self.top

An action **reads the old state and writes the new one** (TLA+'s unprimed and primed variables); what it
does not write stays the same. `require` is its guard. An action happens as one atomic step, for any values of
its parameters.

The text is ordinary Python: `checkers.state_space.interpreter` simply runs it. The other engines read its
syntax tree, so actions keep to the statements of `docs/models.md`: assignments, `if`, `for` over bounded
ranges, conditional expressions, `any`, `all`, `sum`, `len`, `min`, `max`, comprehensions, helper methods
and functions.
"""

from dynaproof.model.language.declare import (
    Action,
    Property,
    action,
    always,
    always_possible,
    eventually,
    initial,
    require,
    sometimes,
    terminal,
)
from dynaproof.model.language.errors import Disabled, ModelError
from dynaproof.model.language.model import Expected, Model
from dynaproof.model.language.types import (
    Array,
    Bool,
    Constant,
    Enum,
    Int,
    Majorities,
    Messages,
    Option,
    Range,
    Scalar,
    Seq,
    Set,
    Tuple,
)

__all__ = [
    "Action",
    "Array",
    "Bool",
    "Constant",
    "Disabled",
    "Enum",
    "Expected",
    "Int",
    "Majorities",
    "Messages",
    "Model",
    "ModelError",
    "Option",
    "Property",
    "Range",
    "Scalar",
    "Seq",
    "Set",
    "Tuple",
    "action",
    "always",
    "always_possible",
    "eventually",
    "initial",
    "require",
    "sometimes",
    "terminal",
]
