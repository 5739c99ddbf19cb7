"""A group that can get stuck: safe, and useless."""

from dynaproof.model.language import Model, Option, Scalar, Set, action, always_possible, require


class StuckForEver(Model):
    """A leader needs the voices of both others; who is lost has none."""

    Site = Scalar(3)
    lost = Set(Site)
    leader = Option(Site)

    @action(s=Site)
    def lose(self, s: int) -> None:
        """One at most is lost, and leads no more."""
        require(len(self.lost) == 0)
        self.lost.add(s)
        if self.leader == s:
            self.leader = None

    @action(s=Site)
    def lead(self, s: int) -> None:
        """All must agree."""
        require(len(self.lost) == 0)
        self.leader = s

    @action
    def resign(self) -> None:
        """Nobody leads."""
        self.leader = None

    @always_possible
    def led(self) -> bool:
        """Somebody leads."""
        return self.leader is not None
