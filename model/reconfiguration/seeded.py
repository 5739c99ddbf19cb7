"""Seeded bugs of reconfiguration: in each one decision is wrong, and a shortest trace shows the harm."""

from model.reconfiguration.protocol import Reconfiguration


class OldPromisesCount(Reconfiguration, violates="one_record_per_slot"):
    """The promises of the old config's voters count as the quorum of the config that a candidate finds."""

    def quorum_with(self, a: int, b: int, records: list[int | None], n: int) -> bool:
        """Whoever promised."""
        return bool(2 * sum(c == a or (c, b) in self.answered for c in self.Member) > self.voters)


class LearningIsNoPromise(Reconfiguration, violates="one_record_per_slot"):
    """Who learns a config still promises and votes in the ballots below the one that chose it."""

    def learning_promises(self) -> bool:
        """It is none."""
        return False
