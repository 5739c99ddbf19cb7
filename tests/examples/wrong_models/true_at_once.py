"""An `eventually` that says nothing, and one that a limit leaves open."""

from dynaproof.model.language import Int, Model, action, eventually, require


class TrueAtOnce(Model):
    """A counter."""

    n = Int(0, 3)

    @action(fair=True)
    def step(self) -> None:
        """Count."""
        require(self.n < 3)
        self.n = self.n + 1

    @eventually
    def begins(self) -> bool:
        """At 0 from the start."""
        return bool(self.n == 0)

    @eventually
    def ends(self) -> bool:
        """At 3."""
        return bool(self.n == 3)
