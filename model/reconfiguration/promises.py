"""What replacing voters promises: its invariants, what must be reachable, and the known counts."""

from dynaproof.model.language import Expected, always, sometimes
from dynaproof.model.reconfiguration.protocol import ReconfigurationRules


class ReconfigurationPromises(ReconfigurationRules):
    """At most one record per slot, over any chain of configs, and no chosen record is lost."""

    @always
    def one_record_per_slot(self) -> bool:
        """What is chosen in a slot is the same in every ballot."""
        return all(
            not (self.chosen(b, n) and self.chosen(c, n)) or self.records[b, n] == self.records[c, n]
            for n in self.Slot
            for b in self.Ballot
            for c in self.Ballot
            if b < c
        )

    @always
    def computed_on_what_is_chosen(self) -> bool:
        """Before a chosen record there is a chosen one, and it is the one that the record was computed on."""
        return all(
            not self.chosen(b, n)
            or any(self.chosen(c, n - 1) and self.computed_on(b, n, c) for c in self.Ballot)
            for n in self.Slot
            if n > 1
            for b in self.Ballot
        )

    def computed_on(self, b: int, n: int, c: int) -> bool:
        """Whether ballot b's record of slot n was made on ballot c's record of slot n-1."""
        return any(
            self.records[b, n] == maker and self.records[maker, n - 1] == self.records[c, n - 1]
            for maker in self.Ballot
        )

    @always
    def known_is_retained(self) -> bool:
        """Every slot known to be chosen is retained with its chosen record."""
        return all(
            self.known[a] < n
            or any(self.chosen(b, n) and self.log[a, n] == self.records[b, n] for b in self.Ballot)
            for a in self.Member
            for n in self.Slot
        )

    @always
    def chosen_survives(self) -> bool:
        """Whatever members have forgotten, every chosen record is in the log of one that has not."""
        return all(
            not self.chosen(b, n) or any(self.log[a, n] == self.records[b, n] for a in self.Member)
            for b in self.Ballot
            for n in self.Slot
        )

    @always
    def same_record_same_prefix(self) -> bool:
        """Whoever holds a chosen record holds the chosen log below it: told the identity of one chosen record
        that it holds, a member that no longer knows what is chosen knows its log through that to be chosen.
        """
        return all(
            not any(self.chosen(b, n) and self.records[b, n] == self.log[a, n] for b in self.Ballot)
            or any(self.chosen(b, m) and self.records[b, m] == self.log[a, m] for b in self.Ballot)
            for a in self.Member
            for n in self.Slot
            for m in self.Slot
            if m < n
        )


class Reconfiguration(ReconfigurationPromises):
    """Replacing voters with its promises, and what must be reachable for them to say something."""

    @sometimes
    def chosen_by_a_new_voter(self) -> bool:
        """A slot is chosen with the vote of a member that was not there from the start."""
        return any(
            self.chosen(b, n) and (a, b, n) in self.votes and a not in self.first and self.votes_on(a, b, n)
            for a in self.Member
            for b in self.Ballot
            for n in self.Slot
        )

    @sometimes
    def forgetful_voter_replaced(self) -> bool:
        """A silent member is replaced."""
        return any(self.replaced(a) for a in self.silent)

    @sometimes
    def promised_before_admission(self) -> bool:
        """A member that a config has brought has promised, and does not know that config yet."""
        return any(
            self.promised[a] > 0 and not self.admitted(a) and a not in self.silent for a in self.Member
        )

    @sometimes
    def config_adopted(self) -> bool:
        """A leader adopts a config of a lower ballot."""
        return any(
            self.role[b] == "leader" and self.is_config(b, n) and self.records[b, n] != b and n > self.base[b]
            for b in self.Ballot
            for n in self.Slot
        )

    expected = (
        Expected({"ballots": 1}, 33_777, 386_110, 24, symmetry=True),
        Expected({"spares": 2, "ballots": 1}, 995_692, 13_276_755, 30, symmetry=True),
        Expected({}, 7_624_740, 83_100_787, 31, symmetry=True),
    )
