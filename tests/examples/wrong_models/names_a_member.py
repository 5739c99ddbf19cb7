"""The smallest model of which --symmetry said `no violation, exhausted`: it is violated in one step."""

from dynaproof.model.language import Array, Bool, Model, Scalar, action, always


class NamesAMember(Model):
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
        return bool(self.mark[1] or not self.mark[0])
