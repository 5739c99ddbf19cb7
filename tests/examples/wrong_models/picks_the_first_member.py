"""A member picked by its place."""

from dynaproof.model.language import Array, Bool, Model, Scalar, action, always


class PicksTheFirst(Model):
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
        return bool(self.mark[self.Site[0]])
