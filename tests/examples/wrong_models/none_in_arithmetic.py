"""None where a number is needed."""

from dynaproof.model.language import Array, Int, Model, Option, Range, action


class NoneInArithmetic(Model):
    """The last number of each site."""

    Site = Range(0, 1)
    n = Int(0, 4)
    last = Array(Site, Option(Range(0, 3)))

    @action(s=Site)
    def step(self, s: int) -> None:
        """None is no number."""
        self.n = self.last[s] + 1
