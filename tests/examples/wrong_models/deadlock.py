"""Two that wait for each other."""

from dynaproof.model.language import Array, Model, Option, Range, action, require


class Deadlock(Model):
    """Two forks, two philosophers; each takes its left fork first."""

    Place = Range(0, 1)
    fork = Array(Place, Option(Place))

    @action(p=Place)
    def take_left(self, p: int) -> None:
        """The own one."""
        require(self.fork[p] is None)
        self.fork[p] = p

    @action(p=Place)
    def take_right_and_eat(self, p: int) -> None:
        """The other one, and both back."""
        require(self.fork[p] == p and self.fork[1 - p] is None)
        self.fork[p] = None
