"""A variable that was declared as a range."""

from dynaproof.model.language import Bool, Model, Range, action


class VariableAsType(Model):
    """A counter that is none."""

    n = Range(0, 3)
    on = Bool()

    @action
    def step(self) -> None:
        """Count."""
        self.n = 1
