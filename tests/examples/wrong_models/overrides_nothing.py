"""A seeded bug that changes nothing."""

from dynaproof.model.language import Int, Model, action, always, require


class Fine(Model):
    """A counter that stops in time."""

    n = Int(0, 3)

    @action
    def step(self) -> None:
        """Count."""
        require(self.may_go_on())
        self.n = self.n + 1

    def may_go_on(self) -> bool:
        """The decision that a bug gets wrong."""
        return bool(self.n < 2)

    @always
    def fine(self) -> bool:
        """Never at 3."""
        return bool(self.n < 3)


class Broken(Fine, violates="fine"):
    """A misspelt decision."""

    def may_go_onn(self) -> bool:
        """Nobody asks."""
        return bool(self.n < 3)
