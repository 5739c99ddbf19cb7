"""What Multi-Paxos promises: its invariants, what must be reachable, and the known counts."""

from dynaproof.model.language import Expected, always, sometimes
from dynaproof.model.multi_paxos.protocol import MultiPaxosRules


class MultiPaxosPromises(MultiPaxosRules):
    """At most one record per slot, and every chosen record was computed on the chosen one before it."""

    @always(spec="chosen_entries_agree")
    def one_record_per_slot(self) -> bool:
        """What is chosen in a slot is the same in every ballot."""
        return all(
            not (self.chosen(b, n) and self.chosen(c, n)) or self.records[b, n] == self.records[c, n]
            for n in self.Slot
            for b in self.Ballot
            for c in self.Ballot
            if b < c
        )

    @always(spec="one_leader_per_ballot")
    def ballot_led_once(self) -> bool:
        """A ballot completes its first phase at most once."""
        return all(self.leaderships[b] <= 1 for b in self.Ballot)

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

    @always(spec="logs_agree_up_to_commit")
    def known_is_retained(self) -> bool:
        """Every slot known to be chosen is retained with its chosen record."""
        return all(
            self.known[a] < n
            or any(self.chosen(b, n) and self.record(a, n) == self.records[b, n] for b in self.Ballot)
            for a in self.Acceptor
            for n in self.Slot
        )

    @always
    def no_holes(self) -> bool:
        """Below a retained entry there is one."""
        return all(
            self.log[a, n] is None or self.log[a, n - 1] is not None
            for a in self.Acceptor
            for n in self.Slot
            if n > 1
        )


class MultiPaxos(MultiPaxosPromises):
    """Multi-Paxos with its promises, and what must be reachable for them to say something."""

    @sometimes
    def everything_chosen_in_the_last_ballot(self) -> bool:
        """Every slot is chosen, and by the last ballot."""
        return all(self.chosen(self.ballots, n) for n in self.Slot)

    @sometimes
    def tail_of_two_adopted(self) -> bool:
        """A leader adopts more than one record above what it knows to be chosen."""
        return self.slots > 1 and any(
            self.role[b] == "leader"
            and self.base[b] == 0
            and all(self.records[b, n] is not None and self.records[b, n] != b for n in (1, 2))
            for b in self.Ballot
        )

    @sometimes
    def led_from_a_chosen_slot(self) -> bool:
        """A leader starts above a slot that it knew to be chosen."""
        return any(self.role[b] == "leader" and self.base[b] > 0 for b in self.Ballot)

    @sometimes
    def later_ballot_branches_above_a_chosen_slot(self) -> bool:
        """A slot is chosen in a ballot, and somebody has voted in a later one for something else above it."""
        return any(
            self.chosen(b, 1) and (a, c, 2) in self.votes and self.records[c, 2] != self.records[b, 2]
            for a in self.Acceptor
            for b in self.Ballot
            for c in self.Ballot
            if b < c
        )

    @sometimes
    def chosen_while_one_is_silent(self) -> bool:
        """A ballot that is led with the votes of the others gets a slot chosen."""
        return len(self.silent) == 1 and any(
            self.chosen(b, 1) and not any((a, b, 1) in self.votes for a in self.silent) for b in self.Ballot
        )

    expected = (
        Expected({"slots": 2, "ballots": 2}, 46_974, 484_152, 24, symmetry=True),
        Expected({"slots": 3, "ballots": 2}, 769_293, 9_252_723, 34, symmetry=True),
        Expected({}, 2_945_535, 33_453_624, 31, symmetry=True),
    )
