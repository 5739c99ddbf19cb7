"""A member of one set where one of another is meant."""

from dynaproof.model.language import Model, Option, Scalar, action


class MixesTwoSets(Model):
    """Clients and servers."""

    Client = Scalar(2)
    Server = Scalar(2)
    owner = Option(Client)

    @action(s=Server)
    def take(self, s: int) -> None:
        """A server where a client belongs."""
        self.owner = s
