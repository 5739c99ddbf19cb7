"""Arithmetic on a member."""

from dynaproof.model.language import Array, Bool, Model, Scalar, action, always


class ComputesWithMembers(Model):
    """Two sites with a mark each."""

    Site = Scalar(2)
    mark = Array(Site, Bool())

    @action(s=Site)
    def put(self, s: int) -> None:
        """Mark a site."""
        self.mark[s] = True

    @always
    def in_order(self) -> bool:
        """What is promised."""
        return all(self.mark[(s + 1) % 2] or not self.mark[s] for s in self.Site)
