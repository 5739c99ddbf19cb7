"""Reconfiguration without failures, with which variants that need none are searched."""

from dynaproof.model.language import action, require
from dynaproof.model.reconfiguration.promises import Reconfiguration


class Undisturbed:
    """For variants that need no failure: nobody crashes or forgets, no promise is lost; a shorter search."""

    @action(a=Reconfiguration.Member)
    def crash(self, a: int) -> None:
        """Nobody does."""
        require(False)

    @action(a=Reconfiguration.Member)
    def forget(self, a: int) -> None:
        """Nobody does."""
        require(False)

    @action(a=Reconfiguration.Member, b=Reconfiguration.Ballot)
    def promise_lost(self, a: int, b: int) -> None:
        """None is."""
        require(False)
