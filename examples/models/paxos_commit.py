"""Paxos Commit: a transaction commits if the Paxos instance of every resource manager chooses `prepared`.

Source: Gray and Lamport, Consensus on Transaction Commit, 2006, section 4; PaxosCommit.tla of
tlaplus/Examples. TLC counts a decision once for each set of witnesses in its quantifiers, here it is
counted once: only states compare.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Enum,
    Expected,
    Int,
    Majorities,
    Messages,
    Model,
    Range,
    Scalar,
    action,
    always,
    require,
    sometimes,
)

VALUES = ("prepared", "aborted")


Decision = Enum("prepared", "aborted")


class PaxosCommit(Model):
    """All resource managers commit, or none does, though a minority of acceptors may be silent."""

    rms = Constant(2)
    acceptors = Constant(3)
    max_ballot = Constant(1)

    RM = Scalar(rms)
    Acceptor = Scalar(acceptors)
    Ballot = Range(0, max_ballot)
    Later = Range(1, max_ballot)
    Before = Range(-1, max_ballot)
    Quorum = Majorities(Acceptor)

    rm_state = Array(RM, Enum("working", "prepared", "committed", "aborted"))
    max_bal = Array(RM, Acceptor, Int(0, max_ballot))
    voted_bal = Array(RM, Acceptor, Int(-1, max_ballot))
    voted_for = Array(RM, Acceptor, Enum("none", "prepared", "aborted"))
    msgs = Messages(
        phase1a=(RM, Later),
        phase1b=(RM, Later, Before, Enum("none", "prepared", "aborted"), Acceptor),
        phase2a=(RM, Ballot, Enum("prepared", "aborted")),
        phase2b=(Acceptor, RM, Ballot, Enum("prepared", "aborted")),
        commit=(),
        abort=(),
    )

    @action(r=RM)
    def rm_prepare(self, r: int) -> None:
        """A resource manager prepares: it is the leader of ballot 0 of its instance."""
        require(self.rm_state[r] == "working")
        self.rm_state[r] = "prepared"
        self.msgs.add(("phase2a", r, 0, "prepared"))

    @action(r=RM)
    def rm_choose_to_abort(self, r: int) -> None:
        """It aborts on its own."""
        require(self.rm_state[r] == "working")
        self.rm_state[r] = "aborted"
        self.msgs.add(("phase2a", r, 0, "aborted"))

    @action(r=RM)
    def rm_rcv_commit_msg(self, r: int) -> None:
        """It is told to commit."""
        require(("commit",) in self.msgs)
        self.rm_state[r] = "committed"

    @action(r=RM)
    def rm_rcv_abort_msg(self, r: int) -> None:
        """It is told to abort."""
        require(("abort",) in self.msgs)
        self.rm_state[r] = "aborted"

    @action(b=Later, r=RM)
    def phase_1a(self, b: int, r: int) -> None:
        """A leader starts a ballot for an instance that has not decided."""
        self.msgs.add(("phase1a", r, b))

    @action(r=RM, b=Later, a=Acceptor)
    def phase_1b(self, r: int, b: int, a: int) -> None:
        """An acceptor promises, and says how it last voted."""
        require(("phase1a", r, b) in self.msgs)
        require(self.max_bal[r, a] < b)
        self.max_bal[r, a] = b
        self.msgs.add(("phase1b", r, b, self.voted_bal[r, a], self.voted_for[r, a], a))

    @action(b=Later, r=RM, quorum=Quorum)
    def phase_2a(self, b: int, r: int, quorum: frozenset[int]) -> None:
        """A leader asks for the latest reported vote, or to abort where there is none."""
        require(all(("phase2a", r, b, v) not in self.msgs for v in VALUES))
        require(all(any(self.answered(r, b, c, a) for c in self.Before) for a in quorum))
        latest = max(c for c in self.Before if c == -1 or any(self.answered(r, b, c, a) for a in quorum))
        prepared = any(
            c == latest and ("phase1b", r, b, c, "prepared", a) in self.msgs
            for c in self.Ballot
            for a in quorum
        )
        self.msgs.add(("phase2a", r, b, "prepared" if prepared else "aborted"))

    def answered(self, r: int, b: int, c: int, a: int) -> bool:
        """Whether an acceptor's promise to ballot `b` reports a vote in `c`."""
        return any(("phase1b", r, b, c, v, a) in self.msgs for v in ("none", *VALUES))

    @action(r=RM, b=Ballot, v=Decision, a=Acceptor)
    def phase_2b(self, r: int, b: int, v: str, a: int) -> None:
        """An acceptor votes."""
        require(("phase2a", r, b, v) in self.msgs)
        require(self.max_bal[r, a] <= b)
        self.max_bal[r, a] = b
        self.voted_bal[r, a] = b
        self.voted_for[r, a] = v
        self.msgs.add(("phase2b", a, r, b, v))

    @action
    def decide_commit(self) -> None:
        """A leader sees that every instance has chosen to prepare."""
        require(all(self.decided(r, "prepared") for r in self.RM))
        self.msgs.add(("commit",))

    @action
    def decide_abort(self) -> None:
        """A leader sees that some instance has chosen to abort."""
        require(any(self.decided(r, "aborted") for r in self.RM))
        self.msgs.add(("abort",))

    def decided(self, r: int, v: str) -> bool:
        """Whether the instance of a resource manager has chosen a value."""
        return any(
            all(("phase2b", a, r, b, v) in self.msgs for a in quorum)
            for b in self.Ballot
            for quorum in self.Quorum
        )

    @always
    def consistent(self) -> bool:
        """No resource manager has committed while another has aborted."""
        return not (
            any(self.rm_state[r] == "committed" for r in self.RM)
            and any(self.rm_state[r] == "aborted" for r in self.RM)
        )

    @sometimes
    def all_committed(self) -> bool:
        """Every resource manager has committed."""
        return all(self.rm_state[r] == "committed" for r in self.RM)

    expected = (Expected({}, 1_321_761, source="tlaplus/Examples, transaction_commit"),)
