"""A type in a class body, where it declares a variable."""

from dynaproof.model.language import Array, Bool, Int, Model, action


class TypeAsVariable(Model):
    """Levels with a mark each."""

    Level = Int(0, 3)
    mark = Array(Level, Bool())

    @action(at=Level)
    def put(self, at: int) -> None:
        """Mark a level."""
        self.mark[at] = True
