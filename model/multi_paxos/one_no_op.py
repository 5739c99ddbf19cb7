"""Multi-Paxos as `impl` keeps its rule 4: a leader that adopts a tail ending with a no-op adds none.

So a tail does not grow as leaders come and go (rule W3 of `docs/replication.md`). Nothing else differs from
`multi_paxos`; runs of the implementation are followed through this text.
"""

from typing import ClassVar

from dynaproof.model.language import Expected, always, sometimes
from dynaproof.model.multi_paxos.promises import MultiPaxosPromises


class OneNoOp(MultiPaxosPromises):
    """All that Multi-Paxos promises, with one no-op at the end of an adopted tail."""

    def adds_no_op(self, b: int, records: list[int | None], length: int) -> bool:
        """A leader adds its no-op only where the adopted tail does not end with one."""
        return not any(
            n == length and n > self.base[b] and self.is_no_op(records[n - 1], n) for n in self.Slot
        )

    def is_no_op(self, maker: int | None, n: int) -> bool:
        """A record is the no-op that a leader put behind its first batch."""
        return any(maker == m and self.tail_end[m] == n and self.role[m] == "leader" for m in self.Ballot)

    @always
    def no_ops_do_not_pile_up(self) -> bool:
        """No leader's own no-op stands behind another one of its tail (rule W3)."""
        return all(
            self.role[b] != "leader"
            or self.records[b, n] != b
            or not self.is_no_op(self.records[b, n - 1], n - 1)
            for b in self.Ballot
            for n in self.Slot
            if self.base[b] + 1 < n and n == self.tail_end[b]
        )

    @always
    def first_accepts_end_with_a_no_op(self) -> bool:
        """The first accept of a ballot ends with a no-op, of its own or adopted, where there is a slot."""
        return all(
            self.role[b] != "leader" or n == self.slots or self.is_no_op(self.records[b, n], n)
            for b in self.Ballot
            for n in self.Slot
            if self.base[b] < n and n == self.tail_end[b]
        )

    @sometimes
    def led_behind_an_adopted_no_op(self) -> bool:
        """A leader's first batch ends with the no-op of another."""
        return any(
            self.role[b] == "leader"
            and any(n == self.tail_end[b] and self.records[b, n] != b for n in self.Slot)
            and self.base[b] < self.tail_end[b]
            for b in self.Ballot
        )

    expected: ClassVar[tuple[Expected, ...]] = (
        Expected({"ballots": 2}, 65_475, 686_385, 26, symmetry=True),
        Expected({}, 6_009_492, 68_316_965, 34, symmetry=True),
    )
