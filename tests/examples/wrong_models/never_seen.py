"""A `sometimes` that no state shows: the bounds are too small to mean anything."""

from dynaproof.model.language import Constant, Int, Model, action, require, sometimes


class NeverSeen(Model):
    """A counter that stops too early."""

    top = Constant(3)
    n = Int(0, top)

    @action
    def step(self) -> None:
        """Count."""
        require(self.n < 2)
        self.n = self.n + 1

    @action
    def leap(self) -> None:
        """Never."""
        require(self.n == 3)
        self.n = 0

    @sometimes
    def at_the_end(self) -> bool:
        """At 3."""
        return bool(self.n == 3)


class Fewer(NeverSeen):
    """The same where nothing leaps: what it inherits it need not show."""

    @action
    def leap(self) -> None:
        """Nobody does."""
        require(False)
