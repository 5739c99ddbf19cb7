"""None inside tuples and sequences is a value like any other, to machine code as to plain Python."""

from dynaproof.checkers.state_space.explore import Exploration
from dynaproof.checkers.state_space.interpreter import Interpreter
from dynaproof.model.language import Array, Model, Option, Range, Seq, Tuple, action, always, sometimes

Two = Range(0, 1)


class Nested(Model):
    """An entry whose parts may be None, and sequences that may hold it."""

    entry = Option(Tuple(Option(Two), Two))
    line = Seq(Option(Two), 2)
    lines = Array(Two, Seq(Option(Two), 2))

    @action(first=Option(Two), second=Two)
    def put(self, first: int | None, second: int) -> None:
        """Any entry."""
        self.entry = (first, second)

    @action(one=Option(Two))
    def extend(self, one: int | None) -> None:
        """A sequence with another one behind it, cut to its bound."""
        alone = (one,)
        self.line = (alone + self.line if len(self.lines[0]) == 0 else self.line + alone)[:2]

    @action(i=Two)
    def shift(self, i: int) -> None:
        """The rest of a sequence behind a part of another one."""
        self.lines[i] = (self.line[1:] + self.lines[1 - i])[:2]

    @always
    def true(self) -> bool:
        """Nothing is wrong."""
        return True

    @sometimes
    def entry_begins_with_none(self) -> bool:
        """The entry's first part is None."""
        return self.entry is not None and self.entry[0] is None

    @sometimes
    def entry_begins_with_zero(self) -> bool:
        """The entry's first part is 0."""
        return self.entry is not None and self.entry[0] == 0

    @sometimes
    def line_holds_none(self) -> bool:
        """None is an item, and the last."""
        return len(self.line) == 2 and self.line[0] == 1 and self.line[-1] is None


def test_machine_code_agrees_with_plain_python_on_none_inside_tuples() -> None:
    exploration = Exploration(Nested(), cached=False)
    found = exploration.run()
    plain = Interpreter(Nested()).explore(100_000)
    assert exploration.states() == list(plain.states)
    assert (found.distinct, found.generated, found.depth) == (plain.distinct, plain.generated, plain.depth)
    assert found.reached == plain.reached == {one.name for one in Nested().sometimes}
