"""Multi-Paxos as `impl` keeps its rule 4: a leader that adopts a tail which ends with a no-op adds none.

So a tail does not grow by the leaders that come and go (rule W3 of `docs/replication.md`). Nothing else
differs from `multi_paxos`; runs of the implementation are followed through this text.
"""

from dynaproof.model.language import Expected, action, require, sometimes
from dynaproof.model.multi_paxos.promises import MultiPaxosPromises
from dynaproof.model.multi_paxos.protocol import MultiPaxosRules


class OneNoOp(MultiPaxosPromises):
    """All that Multi-Paxos promises, with one no-op at the end of an adopted tail."""

    @action(a=MultiPaxosRules.Acceptor, b=MultiPaxosRules.Ballot)
    def promise(self, a: int, b: int) -> None:
        """As in Multi-Paxos; a new leader adds its no-op only where the tail does not end with one."""
        require(self.role[b] == "candidate" and a not in self.silent)
        require(self.promised[a] <= b and (a, b) not in self.answered)
        self.promised[a] = b
        report = (self.reported_accepted(a), self.last_slot(a))
        better = self.continues(a, b) and report > (self.best_accepted[b], self.best_last[b])
        records = self.adopted(a, b, better=better)
        length = self.adopted_length(a, b, better=better)
        if self.majority_with(a, b):
            self.role[b] = "leader"
            self.leaderships[b] = self.leaderships[b] + 1
            ends = any(
                n == length and n > self.base[b] and self.is_no_op(records[n - 1], n) for n in self.Slot
            )
            end = length if ends else min(length + 1, self.slots)
            for n in self.Slot:
                self.records[b, n] = b if n == length + 1 and not ends else records[n - 1]
            self.tail_end[b] = end
            self.proposed[b] = end
            self.best_accepted[b] = 0
            self.best_last[b] = 0
            for c in self.Acceptor:
                self.answered.discard((c, b))
        else:
            self.answered.add((a, b))
            if better:
                self.best_accepted[b] = self.reported_accepted(a)
            self.best_last[b] = length
            for n in self.Slot:
                self.records[b, n] = records[n - 1]

    def is_no_op(self, maker: int | None, n: int) -> bool:
        """A record is the no-op that a leader put behind its first batch."""
        return any(maker == m and self.tail_end[m] == n and self.role[m] == "leader" for m in self.Ballot)

    @sometimes
    def led_behind_an_adopted_no_op(self) -> bool:
        """A leader's first batch ends with the no-op of another."""
        return any(
            self.role[b] == "leader"
            and any(n == self.tail_end[b] and self.records[b, n] != b for n in self.Slot)
            and self.base[b] < self.tail_end[b]
            for b in self.Ballot
        )

    expected = (Expected({}, 6_009_492, 68_316_965, 34, symmetry=True),)
