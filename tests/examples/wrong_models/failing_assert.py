"""An assert of an action is a promise."""

from dynaproof.model.language import Int, Model, action, require


class FailingAssert(Model):
    """A counter that is thought to be smaller than it is."""

    n = Int(0, 5)

    @action
    def step(self) -> None:
        """Count."""
        require(self.n < 5)
        assert self.n < 3, "it stays small"
        self.n = self.n + 1
