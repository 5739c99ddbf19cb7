"""An order among interchangeable members."""

from dynaproof.model.language import Array, Bool, Model, Scalar, action, always


class OrdersMembers(Model):
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
        return not any(self.mark[s] for s in self.Site if any(s < other for other in self.Site))
