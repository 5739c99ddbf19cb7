"""What can go wrong in the text of a model, and the signal that an action is not enabled."""


class ModelError(Exception):
    """A mistake in a model: out of bounds, of the wrong type, or outside the vocabulary.

    `problem` says what is wrong with which value; `where` names the action with its parameters, `line` the
    line of the model's file, once they are known.
    """

    def __init__(self, problem: str, where: str | None = None, line: int | None = None) -> None:
        self.problem = problem
        self.where = where
        self.line = line
        super().__init__(problem)

    def at(self, where: str | None, line: int | None) -> "ModelError":
        """The same mistake with its place, where that was not known yet."""
        return ModelError(self.problem, self.where or where, self.line if self.line is not None else line)

    def __str__(self) -> str:
        place = "" if self.where is None else f"{self.where}: "
        line = "" if self.line is None else f" (line {self.line})"
        return f"{place}{self.problem}{line}"


class Disabled(Exception):  # noqa: N818 - not an error: the guard of an action does not hold
    """Raised by `require` when its condition does not hold: the action cannot happen in this state."""
