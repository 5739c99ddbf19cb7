"""A label that the Enum does not have: once silently false."""

from dynaproof.model.language import Enum, Model, action, always


class UnknownLabel(Model):
    """A lamp."""

    mode = Enum("idle", "busy")

    @action
    def work(self) -> None:
        """Begin."""
        self.mode = "busy"

    @always
    def never_broken(self) -> bool:
        """A misspelt label."""
        return bool(self.mode != "brokn")
