"""A read of what the same step has written: it gives the old value."""

from dynaproof.model.language import Int, Model, action, always, require


class ReadsAfterWriting(Model):
    """A counter with a shadow."""

    n = Int(0, 3)
    shadow = Int(0, 3)

    @action
    def step(self) -> None:
        """Count, and keep the count twice; or so it seems."""
        require(self.n < 3)
        self.n = self.n + 1
        self.shadow = self.n

    @always
    def near(self) -> bool:
        """The shadow lags."""
        return bool(self.shadow <= self.n)
