"""A member that is named elsewhere: only what happens shows it."""

from dynaproof.model.language import Array, Bool, Model, Scalar, action, always, require

FIRST = 0


class HidesAMember(Model):
    """Two sites with a mark each."""

    Site = Scalar(3)
    mark = Array(Site, Bool())

    @action(s=Site)
    def put(self, s: int) -> None:
        """Mark a site."""
        require(s != FIRST)
        self.mark[s] = True

    @always
    def in_order(self) -> bool:
        """What is promised."""
        return any(self.mark[s] or not self.mark[s] for s in self.Site)
