"""A kind of message that is never sent."""

from dynaproof.model.language import Bool, Messages, Model, Scalar, action, require


class UnknownMessage(Model):
    """One asks, one answers."""

    Site = Scalar(2)
    msgs = Messages(ask=(Site,))
    done = Bool()

    @action(s=Site)
    def ask(self, s: int) -> None:
        """Send."""
        self.msgs.add(("ask", s))

    @action(s=Site)
    def answer(self, s: int) -> None:
        """Receive, misspelt."""
        require(("aks", s) in self.msgs)
        self.done = True
