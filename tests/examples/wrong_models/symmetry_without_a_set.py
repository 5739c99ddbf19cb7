"""Nothing to permute: asked for with --symmetry."""

from dynaproof.model.language import Int, Model, action, require


class Plain(Model):
    """A counter."""

    n = Int(0, 1)

    @action
    def step(self) -> None:
        """Count."""
        require(self.n == 0)
        self.n = 1
